"""Following: what became of a message or a dossier, told to those whom it concerns."""

from hub.access import Grants, Principal, Service
from hub.errors import NotFound
from hub.ingress.recent import Recent, just_accepted
from hub.pipeline.message_ids import is_message_id
from hub.ports import ReadModels
from schemas.agency import AgencyCode
from schemas.dossier import DossierCode
from schemas.timeline import MessageLine, Timeline


class Follow:
    """Answers from the read models. What is not there and what is not the caller's look alike."""

    def __init__(self, grants: Grants, read_models: ReadModels, recent: Recent) -> None:
        self._grants = grants
        self._read_models = read_models
        self._recent = recent

    async def message(self, principal: Principal, message_id: str) -> MessageLine:
        """Return where a message of the caller's agency stands. Errors: Forbidden, NotFound."""
        self._grants.require(principal, Service.DOSSIER_FOLLOW)
        found = await self._found(message_id) if is_message_id(message_id) else None
        if found is None or not principal.agency.covers(AgencyCode.parse(found.sender_agency)):
            raise NotFound("no such message of this agency")
        return found

    async def timeline(self, principal: Principal, code: str) -> Timeline:
        """Return everything known of a dossier of the caller's agency. Errors: Forbidden, NotFound."""
        self._grants.require(principal, Service.DOSSIER_FOLLOW)
        found = await self._read_models.timeline(_own_key(principal, code))
        if found is None:
            raise NotFound("no such dossier")
        return found

    async def _found(self, message_id: str) -> MessageLine | None:
        sender = await self._read_models.sender_of(message_id)
        timeline = await self._read_models.timeline(sender[1]) if sender else None
        for line in timeline.messages if timeline else ():
            if line.message_id == message_id:
                return line
        header = self._recent.header(message_id)
        return just_accepted(header) if header else None


def _own_key(principal: Principal, code: str) -> str:
    """Return the ordering key of a dossier of the principal's agency. NotFound otherwise."""
    try:
        parsed = DossierCode.parse(code)
    except ValueError:
        raise NotFound("not a dossier code") from None
    if not principal.agency.covers(parsed.agency):
        raise NotFound("dossier of another agency")
    return str(parsed)
