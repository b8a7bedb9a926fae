"""The clerk of rulings: opens them, seals what they correct, and writes down what they led to."""

from dataclasses import dataclass
from datetime import datetime

from hub.delivery.tries.absent import AbsentOperation
from hub.delivery.tries.command import open_ruling, read_header, with_submission
from hub.delivery.tries.outcomes import OutcomeWriter, Tried
from hub.delivery.work import Work
from hub.errors import Unsealable
from hub.pipeline.rulings import VOID, Sequel
from hub.ports import Clock, DeliveryId, Keys, LaneKey, ParkedRow, Precedents
from schemas.delivery import CommandHeader, DeliveryState, MessageKind, PlannedDelivery, Step
from schemas.dossier import DossierSubmission
from schemas.envelope import Envelope
from schemas.ruling import Ruling


@dataclass(frozen=True, slots=True)
class Given:
    """A ruling as it lies in the log: its record's place and bytes, and what they say in clear."""

    partition: int
    offset: int
    value: bytes
    header: CommandHeader
    ruling: Ruling

    @classmethod
    def read(cls, partition: int, offset: int, value: bytes) -> "Given | None":
        """Read a record; None when it is no ruling. Unsealable when the bytes are no command."""
        header = read_header(value)
        return None if header.ruling is None else cls(partition, offset, value, header, header.ruling)

    @property
    def target(self) -> DeliveryId:
        """The delivery that it is about."""
        return DeliveryId(self.ruling.message_id, self.ruling.operation, self.ruling.part)

    @property
    def lane(self) -> LaneKey:
        """The lane of that delivery."""
        return LaneKey(self.header.ordering_key, self.ruling.platform)


class Clerk:
    """Does what a ruling needs of keys and log. HubFault when one of them cannot do it right now."""

    def __init__(self, clock: Clock, keys: Keys, outcomes: OutcomeWriter, precedents: Precedents) -> None:
        self._clock = clock
        self._keys = keys
        self._outcomes = outcomes
        self._precedents = precedents

    async def submission(self, given: Given) -> DossierSubmission | None:
        """Return what a ruling says is to be sent; None when it does not say, or nobody can read it any more."""
        return await submission_of(given, self._keys)

    async def corrected(self, row: ParkedRow, submission: DossierSubmission) -> bytes | None:
        """Return the command of a row with another submission; None when its key is gone."""
        return await corrected(row.envelope, submission, self._keys)

    async def resent(self, given: Given, submission: DossierSubmission) -> ParkedRow | None:
        """Return the row of a delivery that a ruling sends again; None when the dossier's key is gone."""
        return await resent_row(given, submission, self._keys, self._clock.now())

    async def newer(self, given: Given, submission: DossierSubmission) -> bool:
        """Whether a newer state of the dossier than this one is on its way to the platform, or there."""
        return await self._precedents.newer(given.lane, submission.revision)

    async def say(self, given: Given, work: Work, follows: Sequel) -> None:
        """Write down what a ruling has led to for a delivery; durable when this returns."""
        await self._write(given, work, follows.state, follows.code)

    async def say_void(self, given: Given) -> None:
        """Write down that a ruling found nothing to do; unless it was obeyed before, and only its row was left."""
        if await self._precedents.obeyed([given.header.message_id]):
            return
        name = DeliveryId(given.header.message_id, given.ruling.operation, given.ruling.part)
        nothing = AbsentOperation(name.operation, given.ruling.platform)
        work = Work(name, given.lane, nothing, given.partition, given.offset, 0, given.ruling.of, given.value)
        await self._write(given, work, DeliveryState.WITHDRAWN, VOID)

    async def _write(self, given: Given, work: Work, state: DeliveryState, code: str) -> None:
        now = self._clock.now()
        tried = Tried(Step.NONE, None, code, now, now, ruling=given.header.message_id)
        await self._outcomes.write(work, given.header, tried, state, None)


async def submission_of(given: Given, keys: Keys) -> DossierSubmission | None:
    """Return what a ruling says is to be sent; None when it does not say, or nobody can read it any more."""
    try:
        return (await open_ruling(given.value, given.header.key_id, keys)).submission
    except Unsealable:
        return None


async def corrected(command: bytes, submission: DossierSubmission, keys: Keys) -> bytes | None:
    """Return a command with its own header and another submission; None when its key is gone."""
    header = read_header(command)
    try:
        return await with_submission(Envelope.from_bytes(command).header, header.key_id, submission, keys)
    except Unsealable:
        return None


async def resent_row(given: Given, submission: DossierSubmission, keys: Keys, due_at: datetime) -> ParkedRow | None:
    """Return a delivery that is sent again as it lies in its lane, at the place of the ruling; None without a key.

    It is the only delivery of its command: the record that it came with may be gone. It arrived in time before, so the
    sender's limit concerns it no more.
    """
    ruling = given.ruling
    planned = PlannedDelivery(operation=ruling.operation, platform=ruling.platform, part=ruling.part, of=ruling.of)
    header = given.header.model_copy(
        update={
            "kind": MessageKind.DOSSIER.value,
            "message_id": ruling.message_id,
            "revision": submission.revision,
            "deliveries": (planned,),
            "ruling": None,
        }
    )
    try:
        whenever = submission.model_copy(update={"deliver_by": None})
        value = await with_submission(header.model_dump_json().encode(), header.key_id, whenever, keys)
    except Unsealable:
        return None
    return ParkedRow(
        id=given.target,
        lane=given.lane,
        partition=given.partition,
        offset=given.offset,
        index=0,
        state=DeliveryState.WAITING,
        attempts=0,
        due_at=due_at,
        envelope=value,
    )
