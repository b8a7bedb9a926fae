"""Whether a delivery still arrives in time. Pure.

A limit comes from the sender (`deliver_by` of the submission) or from the operator (working hours from acceptance, per
platform); the earlier one holds, and without either a delivery never expires. Only what certainly did not arrive
expires: in doubt, the doubt rule of the operation goes first, however late it is.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from hub.errors import ConfigInvalid
from hub.pipeline.decide import Decision
from hub.pipeline.working_time import WorkingTime
from schemas.delivery import DeliveryState

EXPIRED = "hub.expired"
"""The code of a delivery that could not arrive in time."""


class TimeLimits:
    """Until when deliveries may arrive; `within` is working time from acceptance, by platform.

    ConfigInvalid when there is such a platform and no calendar to count with.
    """

    def __init__(self, working_time: WorkingTime | None, within: Mapping[str, timedelta]) -> None:
        if within and working_time is None:
            raise ConfigInvalid("working hours need a calendar")
        self._working_time = working_time
        self._within = dict(within)

    def limit(self, platform: str, accepted_at: datetime, deliver_by: datetime | None) -> datetime | None:
        """Return the moment at which it is too late for a delivery; None when it never is."""
        within = self._within.get(platform)
        if within is None or self._working_time is None:
            return deliver_by
        due_at = self._working_time.after_hours(accepted_at, within)
        return due_at if deliver_by is None else min(due_at, deliver_by)


def too_late(limit: datetime | None, now: datetime) -> bool:
    """Whether a send that begins at `now` could only arrive at the limit or after it."""
    return limit is not None and now >= limit


def within_limit(decision: Decision, limit: datetime | None) -> Decision:
    """Return the decision after a try; what is parked with no try left before the limit has expired."""
    if decision.state is DeliveryState.PARKED and decision.next_try_at is not None:
        return Decision(DeliveryState.EXPIRED) if too_late(limit, decision.next_try_at) else decision
    return decision
