"""The operators' desk of a running hub, asked by REST with an API key."""

from collections.abc import Mapping
from typing import Self
from uuid import uuid4

import httpx
from pydantic import ValidationError

from hub.cli.following import UNKNOWN_KEY
from hub.cli.rest_client import RestClient
from hub.errors import CallerError, NotFound, Unauthenticated, Unavailable
from schemas.dead_letter import DeadLetters, LetterStory
from schemas.order import Order, OrderDecision, OrderRequest, Orders, OrderStop
from schemas.problem import Problem

PLACED_TRIES = 3


class DeskClient:
    """Asks the hub at `address`. Errors of every call: Unauthenticated, Unavailable, NotFound, CallerError;
    the hint says why.

    Close it by using it as a context.
    """

    def __init__(self, address: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._hub = RestClient(address, token, _refusal, transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._hub.close()

    def letters(self, wanted: Mapping[str, str]) -> DeadLetters:
        """Return a page of dead letters."""
        return self._hub.ask(DeadLetters, "GET", "/v1/dead-letters", params=wanted)

    def story(self, name: str, officer: str, purpose: str) -> LetterStory:
        """Return everything about a delivery, named `message/operation/part`."""
        headers = {"X-Officer": officer, "X-Purpose": purpose}
        return self._hub.ask(LetterStory, "GET", f"/v1/dead-letters/{name}", headers=headers)

    def place(self, request: OrderRequest) -> Order:
        """Place an order; an answer that was lost is asked for again under the same key."""
        key = uuid4().hex
        for _ in range(PLACED_TRIES - 1):
            try:
                return self._place(request, key)
            except Unavailable:
                continue
        return self._place(request, key)

    def orders(self, wanted: Mapping[str, str]) -> Orders:
        """Return a page of orders."""
        return self._hub.ask(Orders, "GET", "/v1/orders", params=wanted)

    def order(self, order_id: str) -> Order:
        """Return an order."""
        return self._hub.ask(Order, "GET", f"/v1/orders/{order_id}")

    def decide(self, order_id: str, decision: OrderDecision) -> Order:
        """Approve an order or refuse it."""
        return self._hub.ask(Order, "POST", f"/v1/orders/{order_id}/approval", json=decision.model_dump())

    def stop(self, order_id: str, officer: str) -> Order:
        """Stop an order."""
        stop = OrderStop(officer=officer)
        return self._hub.ask(Order, "POST", f"/v1/orders/{order_id}/stop", json=stop.model_dump())

    def _place(self, request: OrderRequest, key: str) -> Order:
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        content = request.model_dump_json(exclude_defaults=True).encode()
        return self._hub.ask(Order, "POST", "/v1/orders", content=content, headers=headers)


def _refusal(answer: httpx.Response) -> Exception:
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        return Unavailable(f"the hub answered with HTTP {answer.status_code}")
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        return Unauthenticated(UNKNOWN_KEY)
    if answer.status_code == httpx.codes.NOT_FOUND:
        return NotFound("the hub has no such delivery or order, or it belongs to another agency")
    fields = "".join(f"\n  {field.path}: {field.en}" for field in problem.fields)
    told = f"{problem.detail_en} ({problem.code}){fields}"
    return Unavailable(told) if problem.retriable else CallerError(told)
