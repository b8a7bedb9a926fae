"""How platforms are treated, in one line each: quotas, and maintenance that is not over."""

from collections.abc import Iterator
from datetime import datetime

from hub.cli.terminal import local
from hub.settings.sections import PlatformSection, Quota
from schemas.maintenance import Maintenance


def policy_line(section: PlatformSection, now: datetime) -> str:
    """Return the line of one platform."""
    said = "; ".join([*_quota(section.quota), *_maintenance(section.maintenance, now)])
    return f"{section.name}: {said or 'no quota, no maintenance'}"


def _quota(quota: Quota) -> Iterator[str]:
    if quota.calls_per_s is not None:
        yield f"{quota.calls_per_s:g} calls a second, {quota.calls_burst} at once"
    if quota.calls_per_day is not None:
        yield f"{quota.calls_per_day} calls a day"


def _maintenance(maintenance: Maintenance, now: datetime) -> Iterator[str]:
    for weekly in maintenance.weekly:
        yield f"closed {', '.join(weekly.days)} {weekly.hours.begins:%H:%M}-{weekly.hours.ends:%H:%M}"
    for dated in maintenance.dated:
        if dated.ends > now:
            yield f"closed {local(dated.begins)} - {local(dated.ends)}"
