"""Commands and orders, opened and sealed."""

from pydantic import JsonValue

from hub.errors import Unsealable
from hub.pipeline.commands import AnyModel, opened, read_header, stated
from hub.ports import Keys, Log
from hub.ports.desk import OrderRecord, Standing, key_subject
from hub.sealing import seal
from schemas.delivery import CommandHeader
from schemas.dossier import DossierSubmission
from schemas.model import Model
from schemas.ruling import Reason, RulingBody
from schemas.topics import COMMANDS


class OrderHeader(Model):
    """The clear part of what is sealed of an order."""

    v: int = 1
    order_id: str
    key_id: str


class OrderContent(Model):
    """The sealed part of an order: both may hold personal data."""

    reason: Reason
    correction: dict[str, JsonValue] | None = None


class Bodies:
    """Opens what lies sealed in the log, in the parking place and in orders."""

    def __init__(self, log: Log, keys: Keys) -> None:
        self._log = log
        self._keys = keys

    async def record(self, partition: int, offset: int) -> bytes | None:
        """Return a command as it lies in the log; None when the log has let it go."""
        found = await self._log.read(COMMANDS, partition, offset, 1)
        return found[0].value if found and found[0].offset == offset else None

    async def submission(self, value: bytes) -> DossierSubmission:
        """Return what a sender submitted. Unsealable when the key is gone, or the bytes are no such thing."""
        return await self._opened(DossierSubmission, value, read_header(value).key_id)

    async def ruling(self, value: bytes) -> RulingBody:
        """Return the sealed part of a ruling. Unsealable."""
        return await self._opened(RulingBody, value, read_header(value).key_id)

    async def present(self, standing: Standing) -> DossierSubmission:
        """Return what would be sent of a delivery now: corrected, where it was corrected before. Unsealable."""
        value = standing.envelope or await self.record(standing.partition, standing.offset)
        if not value:
            raise Unsealable("neither in the parking place nor in the log")
        return await self.submission(value)

    async def seal_order(self, order_id: str, content: OrderContent) -> bytes:
        """Seal the content of an order under a key of its own."""
        key_id, key = await self._keys.key_for(key_subject(order_id))
        header = OrderHeader(order_id=order_id, key_id=key_id).model_dump_json().encode()
        return seal(header, content.model_dump_json().encode(), key).to_bytes()

    async def order(self, record: OrderRecord) -> OrderContent:
        """Return the content of an order. Unsealable when its key was destroyed."""
        header = stated(OrderHeader, record.sealed)
        return await self._opened(OrderContent, record.sealed, header.key_id)

    async def seal_ruling(self, header: CommandHeader, body: RulingBody) -> bytes:
        """Return a ruling as it goes into the log; the header gets the id of its dossier's key."""
        key_id, key = await self._keys.key_for(header.ordering_key)
        named = header.model_copy(update={"key_id": key_id})
        content = body.model_dump_json(exclude_defaults=True).encode()
        return seal(named.model_dump_json().encode(), content, key).to_bytes()

    async def _opened(self, model: type[AnyModel], value: bytes, key_id: str) -> AnyModel:
        return opened(model, value, await self._keys.key(key_id))
