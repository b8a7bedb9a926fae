"""The one-stop system: sends the states of many dossiers, each in order, and repeats until the hub has said 202."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import aiohttp

from tests.chaos.history import History
from tests.chaos.load import Dossier, State
from tests.chaos.quota import Quota
from tests.e2e.installation import Installed

LANES = 64
"""Dossiers at a time."""
SESSIONS = 2
"""Clients with connections of their own; each speaks to one door, and each request goes by the next."""
_ACCEPTED = 202
_BUSY = frozenset({429, 503})
_PAUSE_S = 0.1
_SHUT_PAUSE_S = 0.5
_REQUEST_S_MAX = 30.0


class Refused(Exception):
    """The hub said no to something that it must take."""


class Sender:
    """Sends dossiers, as far as the quota allows, to the installation's door or to several in turn."""

    def __init__(self, installed: Installed, dossiers: Sequence[Dossier], doors: Sequence[str] = ()) -> None:
        self.history = History()
        self.quota = Quota()
        self._installed = installed
        self._doors = itertools.cycle(doors or [installed.address])
        self._waiting: Iterator[Dossier] = iter(dossiers)

    async def run(self) -> None:
        """Send everything. Refused when an answer is neither a 202 nor a reason to repeat."""
        async with AsyncExitStack() as stack:
            sessions = [await stack.enter_async_context(self.session()) for _ in range(SESSIONS)]
            async with asyncio.TaskGroup() as group:
                for lane in range(LANES):
                    group.create_task(self._lane(itertools.cycle((*sessions[lane % 2 :], *sessions[: lane % 2]))))

    def session(self) -> aiohttp.ClientSession:
        """Return a client of the hub."""
        return aiohttp.ClientSession(
            next(self._doors),
            headers={"Authorization": f"Bearer {self._installed.token}", "Content-Type": "application/json"},
            timeout=aiohttp.ClientTimeout(total=_REQUEST_S_MAX),
        )

    async def repeated(self, session: aiohttp.ClientSession, dossiers: Iterable[Dossier]) -> AsyncIterator[str]:
        """Send every state of some dossiers once more, and yield what has another receipt than the first time."""
        for one in dossiers:
            for state in one.states:
                try:
                    answer = await self._until_accepted(itertools.repeat(session), state)
                except Refused as refusal:
                    answer = str(refusal)
                if answer != self.history.acknowledged[one.code, state.revision]:
                    yield f"{one.code} revision {state.revision}: a repeat came to {answer}"

    async def _lane(self, sessions: Iterator[aiohttp.ClientSession]) -> None:
        for one in self._waiting:
            for state in one.states:
                await self.quota.take()
                self.history.acknowledge(one.code, state.revision, await self._until_accepted(sessions, state))

    async def _until_accepted(self, sessions: Iterator[aiohttp.ClientSession], state: State) -> str:
        while True:
            message_id = await self._try(next(sessions), state)
            if message_id is not None:
                return message_id
            await asyncio.sleep(_PAUSE_S)

    async def _try(self, session: aiohttp.ClientSession, state: State) -> str | None:
        """Send once and return the message id; None when the same request must go again."""
        headers = {"Idempotency-Key": state.key}
        try:
            async with session.post("/v1/dossiers", data=state.body, headers=headers) as answer:
                told: dict[str, Any] = await answer.json(content_type=None)
        except aiohttp.ClientConnectorError as fault:
            self.history.saw(type(fault).__name__)
            await asyncio.sleep(_SHUT_PAUSE_S)
            return None
        except (aiohttp.ClientError, TimeoutError) as fault:
            self.history.saw(type(fault).__name__)
            return None
        if answer.status == _ACCEPTED:
            self.history.saw("202")
            return str(told["message_id"])
        if answer.status not in _BUSY:
            raise Refused(f"HTTP {answer.status} {told.get('code')} {told.get('fields')}")
        self.history.saw(f"{answer.status} {told.get('code')}")
        return None
