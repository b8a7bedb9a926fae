"""What a worker shows of itself over HTTP: its health and its metrics."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.ingress.readiness import Check, readiness
from hub.telemetry import Metrics

_JSON = "application/json"


def status_app(checks: Mapping[str, Check], metrics: Metrics) -> Starlette:
    """Return an application with `/healthz`, `/readyz` and `/metrics`, as the door has them."""

    async def healthz(_: Request) -> Response:
        return Response(b'{"status":"ok"}', media_type=_JSON)

    async def readyz(_: Request) -> Response:
        found = await readiness(checks)
        return Response(found.model_dump_json(), 200 if found.ready else 503, media_type=_JSON)

    async def measured(_: Request) -> Response:
        page, media_type = metrics.render()
        return Response(page, headers={"Content-Type": media_type})

    return Starlette(routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", measured)])
