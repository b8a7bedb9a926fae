"""A hub of fakes with its console, served on a port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from hub.access import Principal
from hub.console.desk import DeskRooms
from hub.console.pages import Windows, pages
from hub.console.story import Titles
from hub.errors import Unauthenticated
from hub.ingress import Follow, Recent
from hub.ports import Clock
from schemas.agency import AgencyCode
from schemas.problem import Words
from schemas.timeline import Timeline
from tests.fakes.rest import House

TITLE = "Trục tích hợp, chia sẻ dữ liệu tỉnh Thanh Hóa"
PORTAL = Words("Cổng Dịch vụ công quốc gia", "National Public Service Portal")
SESSION_KEY = b"session!" * 4
TITLES = Titles(
    platforms={"national_portal": PORTAL},
    operations={
        "national_portal.dossier_sync": Words("Đồng bộ trạng thái hồ sơ", "State of the dossier"),
        "national_portal.dossier_progress": Words("Cập nhật tiến độ xử lý", "Progress of the work"),
    },
    agencies={"H56.14": "Trung tâm Phục vụ hành chính công tỉnh Thanh Hóa"},
)
_AGENCIES = {"motcua": "H56.14", "nobody": "H56.14", "other": "H56.15", "province": "H56"}


class _Server(uvicorn.Server):
    """uvicorn that leaves signals to pytest."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield


class Site:
    """A house whose door is open to browsers, until it is shut."""

    def __init__(self, clock: Clock, *, sandbox: bool, windows: Windows | None) -> None:
        desk = DeskRooms(
            authenticate=self._authenticate,
            timeline=self._timeline,
            clock=clock,
            session_key=SESSION_KEY,
            titles=TITLES,
        )
        self.house = House(pages=pages(TITLE, TITLES.platforms, sandbox=sandbox, desk=desk, windows=windows))
        self._follow = Follow(self.house.grants, self.house.read_models, Recent())
        self._bound = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._bound.getsockname()[1]}"
        config = uvicorn.Config(self.house.app, ws="none", lifespan="off", log_config=None, access_log=False)
        self._server = _Server(config)

    def add(self, timeline: Timeline) -> None:
        """Let the hub know a dossier."""
        self.house.read_models.timelines[timeline.dossier_code] = timeline

    def token(self, system: str) -> str:
        """Return the API key of a system."""
        return self.house.tokens[system]

    async def serve(self) -> None:
        """Serve until shut."""
        await self._server.serve(sockets=[self._bound])

    def shut(self) -> None:
        """Answer nobody any more, in the middle of a connection too."""
        self._server.should_exit = self._server.force_exit = True

    def _authenticate(self, token: str) -> Principal:
        for system, known in self.house.tokens.items():
            if token == known:
                return Principal(AgencyCode.parse(_AGENCIES[system]), system)
        raise Unauthenticated("unknown API key")

    async def _timeline(self, principal: Principal, code: str) -> Timeline:
        return await self._follow.timeline(principal, code)


@asynccontextmanager
async def open_site(clock: Clock, *, sandbox: bool = True, windows: Windows | None = None) -> AsyncIterator[Site]:
    """Open a site for the length of a test."""
    site = Site(clock, sandbox=sandbox, windows=windows)
    serving = asyncio.create_task(site.serve())
    try:
        yield site
    finally:
        site.shut()
        await serving
