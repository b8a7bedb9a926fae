"""The pages for people who sign in: one dossier's timeline, found by its code.

A dossier's code stands in the path, as in the REST interface: it names no person, opens nothing without a session, and
lets a page be reloaded and bookmarked; log lines hold the template of a path, never the path. What is typed into the
search is posted, so that a name or number typed there by mistake comes into no address.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from hub.access import Principal
from hub.console.attempts import Attempts
from hub.console.forms import arrived_encrypted, read_form, require_own_page
from hub.console.language import language_of
from hub.console.rendering import HEADERS, Renderer
from hub.console.sessions import COOKIE, Sessions
from hub.console.spelling import spelled
from hub.console.story import Teller, Titles
from hub.console.texts import texts
from hub.console.trouble import completed, hint, status_of, told
from hub.errors import CallerError, HubError, Unauthenticated
from hub.ports import Clock
from hub.telemetry import Logger, logger
from schemas.problem import Origin
from schemas.timeline import Timeline

SIGN_IN, SIGN_OUT, DOSSIERS = "/login", "/logout", "/dossiers"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskRooms:
    """What the pages stand on.

    `authenticate` returns the holder of an API key or raises Unauthenticated; `timeline` returns what a principal may
    see of a dossier or raises Forbidden, NotFound or a fault of the hub: both are those of the REST interface, so that
    the same grants hold. `session_key` (32 bytes) signs sessions and must be the same in every process.
    """

    authenticate: Callable[[str], Principal]
    timeline: Callable[[Principal, str], Awaitable[Timeline]]
    clock: Clock
    session_key: bytes
    titles: Titles = field(default_factory=Titles)
    late_after_s: float = 900.0
    form_wait_s: float = 10.0


class Desk:
    """One method per page and form. Nothing but a page leaves it, whatever goes wrong."""

    def __init__(self, rooms: DeskRooms, renderer: Renderer, log: Logger | None = None) -> None:
        self._rooms = rooms
        self._renderer = renderer
        self._log = log or logger("console")
        self._sessions = Sessions(rooms.session_key, rooms.clock)
        self._attempts = Attempts(rooms.clock)
        self._teller = Teller(rooms.titles, rooms.late_after_s)

    def routes(self) -> list[BaseRoute]:
        """Return the routes of the pages and forms."""
        return [
            Route(SIGN_IN, self.sign_in_page),
            Route(SIGN_IN, self.sign_in, methods=["POST"]),
            Route(SIGN_OUT, self.sign_out, methods=["POST"]),
            Route(DOSSIERS, self.search_page),
            Route(DOSSIERS, self.search, methods=["POST"]),
            Route(f"{DOSSIERS}/{{code}}", self.dossier),
        ]

    async def sign_in_page(self, request: Request) -> Response:
        """Show the sign-in form; whoever is signed in goes on."""
        return _go(DOSSIERS) if self._holder(request) else self._sign_in_form(request, DOSSIERS)

    async def sign_in(self, request: Request) -> Response:
        """Begin a session for the holder of a key, and go on to the page that was wanted."""
        try:
            form = await read_form(request, self._rooms.form_wait_s)
            encrypted = arrived_encrypted(request)
        except HubError as error:
            return self._trouble(request, error)
        wanted = _wanted(form.get("to", ""))
        try:
            principal = self._authenticated(form.get("key", "").strip())
        except CallerError as error:
            return self._sign_in_form(request, wanted, error)
        self._log.info("console_signed_in", agency=str(principal.agency), system=principal.system)
        response = _go(wanted)
        response.set_cookie(
            COOKIE,
            self._sessions.begin(principal),
            max_age=self._sessions.age_s_max,
            secure=encrypted,
            httponly=True,
            samesite="strict",
        )
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session in this browser."""
        try:
            require_own_page(request)
        except HubError as error:
            return self._trouble(request, error)
        response = _go(SIGN_IN)
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def search_page(self, request: Request) -> Response:
        """Show the search form."""
        holder = self._holder(request)
        if holder is None:
            return self._sign_in_form(request, DOSSIERS)
        return self._renderer.page(request, "search.html", holder=holder, wrong="")

    async def search(self, request: Request) -> Response:
        """Lead from a code, in whatever spelling, to its page."""
        try:
            form = await read_form(request, self._rooms.form_wait_s)
        except HubError as error:
            return self._trouble(request, error)
        holder, code = self._holder(request), spelled(form.get("code", ""))
        if holder is None:
            return self._sign_in_form(request, DOSSIERS, status=401)
        if code is None:
            # What was typed is not shown again: it may be anything, a person's number for one.
            wrong = texts(language_of(request))["code_wrong"]
            return self._renderer.page(request, "search.html", 422, holder=holder, wrong=wrong)
        return _go(f"{DOSSIERS}/{code}")

    async def dossier(self, request: Request) -> Response:
        """Show everything known of a dossier to somebody of its agency."""
        holder, code = self._holder(request), spelled(request.path_params["code"])
        if holder is None:
            return self._sign_in_form(request, f"{DOSSIERS}/{code}" if code else DOSSIERS, status=401)
        try:
            timeline = await self._rooms.timeline(holder, code or "")
        except HubError as error:
            return self._trouble(request, error, holder)
        self._log.info(
            "console_dossier", agency=str(holder.agency), system=holder.system, ordering_key=timeline.dossier_code
        )
        # The longest timeline takes most of a second to write: other requests must not wait for it.
        return await asyncio.to_thread(self._story_page, request, holder, timeline)

    def _story_page(self, request: Request, holder: Principal, timeline: Timeline) -> Response:
        story = self._teller.tell(timeline, self._rooms.clock.now(), language_of(request))
        return self._renderer.page(request, "dossier.html", holder=holder, story=story)

    def _authenticated(self, token: str) -> Principal:
        self._attempts.admit(token)
        try:
            return self._rooms.authenticate(token)
        except Unauthenticated:
            self._attempts.failed(token)
            raise

    def _holder(self, request: Request) -> Principal | None:
        cookie = request.cookies.get(COOKIE, "")
        return self._sessions.holder(cookie) if cookie else None

    def _sign_in_form(
        self, request: Request, wanted: str, error: CallerError | None = None, status: int = 200
    ) -> Response:
        wrong = ""
        if error is not None:
            status = status_of(error)
            self._log.warning("console_sign_in_refused", code=error.problem_code)
            t = texts(language_of(request))
            wrong = _wait(t["key_wait"], error.retry_after_s) if error.retry_after_s else t["key_wrong"]
        response = self._renderer.page(request, "sign_in.html", status, wanted=wanted, wrong=wrong)
        return completed(response, error)

    def _trouble(self, request: Request, error: HubError, holder: Principal | None = None) -> Response:
        language = language_of(request)
        facts = {"holder": holder, "said": told(error, language), "hint": hint(error, language)}
        if error.origin is Origin.HUB:
            self._log.warning("console_trouble", code=error.problem_code, hint=error.hint)
        return completed(self._renderer.page(request, "trouble.html", status_of(error), **facts), error)


def _wanted(path: str) -> str:
    """Return a page of ours: where a form may lead is never left to what it says."""
    head, _, code = path.rpartition("/")
    known = spelled(code) if head == DOSSIERS else None
    return f"{DOSSIERS}/{known}" if known else DOSSIERS


def _wait(text: str, wait_s: int) -> str:
    return text.format(minutes=-(-wait_s // 60))


def _go(path: str) -> Response:
    """See another page (RFC 9110, 303)."""
    return RedirectResponse(path, 303, HEADERS)
