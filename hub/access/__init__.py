"""Access: who calls, and what they may use."""

from hub.access.api_keys import ApiKeys, IssuedKey, issue_key
from hub.access.entries import AgencyEntry, CallbackEntry, CallerQuota, Grant, KeyEntry, Service, SystemEntry
from hub.access.grants import Grants
from hub.access.principal import Principal

__all__ = [
    "AgencyEntry",
    "ApiKeys",
    "CallbackEntry",
    "CallerQuota",
    "Grant",
    "Grants",
    "IssuedKey",
    "KeyEntry",
    "Principal",
    "Service",
    "SystemEntry",
    "issue_key",
]
