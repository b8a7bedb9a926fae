"""Work that is done from time to time, by one process of the installation."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from faust import App

from hub.errors import HubFault
from hub.telemetry import logger

_PROVINCE = ZoneInfo("Asia/Ho_Chi_Minh")
_log = logger("jobs")


@dataclass(frozen=True, slots=True)
class Every:
    """So many seconds from the end of one run to the next."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Cron:
    """The five fields of cron(5), in the time of the province."""

    fields: str


def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True)
class Job:
    """A thing that the leader does. Two processes may both be the leader for a moment: a repeat must change nothing.

    `stand_by` is called in its place while another process leads. With `everywhere` each process does it. What `run`
    raises is logged; the next time comes all the same.
    """

    name: str
    when: Every | Cron
    run: Callable[[], Awaitable[None]]
    stand_by: Callable[[], None] = _nothing
    everywhere: bool = False

    def attach(self, app: App) -> None:
        """Become a timer of an application."""

        async def once(*_: Any) -> None:
            if self.everywhere or app.is_leader():
                await self._guarded()
            else:
                self.stand_by()

        if isinstance(self.when, Every):
            app.timer(self.when.seconds, name=self.name)(once)
        else:
            app.crontab(self.when.fields, timezone=_PROVINCE)(once)

    async def _guarded(self) -> None:
        try:
            await self.run()
        except HubFault as fault:
            _log.warning("job_failed", task=self.name, code=fault.problem_code)
        except Exception as defect:  # noqa: BLE001 - the boundary of a job: the others go on
            _log.error("job_failed", task=self.name, exc_info=defect)
