"""The gate: what every request at the REST door meets first and last.

Correlation id in and out, headers that browsers heed, one log line per request, and the boundary at which an
unforeseen exception becomes a problem instead of a stack trace.
"""

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.errors import HubFault
from hub.ingress.problems import problem_response
from hub.ingress.visit import CORRELATION_HEADER, Visit
from hub.ports import Clock
from hub.telemetry import Logger, Metrics
from schemas.problem import Origin

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_CORRELATION = CORRELATION_HEADER.lower().encode()
_FAULTS_FROM = 500
_REFUSALS_FROM = 400
_DEFAULTS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)


class Gate:
    """ASGI middleware around the REST door.

    `templates` maps endpoints to the templates of their routes. Requests to `quiet` ones leave a line only on failure.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        clock: Clock,
        metrics: Metrics,
        log: Logger,
        templates: Mapping[object, str],
        quiet: frozenset[str],
    ) -> None:
        self._app = app
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._templates = templates
        self._quiet = quiet

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(Visit.begin(scope), send)
        started_s = self._clock.monotonic()
        fault = await self._served(scope, receive, exchange)
        self._report(scope, exchange, self._clock.monotonic() - started_s, fault)

    async def _served(self, scope: Scope, receive: Receive, exchange: "_Exchange") -> Exception | None:
        """Let the application answer; return what it did not foresee."""
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:  # noqa: BLE001 - the HTTP boundary: nothing but a problem leaves the hub
            await exchange.fail(scope, receive)
            return error
        return None

    def _report(self, scope: Scope, exchange: "_Exchange", elapsed_s: float, fault: Exception | None) -> None:
        # The template of the route that matched; never the address that was called.
        visit, route = exchange.visit, self._templates.get(scope.get("endpoint"), "")
        if exchange.status >= _REFUSALS_FROM:
            self._metrics.refused_total.inc(visit.code or "other")
        elif route in self._quiet:
            return
        # SOAP 1.1 answers with 500 whoever is at fault.
        faulty = exchange.status >= _FAULTS_FROM and not visit.code.startswith(Origin.CALLER)
        write = self._log.error if faulty else self._log.info
        who = visit.principal
        write(
            "request",
            method=scope["method"] if scope["method"] in METHODS else "OTHER",
            route=route,
            status=exchange.status,
            code=visit.code,
            duration_ms=round(elapsed_s * 1000, 3),
            correlation_id=visit.correlation_id,
            agency=str(who.agency) if who else "",
            system=who.system if who else "",
            **({"hint": visit.hint} if visit.hint else {}),
            exc_info=fault,
        )


class _Exchange:
    """The answer on its way out: its status is noted and its headers are completed."""

    def __init__(self, visit: Visit, send: Send) -> None:
        self.visit = visit
        self.status = 0
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._completed(message.get("headers", ()))
        await self._send(message)

    async def fail(self, scope: Scope, receive: Receive) -> None:
        """Answer with a fault of the hub, unless an answer is under way already."""
        if self.status:
            return
        self.visit.code = HubFault.code
        await problem_response(HubFault(), self.visit.correlation_id)(scope, receive, self.send)

    def _completed(self, given: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        names = {name for name, _ in given}
        return [
            *given,
            (_CORRELATION, self.visit.correlation_id.encode()),
            *(header for header in _DEFAULTS if header[0] not in names),
        ]
