"""What the REST door asks of the operators' desk, and what it reads of a request for it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, TypeVar

import orjson
from starlette.requests import Request

from hub.access import Principal
from hub.errors import BrokenRule, Invalid, NotFound
from hub.ingress.reading import read_model, read_query
from hub.pipeline.message_ids import is_message_id
from hub.ports import DeliveryId
from schemas.dead_letter import DeadLetters, DeliveryFilter, LetterState, LetterStory
from schemas.order import Order, OrderDecision, OrderRequest, Orders, OrderState, OrderStop

OFFICER_HEADER = "X-Officer"
PURPOSE_HEADER = "X-Purpose"
FILTERS = ("platform", "operation", "code", "agency", "dossier", "accepted_from", "accepted_before")
_PARTS_MAX = 10_000
LETTERS_DEFAULT, LETTERS_MAX = 50, 200
ORDERS_DEFAULT, ORDERS_MAX = 20, 50
LETTER_CURSOR = "[0-9A-Za-z-]{1,64}~[0-9A-Za-z._:-]{1,128}~[0-9]{1,5}"
ORDER_CURSOR = "[0-9a-f]{32}"
_TOKEN = re.compile(r"[A-Za-z0-9._:\-]{1,128}")
_NUMBER = re.compile(r"[0-9]{1,9}")

State = TypeVar("State", bound=StrEnum)


class Letters(Protocol):
    """Tells of deliveries that wait for a person."""

    async def page(
        self,
        principal: Principal,
        state: LetterState | None,
        wanted: DeliveryFilter,
        after: str | None,
        letters_max: int,
    ) -> DeadLetters:
        """Return some letters, oldest first. Errors: Forbidden, Invalid."""

    async def story(
        self, principal: Principal, delivery: DeliveryId, *, officer: str, purpose: str, request_id: str
    ) -> LetterStory:
        """Return everything about one delivery; audited before. Errors: Forbidden, NotFound, Unavailable."""


class OrderDesk(Protocol):
    """Takes orders about them."""

    async def place(self, principal: Principal, request: OrderRequest, key: str) -> Order:
        """Return the order, durable, or what a trial comes to. Errors: Forbidden, NotFound, Conflict."""

    async def page(self, principal: Principal, state: OrderState | None, after: str | None, orders_max: int) -> Orders:
        """Return some orders, newest first. Errors: Forbidden, Invalid."""

    async def order(self, principal: Principal, order_id: str) -> Order:
        """Return an order. Errors: Forbidden, NotFound."""

    async def decide(self, principal: Principal, order_id: str, decision: OrderDecision) -> Order:
        """Approve or refuse an order. Errors: Forbidden, NotFound, Conflict."""

    async def stop(self, principal: Principal, order_id: str, stop: OrderStop) -> Order:
        """Stop an order. Errors: Forbidden, NotFound, Conflict."""


def delivery_named(request: Request) -> DeliveryId:
    """Return the delivery that the address names. NotFound when it cannot be one."""
    names = request.path_params
    part = names["part"]
    digits = part.isascii() and part.isdecimal() and len(part) <= len(str(_PARTS_MAX))
    if not (is_message_id(names["message_id"]) and digits):
        raise NotFound("not the name of a delivery")
    return DeliveryId(names["message_id"], names["operation"], int(part))


def disclosure_stated(request: Request) -> dict[str, str]:
    """Return the officer who reads and the purpose. Invalid when a header is missing or no plain token."""
    given = {"officer": OFFICER_HEADER, "purpose": PURPOSE_HEADER}
    broken = [BrokenRule(header, rule) for header in given.values() if (rule := _fault(request.headers.get(header)))]
    if broken:
        raise Invalid(broken)
    return {name: request.headers[header] for name, header in given.items()}


@dataclass(frozen=True, slots=True)
class LettersAsked:
    """Which letters an address asks for."""

    state: LetterState | None
    wanted: DeliveryFilter
    after: str | None
    letters_max: int


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """Which orders an address asks for."""

    state: OrderState | None
    after: str | None
    orders_max: int


def letters_asked(request: Request) -> LettersAsked:
    """Return what the address asks for. Invalid."""
    given = read_query(request, "state", *FILTERS, "after", "limit")
    wanted = {name: value for name, value in given.items() if name in FILTERS}
    return LettersAsked(
        state=_choice(LetterState, given),
        wanted=read_model(DeliveryFilter, orjson.dumps(wanted)),
        after=_cursor(given, LETTER_CURSOR),
        letters_max=_limit(given, LETTERS_DEFAULT, LETTERS_MAX),
    )


def orders_asked(request: Request) -> OrdersAsked:
    """Return what the address asks for. Invalid."""
    given = read_query(request, "state", "after", "limit")
    after = _cursor(given, ORDER_CURSOR)
    return OrdersAsked(_choice(OrderState, given), after, _limit(given, ORDERS_DEFAULT, ORDERS_MAX))


def _cursor(given: Mapping[str, str], pattern: str) -> str | None:
    after = given.get("after")
    if after is not None and not re.fullmatch(pattern, after):
        raise Invalid([BrokenRule("after", "pattern")])
    return after


def _choice(states: type[State], given: Mapping[str, str]) -> State | None:
    if "state" not in given:
        return None
    try:
        return states(given["state"])
    except ValueError:
        raise Invalid([BrokenRule("state", "choice")]) from None


def _limit(given: Mapping[str, str], default: int, limit_max: int) -> int:
    if "limit" not in given:
        return default
    if not _NUMBER.fullmatch(given["limit"]):
        raise Invalid([BrokenRule("limit", "type")])
    if not 1 <= int(given["limit"]) <= limit_max:
        raise Invalid([BrokenRule("limit", "range")])
    return int(given["limit"])


def _fault(value: str | None) -> str | None:
    """Return the rule that a header breaks."""
    if value is None:
        return "missing"
    return None if _TOKEN.fullmatch(value) else "pattern"
