"""Officers at the counter: one lookup after the other during a run, each asked once, whatever comes of it."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from random import Random
from types import MappingProxyType
from typing import Any

import aiohttp

from tests.e2e.installation import Installed

_PACE_S = 0.25
_AT_A_TIME_MAX = 32
_REQUEST_S_MAX = 40.0
_STRANGER = 0.2
"""Of those who are asked for, how many the population database does not have."""
_KNOWN: Mapping[str, str] = MappingProxyType(
    {"personal_number": "001000000001", "full_name": "Nguyễn Văn A", "birth_date": "2000-01-31"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One lookup: for which dossier, what was answered, and whether somebody was to be found (`known`).

    `answer` is "one", "none" or "several", the code of a problem, or in brackets the class of what came in its place.
    `about` is whom the answer is about.
    """

    dossier: str
    answer: str
    request_id: str = ""
    about: str = ""
    known: bool = True

    @property
    def answered(self) -> bool:
        """Whether the answer came with what the source knows."""
        return bool(self.request_id)

    @property
    def expected(self) -> str:
        """What the source knows of the person who was asked for."""
        return "one" if self.known else "none"

    @property
    def wrong(self) -> bool:
        """Whether what was answered is not so."""
        return (self.answer, self.about) != (self.expected, _KNOWN["personal_number"] if self.known else "")


class Asker:
    """Asks at the installation's door, or at several in turn, until it is told that it is enough."""

    def __init__(self, installed: Installed, seed: int, doors: Sequence[str] = ()) -> None:
        self.asked: list[Asked] = []
        self._token = installed.token
        self._doors = list(doors) or [installed.address]
        self._chance = Random(f"{seed}:lookups")
        self._enough = asyncio.Event()

    def enough(self) -> None:
        """Ask nothing more."""
        self._enough.set()

    async def run(self) -> None:
        """Ask, and return when the last answer is there."""
        room = asyncio.Semaphore(_AT_A_TIME_MAX)
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as group:
            sessions = itertools.cycle([await stack.enter_async_context(self._session(door)) for door in self._doors])
            for number in itertools.count(1):
                await room.acquire()
                asking = group.create_task(self._ask(next(sessions), f"H56.14-260902-{number:05d}"))
                asking.add_done_callback(lambda _: room.release())
                try:
                    async with asyncio.timeout(_PACE_S):
                        await self._enough.wait()
                except TimeoutError:
                    continue
                return

    def _session(self, door: str) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            door,
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=aiohttp.ClientTimeout(total=_REQUEST_S_MAX),
        )

    async def _ask(self, session: aiohttp.ClientSession, code: str) -> None:
        known = self._chance.random() >= _STRANGER
        query = {
            **(_KNOWN if known else {**_KNOWN, "full_name": "Nguyễn Thị Không Có"}),
            "procedure": "1.001193",
            "dossier_code": code,
            "purpose": "dossier-processing",
            "officer": "canbo01",
        }
        try:
            async with session.post("/v1/citizens/lookup", json=query) as answer:
                said: dict[str, Any] = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            self.asked.append(Asked(code, f"({type(fault).__name__})", known=known))
            return
        if answer.status != 200:
            self.asked.append(Asked(code, str(said.get("code")), known=known))
            return
        about = (said.get("citizen") or {}).get("personal_number", "")
        self.asked.append(Asked(code, said["match"], said["request_id"], about, known=known))
