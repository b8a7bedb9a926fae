"""Orders: what an operator decides about one delivery that waits for a person, or about many."""

import math
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, JsonValue, model_validator

from schemas.dead_letter import DeliveryFilter
from schemas.model import Model
from schemas.ruling import Reason, Verdict
from schemas.text import Token

DELIVERIES_MAX = 20_000
"""The most deliveries that one order can touch."""

PATCH_DEPTH_MAX = 8
"""The deepest place that a correction can reach; a submission has four levels."""

PATCH_VALUES_MAX = 2_000
"""The most values that a correction can have."""

_FIXED = ("code", "revision")
"""What a correction must not touch: they say which state of which dossier it is."""


class OrderAction(StrEnum):
    """What shall become of the deliveries: those of `Verdict` that a person may order."""

    REPLAY = "replay"
    DISCARD = "discard"
    SUPERSEDED = "superseded"
    ARRIVED = "arrived"
    NOT_ARRIVED = "not_arrived"

    @property
    def verdict(self) -> Verdict:
        """The verdict of the rulings."""
        return Verdict(self.value)

    @property
    def settles_doubt(self) -> bool:
        """Whether it is for deliveries in doubt; the others are for dead ones."""
        return self in (OrderAction.ARRIVED, OrderAction.NOT_ARRIVED)


class OrderState(StrEnum):
    """How far an order is. A `trial` touches nothing; `refused` is one that was not approved, or not in time."""

    TRIAL = "trial"
    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DONE = "done"
    REFUSED = "refused"


class DeliveryName(Model):
    """Names one delivery."""

    message_id: Token
    operation: Token
    part: Annotated[int, Field(ge=0, le=10_000)] = 0


class Selection(Model):
    """One delivery by its name, or the oldest of those that a filter matches; exactly one of the two.

    A filter that states nothing would mean everything that waits, which nobody orders by leaving something out.
    """

    delivery: DeliveryName | None = None
    matching: DeliveryFilter | None = None
    deliveries_max: Annotated[int, Field(ge=1, le=DELIVERIES_MAX)] = 1000

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.delivery is None) == (self.matching is None):
            raise ValueError("one_of")
        if self.matching is not None and not self.matching.states_something:
            raise ValueError("filter_of_nothing")
        return self


class OrderRequest(Model):
    """What an operator orders. `correction` is a JSON Merge Patch (RFC 7396) of the submission, for a replay only."""

    action: OrderAction
    select: Selection
    reason: Reason
    officer: Token
    correction: dict[str, JsonValue] | None = None
    rate_per_s: Annotated[float, Field(ge=0.1, le=1000)] = 20.0
    dry_run: bool = False

    @model_validator(mode="after")
    def _corrects_replays(self) -> Self:
        if self.correction is None:
            return self
        if self.action is not OrderAction.REPLAY:
            raise ValueError("correction_of_replay")
        if any(name in self.correction for name in _FIXED):
            raise ValueError("fixed")
        if not _bounded(self.correction):
            raise ValueError("too_deep")
        if not _finite(self.correction):
            raise ValueError("range")
        return self


class OrderDecision(Model):
    """What a second person says to an order, and who it is."""

    officer: Token
    approve: bool = True


class OrderStop(Model):
    """Who stops an order."""

    officer: Token


class OrderCounts(Model):
    """What became of the deliveries of an order.

    Of those `selected` some are `refused` (the correction does not fit) or `void` (they did not wait any more when
    their turn came); the others are `appended`. Of the appended ones so many were `delivered`, died once more
    (`dead_again`), were `ended` otherwise (discarded, withdrawn, expired), or are still `waiting`.
    """

    selected: int = 0
    appended: int = 0
    refused: int = 0
    void: int = 0
    delivered: int = 0
    dead_again: int = 0
    ended: int = 0
    waiting: int = 0


class OrderRefusal(Model):
    """A delivery that an order does not fit, the field that says so, and the rule that it breaks."""

    message_id: str
    operation: str
    part: int
    path: str
    rule: str


class Order(Model):
    """An order as operators see it. `by`, `approved_by` and `stopped_by` are accounts (agency/system).

    `fields` are those that it corrects. `refusals` lists the first of the deliveries that it does not fit.
    """

    id: str
    action: OrderAction
    state: OrderState
    by: str
    officer: str
    approved_by: str | None
    approving_officer: str | None
    stopped_by: str | None = None
    stopping_officer: str | None = None
    proposed_at: datetime
    ended_at: datetime | None
    rate_per_s: float
    reason: str | None
    fields: tuple[str, ...]
    counts: OrderCounts
    refusals: tuple[OrderRefusal, ...] = ()


class Orders(Model):
    """Some orders, newest first; `next` is where the following ones begin, null when there are none."""

    orders: tuple[Order, ...]
    next: str | None = None


def _bounded(correction: dict[str, JsonValue]) -> bool:
    """Whether a correction is neither too deep nor too large."""
    level: list[JsonValue] = [correction]
    values = 0
    for _ in range(PATCH_DEPTH_MAX + 1):
        level = [child for value in level for child in _children(value)]
        values += len(level)
        if not level or values > PATCH_VALUES_MAX:
            break
    return not level


def _finite(value: JsonValue) -> bool:
    """Whether every number of a bounded value is one: JSON can state some that are too large to be."""
    if isinstance(value, float):
        return math.isfinite(value)
    return all(_finite(child) for child in _children(value))


def _children(value: JsonValue) -> list[JsonValue]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
