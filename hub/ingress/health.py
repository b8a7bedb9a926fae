"""What every process shows of itself, whether it has a door or not: that it lives, that it can work, its metrics."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from hub.ingress.readiness import Check, readiness
from hub.telemetry import Metrics

_JSON = "application/json"


class Health:
    """The three endpoints that machines ask. `checks` name the parts that must work for the process to be ready."""

    def __init__(self, checks: Mapping[str, Check], metrics: Metrics) -> None:
        self._checks = checks
        self._metrics = metrics

    async def metrics(self, _: Request) -> Response:
        """Return the page that Prometheus reads."""
        page, media_type = self._metrics.render()
        return Response(page, headers={"Content-Type": media_type})

    async def healthz(self, _: Request) -> Response:
        """Answer, which is all that liveness means."""
        return Response(b'{"status":"ok"}', media_type=_JSON)

    async def readyz(self, _: Request) -> Response:
        """Ask every part whether it can work."""
        found = await readiness(self._checks)
        return Response(found.model_dump_json().encode(), 200 if found.ready else 503, media_type=_JSON)
