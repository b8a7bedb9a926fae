"""The sections of the configuration files; adapters and access define theirs themselves.

Units stand last in the names; the defaults are what one machine with one hub does well with.
"""

from hub.settings.sections.access import AgenciesFile, Agency, GrantsFile, ProceduresFile, SystemGrants, SystemsFile
from hub.settings.sections.door import Deadlines, Limits, Listen, read_listen
from hub.settings.sections.homes import Kafka, Profile, Secrets
from hub.settings.sections.hub import HubSection
from hub.settings.sections.operations import Operators, Reconciliation
from hub.settings.sections.platform import PlatformSection, Quota
from hub.settings.sections.retention import Retention
from hub.settings.sections.retry import LookupTries, Retry
from hub.settings.sections.values import Days, Key, Seconds

__all__ = [
    "AgenciesFile",
    "Agency",
    "Days",
    "Deadlines",
    "GrantsFile",
    "HubSection",
    "Kafka",
    "Key",
    "Limits",
    "Listen",
    "LookupTries",
    "Operators",
    "PlatformSection",
    "ProceduresFile",
    "Profile",
    "Quota",
    "Reconciliation",
    "Retention",
    "Retry",
    "Seconds",
    "Secrets",
    "SystemGrants",
    "SystemsFile",
    "read_listen",
]
