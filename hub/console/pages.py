"""The console: the live page for everybody, and the timeline of one dossier for those who sign in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files
from types import MappingProxyType

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from hub.console.desk import Desk, DeskRooms
from hub.console.language import Language, language_of
from hub.console.meanings import STATES
from hub.console.rendering import HEADERS, Renderer
from hub.console.texts import texts
from schemas.problem import Words

ASSETS = MappingProxyType(
    {"console.css": "text/css", "live.js": "text/javascript", "icon.svg": "image/svg+xml"},
)
"""Every file that the pages use, with its media type."""

_LIVE_TEXTS = (
    *("connecting", "connected", "lost", "stale", "never", "updated", "numbers_of", "no_deliveries"),
    *("all_well", "needs_person", "needs_care", "repeating", "doubled", "rate", "latency", "seconds"),
)


@dataclass(frozen=True, slots=True)
class Window:
    """How fast one platform took deliveries of late: deliveries a minute, and seconds from acceptance to delivery."""

    per_minute: float
    p50_s: float | None = None
    p95_s: float | None = None


Windows = Callable[[], Awaitable[Mapping[str, Window]]]
"""Returns the windows of all platforms, by name."""


def pages(
    title: str,
    platforms: Mapping[str, Words] | None = None,
    *,
    sandbox: bool = False,
    desk: DeskRooms | None = None,
    windows: Windows | None = None,
) -> list[BaseRoute]:
    """Return the routes of the pages and their files.

    `platforms` holds what is shown in place of a platform's name. `sandbox` labels every page as an installation whose
    platforms are stand-ins. Without `desk` there is nothing to sign in to, without `windows` no rates are shown.
    """
    renderer = Renderer(title, sandbox=sandbox, dossiers=desk is not None)
    live = _Live(renderer, platforms or {}, windows)
    routes: list[BaseRoute] = [Route("/", live.page)]
    if windows is not None:
        routes.append(Route("/console/windows", live.windows))
    if desk is not None:
        routes += Desk(desk, renderer).routes()
    return routes + [Route(f"/assets/{name}", _File(_asset(name), kind).serve) for name, kind in ASSETS.items()]


class _Live:
    """The live page. Its numbers come from /v1/overview, asked by the page itself."""

    def __init__(self, renderer: Renderer, platforms: Mapping[str, Words], windows: Windows | None) -> None:
        self._renderer = renderer
        self._windows = windows
        self._facts = {language: _facts(language, platforms, windows is not None) for language in Language}

    async def page(self, request: Request) -> Response:
        """Return the page, without numbers yet."""
        language = language_of(request)
        states = [
            {
                "name": state.value,
                "word": language.say(meaning.words),
                "meaning": language.say(meaning.meaning),
                "tone": meaning.tone,
            }
            for state, meaning in STATES.items()
        ]
        return self._renderer.page(
            request, "live.html", states=states, facts=self._facts[language], windows=self._windows is not None
        )

    async def windows(self, _: Request) -> Response:
        """Return rates and latencies as JSON. Errors: those of who measures them."""
        found = await self._windows() if self._windows else {}
        body = orjson.dumps({platform: asdict(window) for platform, window in found.items()})
        return Response(body, headers=HEADERS, media_type="application/json")


def _facts(language: Language, platforms: Mapping[str, Words], windows: bool) -> str:
    said = texts(language)
    return orjson.dumps(
        {
            "locale": language.locale,
            "platforms": {name: language.say(words) for name, words in platforms.items()},
            "states": {
                state.value: {"word": language.say(meaning.words), "tone": meaning.tone}
                for state, meaning in STATES.items()
            },
            "texts": {name: said[name] for name in _LIVE_TEXTS},
            "windows": windows,
        }
    ).decode()


class _File:
    """A file that was read when the routes were made."""

    def __init__(self, body: bytes, media_type: str) -> None:
        self._body = body
        self._headers = {**HEADERS, "Content-Type": f"{media_type}; charset=utf-8"}

    async def serve(self, _: Request) -> Response:
        """Return the file."""
        return Response(self._body, headers=self._headers)


def _asset(name: str) -> bytes:
    return (files("hub.console") / "assets" / name).read_bytes()
