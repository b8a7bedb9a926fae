"""The operations of the reconciliation: read the request, ask the use case, write the answer."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from hub.access import Principal
from hub.errors import BrokenRule, Invalid, Unavailable
from hub.ingress.reading import idempotency_key, read_model, read_query
from hub.ingress.reconciling import Reconciling
from schemas.model import Model
from schemas.reconciliation import ReconciliationOrder

JSON = "application/json"
DIFFERENCES_DEFAULT = 100
DIFFERENCES_MAX = 1000
DOSSIER_CURSOR = r"[A-Z0-9.\-]{1,40}"
_NUMBER = re.compile(r"[0-9]{1,6}")
RUN_ID = r"[a-z0-9._\-]{1,128}"


class ReconciliationEndpoints:
    """One method per operation; `authenticate` and `body` are those of the door. Without a use case: Unavailable."""

    def __init__(
        self,
        reconciling: Reconciling | None,
        authenticate: Callable[[Request], Principal],
        body: Callable[[Request], Awaitable[bytes]],
    ) -> None:
        self._reconciling_given = reconciling
        self._reconciling_authenticate = authenticate
        self._reconciling_body = body

    async def order_reconciliation(self, request: Request) -> Response:
        """Order a run."""
        principal = self._reconciling_authenticate(request)
        key = idempotency_key(request)
        order = read_model(ReconciliationOrder, await self._reconciling_body(request))
        run = await self._reconciling.order(principal, order, key)
        return _json(run, 202, {"Location": f"/v1/reconciliations/{run.id}"})

    async def reconciliations(self, request: Request) -> Response:
        """List runs."""
        principal = self._reconciling_authenticate(request)
        read_query(request)
        return _json(await self._reconciling.runs(principal))

    async def reconciliation(self, request: Request) -> Response:
        """Tell what a run found."""
        principal = self._reconciling_authenticate(request)
        given = read_query(request, "after", "limit")
        after = given.get("after")
        if after is not None and not re.fullmatch(DOSSIER_CURSOR, after):
            raise Invalid([BrokenRule("after", "pattern")])
        number = _number(given.get("limit"))
        return _json(await self._reconciling.report(principal, request.path_params["run_id"], after or "", number))

    @property
    def _reconciling(self) -> Reconciling:
        if self._reconciling_given is None:
            raise Unavailable("this process knows no reconciliation")
        return self._reconciling_given


def _number(text: str | None) -> int:
    if text is None:
        return DIFFERENCES_DEFAULT
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= DIFFERENCES_MAX:
        raise Invalid([BrokenRule("limit", "range")])
    return int(text)


def _json(model: Model, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(model.model_dump_json().encode(), status, headers, media_type=JSON)
