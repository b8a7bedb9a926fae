"""What the portal can be told: the state of a dossier, and the work on it."""

from collections.abc import Sequence

from adapters.national_portal import progress
from adapters.national_portal.config import PortalConfig
from adapters.national_portal.dossier import Wire, ho_so
from adapters.national_portal.inquiry import Stored, judge, stored
from adapters.national_portal.mapi import Mapi
from adapters.national_portal.replies import PortalReply
from adapters.national_portal.rules import progress_rules, sync_rules
from adapters.wire.booleans import TRUE_FALSE
from hub.errors import ReplyLost
from hub.ports import DoubtRule, Effect, Finding, Job, OutcomeRule, Reply
from schemas.dossier import DossierSubmission

PLATFORM = "national_portal"


class DossierSync:
    """`DongBoHoSoMC`: the portal holds exactly the state that was sent."""

    name = f"{PLATFORM}.dossier_sync"
    platform = PLATFORM
    effect = Effect.QUERYABLE
    on_doubt = DoubtRule.INQUIRE

    def __init__(self, config: PortalConfig, mapi: Mapi) -> None:
        self._config = config
        self._mapi = mapi
        self.rules: Sequence[OutcomeRule] = sync_rules(config)

    def parts(self, submission: DossierSubmission) -> int:  # noqa: ARG002 - the port asks
        """One request carries the whole dossier."""
        return 1

    async def send(self, job: Job) -> Reply:
        """Create or update, and the other one in the same try when the portal says that it must be so.

        A first call that says so did not act, so the second one alone counts.
        """
        deadline = self._mapi.deadline()
        data = self._data(job)
        updating = job.submission.revision > 1
        reply = await self._push(data, deadline, updating=updating)
        if self._must_switch(reply, updating=updating):
            reply = await self._push(data, deadline, updating=not updating)
        return reply.judged_later()

    async def inquire(self, job: Job) -> Finding:
        """Ask by `TraCuuHoSo` whether the portal holds the job's state."""
        data = self._data(job)
        return judge(await self._look_up(str(data["MaHoSo"])), data, self._config)

    async def show(self, code: str) -> Stored | None:
        """Return what the portal shows of a dossier by `TraCuuHoSo`; None when it knows none (port `Comparable`)."""
        return stored(await self._look_up(code), code, self._config)

    async def _look_up(self, code: str) -> PortalReply:
        return await self._mapi.ask("TraCuuHoSo", {"mahoso": code}, self._mapi.deadline())

    def _data(self, job: Job) -> Wire:
        return ho_so(job.submission, job.procedure, self._config)

    async def _push(self, data: Wire, deadline: float, *, updating: bool) -> PortalReply:
        fields = {"isUpdating": TRUE_FALSE.write(updating), "data": [data]}
        return await self._mapi.push("DongBoHoSoMC", fields, deadline)

    def _must_switch(self, reply: PortalReply, *, updating: bool) -> bool:
        expected = self._config.unknown_dossier if updating else self._config.duplicate
        return reply.ok and not reply.succeeded and expected.fits(reply.code, reply.text)


class DossierProgress:
    """`CapNhatTienDoHoSoMC`: rows are added; the portal neither recognises a repeat nor can be asked."""

    name = f"{PLATFORM}.dossier_progress"
    platform = PLATFORM
    effect = Effect.APPEND
    on_doubt = DoubtRule.RESEND

    def __init__(self, config: PortalConfig, mapi: Mapi) -> None:
        self._mapi = mapi
        self.rules: Sequence[OutcomeRule] = progress_rules(config)

    def parts(self, submission: DossierSubmission) -> int:
        """One request per ten rows; none where there are no rows."""
        return progress.parts(len(submission.progress))

    async def send(self, job: Job) -> Reply:
        """Add the rows of one part."""
        rows = progress.rows_of(job)
        reply = await self._mapi.push("CapNhatTienDoHoSoMC", {"data": rows}, self._mapi.deadline())
        return reply.judged_later()

    async def inquire(self, job: Job) -> Finding:  # noqa: ARG002 - the port asks
        """Raise ReplyLost: no service of the portal tells which rows it has."""
        raise ReplyLost("the portal cannot be asked about rows")
