"""The operations of the operators' desk: read the request, ask the desk, write the answer."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from hub.access import Principal
from hub.errors import Unavailable
from hub.ingress.desk import Letters, OrderDesk, delivery_named, disclosure_stated, letters_asked, orders_asked
from hub.ingress.reading import idempotency_key, read_model
from hub.ingress.visit import Visit
from schemas.model import Model
from schemas.order import OrderDecision, OrderRequest, OrderState, OrderStop

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class OperatorsDesk:
    """Both halves of the desk."""

    letters: Letters
    orders: OrderDesk


class DeskEndpoints:
    """One method per operation; `authenticate` and `body` are those of the door. Without a desk: Unavailable."""

    def __init__(
        self,
        desk: OperatorsDesk | None,
        authenticate: Callable[[Request], Principal],
        body: Callable[[Request], Awaitable[bytes]],
    ) -> None:
        self._given = desk
        self._authenticate = authenticate
        self._body_of = body

    async def dead_letters(self, request: Request) -> Response:
        """List what waits for a person."""
        principal = self._authenticate(request)
        asked = letters_asked(request)
        found = await self._desk.letters.page(principal, asked.state, asked.wanted, asked.after, asked.letters_max)
        return _json(found)

    async def dead_letter(self, request: Request) -> Response:
        """Tell everything about one delivery."""
        principal = self._authenticate(request)
        stated = disclosure_stated(request)
        request_id = Visit.of(request.scope).correlation_id
        delivery = delivery_named(request)
        return _json(await self._desk.letters.story(principal, delivery, request_id=request_id, **stated))

    async def place_order(self, request: Request) -> Response:
        """Take an order."""
        principal = self._authenticate(request)
        key = idempotency_key(request)
        asked = read_model(OrderRequest, await self._body_of(request))
        order = await self._desk.orders.place(principal, asked, key)
        if order.state is OrderState.TRIAL:
            return _json(order)
        return _json(order, 202, {"Location": f"/v1/orders/{order.id}"})

    async def orders(self, request: Request) -> Response:
        """List orders."""
        principal = self._authenticate(request)
        asked = orders_asked(request)
        return _json(await self._desk.orders.page(principal, asked.state, asked.after, asked.orders_max))

    async def order(self, request: Request) -> Response:
        """Tell how far an order is."""
        principal = self._authenticate(request)
        return _json(await self._desk.orders.order(principal, request.path_params["order_id"]))

    async def decide_order(self, request: Request) -> Response:
        """Approve an order, or refuse it."""
        principal = self._authenticate(request)
        decision = read_model(OrderDecision, await self._body_of(request))
        return _json(await self._desk.orders.decide(principal, request.path_params["order_id"], decision))

    async def stop_order(self, request: Request) -> Response:
        """Stop an order."""
        principal = self._authenticate(request)
        stop = read_model(OrderStop, await self._body_of(request))
        return _json(await self._desk.orders.stop(principal, request.path_params["order_id"], stop))

    @property
    def _desk(self) -> OperatorsDesk:
        if self._given is None:
            raise Unavailable("this process has no desk")
        return self._given


def _json(model: Model, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(model.model_dump_json().encode(), status, headers, media_type=JSON)
