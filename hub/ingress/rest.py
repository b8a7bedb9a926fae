"""The REST door: an application made of the operations, the pages it is given, and the gate around them."""

from collections.abc import Iterable, Sequence

import orjson
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.errors import CallerError, HubError, Malformed, NotFound
from hub.ingress.asyncapi import event_document
from hub.ingress.endpoints import JSON, Endpoints, RestRooms
from hub.ingress.gate import Gate
from hub.ingress.openapi import document
from hub.ingress.operations import OPERATIONS
from hub.ingress.problems import problem_response
from hub.ingress.visit import Visit
from hub.telemetry import Logger, logger
from schemas.problem import Origin

QUIET = frozenset({"/healthz", "/readyz", "/metrics", "/v1/overview"})
"""Routes that machines ask every second: their good answers leave no line in the log."""


def rest_app(
    rooms: RestRooms, pages: Sequence[BaseRoute] = (), log: Logger | None = None, doors: Sequence[BaseRoute] = ()
) -> FastAPI:
    """Return the application. `pages` are served as they are, beside the operations, /openapi.json and /asyncapi.json.

    `doors` are further ways in, such as SOAP: what comes through them is logged like an operation.
    """
    described = document()
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, routes=[*pages, *doors])
    app.openapi = lambda: described  # type: ignore[method-assign]  # FastAPI's own way to give another document
    endpoints = Endpoints(rooms)
    for operation in OPERATIONS:
        endpoint = getattr(endpoints, operation.name)
        # Plain routes, which leave parsing and answering to the endpoint and so cost less than FastAPI's own.
        app.router.add_route(operation.path, endpoint, methods=[operation.method], name=operation.name)
    app.router.add_route("/openapi.json", _Document(orjson.dumps(described)).serve)
    app.router.add_route("/asyncapi.json", _Document(orjson.dumps(event_document())).serve)
    app.add_exception_handler(HubError, _refused)
    app.add_exception_handler(HTTPException, _not_routed)
    app.add_middleware(
        Gate,
        clock=rooms.clock,
        metrics=rooms.metrics,
        log=log or logger("ingress"),
        templates=_templates(app.routes),
        quiet=QUIET | frozenset(_templates(pages).values()),
    )
    return app


def _templates(routes: Iterable[BaseRoute]) -> dict[object, str]:
    return {route.endpoint: route.path for route in routes if isinstance(route, Route)}


class _Document:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def serve(self, _: Request) -> Response:
        return Response(self._body, media_type=JSON)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HubError):
        raise error
    visit = Visit.of(request.scope)
    visit.code = error.problem_code
    if error.origin is Origin.HUB:
        visit.hint = error.hint
    return problem_response(error, visit.correlation_id)


async def _not_routed(request: Request, error: Exception) -> Response:
    """Turn what the router says (no such path, no such method) into a problem."""
    status = getattr(error, "status_code", 400)
    known: dict[int, HubError] = {404: NotFound("no such path"), 405: CallerError("method", code="caller.method")}
    response = await _refused(request, known.get(status, Malformed("refused by the router")))
    if allowed := (getattr(error, "headers", None) or {}).get("Allow"):
        response.headers["Allow"] = allowed
    return response
