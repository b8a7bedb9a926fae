"""Several processes of one hub on a shared log and store, and what keeps them alive: what dies is started again."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.installation import Installed
from tests.e2e.processes import Running, listening, running

_RESTART_S = 0.5
"""As long as systemd waits by default, five times over."""
_ROLL_S_MAX = 60.0
_UP_S_MAX = 60.0
_LOOK_EVERY_S = 0.1
_START_S_MAX = 240.0
"""A door waits for a log and a store that are away."""

Birth = Callable[..., AbstractAsyncContextManager[Running]]
"""Starts a process, as `tests.e2e.processes.running`."""


@dataclass
class Member:
    """One process that should always run: its role, its name, and its door when it has one."""

    role: str
    name: str
    address: str = ""
    process: Running | None = None
    lives: int = 0
    wanted: bool = True
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Only one thing is done to it at a time."""


@dataclass
class Fleet:
    """The members, by name. `flaws` says which of them ended without being asked to."""

    installed: Installed
    folder: Path
    stack: AsyncExitStack
    members: dict[str, Member] = field(default_factory=dict)
    flaws: list[str] = field(default_factory=list)
    birth: Callable[[str], Birth] = lambda _name: running
    """How the member of a name comes into the world."""

    async def add(self, role: str, name: str, address: str = "") -> Member:
        """Start one more member; one with a door is waited for."""
        member = self.members[name] = Member(role, name, address)
        await self._start(member)
        return member

    async def remove(self, name: str) -> None:
        """Let a member end in good order, for good."""
        member = self.members.pop(name)
        member.wanted = False
        await self._ended(member)

    async def kill(self, name: str, dead: Callable[[], None], *, early: bool = False) -> None:
        """Kill -9 a member, say so, and start it again as a service manager does; `early`: it may still be starting."""
        member = self.members[name]
        async with member.turn:
            if not early:
                await _up(member)
            await _process(member).kill()
            dead()
            await asyncio.sleep(_RESTART_S)
            await self._start(member)

    async def roll(self, name: str) -> None:
        """Let a member end in good order, and start it again."""
        member = self.members[name]
        async with member.turn:
            await self._ended(member)
            await self._start(member)

    async def freeze(self, name: str, for_s: float) -> None:
        """Stop a member in the middle of what it does, and let it go on later, as a machine does that was paused."""
        member = self.members[name]
        async with member.turn:
            pid = _process(member).pid
            os.kill(pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(for_s)
            finally:
                os.kill(pid, signal.SIGCONT)

    async def watch(self) -> None:
        """Note, until cancelled, who ended by himself; he is started again."""
        while True:
            await asyncio.sleep(_RESTART_S)
            for member in list(self.members.values()):
                if not member.wanted or member.process is None or member.turn.locked():
                    continue
                if (member.process.ended or 0) > 0:
                    self.flaws.append(f"{member.name} ended by itself: {member.process.tail(600)}")
                    await self._start(member)

    async def end(self) -> None:
        """Let everybody end in good order."""
        await asyncio.gather(*(self._ended(member) for member in self.members.values()))

    async def _start(self, member: Member) -> None:
        member.lives += 1
        arguments = ["hub", member.role, "--config", str(self.installed.folder), "--name", member.name]
        if member.address:
            arguments += ["--listen", member.address.removeprefix("http://")]
        log = self.folder / f"hub-{member.name}-{member.lives:02d}.log"
        member.process = await self.stack.enter_async_context(self.birth(member.name)(log, *arguments))
        if member.address:
            await listening(member.process, member.address, _START_S_MAX)

    async def _ended(self, member: Member) -> None:
        process = _process(member)
        os.kill(process.pid, signal.SIGTERM)
        code = await process.wait(_ROLL_S_MAX)
        if code == -signal.SIGTERM and "hub_started" not in process.tail():
            return  # it had not begun yet
        if code != 0:
            self.flaws.append(f"{member.name} was asked to end and came to {code}: {process.tail(600)}")
            await process.kill()


def _process(member: Member) -> Running:
    if member.process is None:
        raise KeyError(member.name)
    return member.process


async def _up(member: Member) -> None:
    """Wait until a member works, or for long enough: it may wait itself for a log or a store."""
    for _ in range(int(_UP_S_MAX / _LOOK_EVERY_S)):
        if "hub_started" in _process(member).log.read_text(encoding="utf-8"):
            return
        await asyncio.sleep(_LOOK_EVERY_S)
