"""What is compared at night, and what operators may order."""

from datetime import time
from typing import Annotated

from pydantic import Field

from schemas.calendar import ClockTime
from schemas.model import ConfigModel


class Reconciliation(ConfigModel):
    """The comparison of what was delivered with what platforms show, every night `at` (time of the province).

    A run looks at what was received in the last `days_back` days, but not in the last `settled_s`, with `calls_max`
    calls at most. What is missing is sent again, unless it is more than `resend_max`, or ten and more than
    `lacking_percent_max` of what was compared: then a person has to look first. More than `alarm_above` differences
    raise an alarm.
    """

    enabled: bool = True
    at: ClockTime = time(2, 30)
    days_back: Annotated[int, Field(ge=1, le=3650)] = 8
    settled_s: Annotated[float, Field(ge=0, le=7 * 86400)] = 900.0
    calls_per_s: Annotated[float, Field(ge=0.01, le=100)] = 2.0
    calls_max: Annotated[int, Field(ge=1, le=1_000_000)] = 30_000
    resend: bool = True
    resend_max: Annotated[int, Field(ge=0, le=100_000)] = 100
    lacking_percent_max: Annotated[int, Field(ge=0, le=100)] = 20
    alarm_above: Annotated[int, Field(ge=0, le=1_000_000)] = 10


class Operators(ConfigModel):
    """What is asked of operators' orders.

    With `approvals` 1 another account must approve orders that touch more than `approve_bulk_above` deliveries, within
    `order_ttl_s`.
    """

    approvals: Annotated[int, Field(ge=0, le=1)] = 0
    approve_bulk_above: Annotated[int, Field(ge=0, le=20_000)] = 0
    order_ttl_s: Annotated[float, Field(gt=0, le=90 * 86400)] = 7 * 86400.0
