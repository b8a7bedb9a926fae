"""What a worker shows of itself over HTTP: its health and its metrics."""

from starlette.applications import Starlette
from starlette.routing import Route

from hub.ingress.health import Health


def status_app(health: Health) -> Starlette:
    """Return an application with `/healthz`, `/readyz` and `/metrics`, as the door has them."""
    return Starlette(
        routes=[
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", health.metrics),
        ]
    )
