"""The SOAP operations: what each reads from its element, which use case it asks, what it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from lxml import etree

from hub.access import Principal
from hub.errors import CallerError
from hub.ingress.endpoints import RestRooms
from hub.ingress.reading import checked_key
from hub.ingress.soap.bind import bound, children, text_of
from hub.ingress.soap.version import NAMESPACE
from schemas.citizen import CitizenQuery
from schemas.dossier import DossierSubmission
from schemas.model import Model

_KEY = "idempotency_key"

Ask = Callable[[RestRooms, Principal], Awaitable[Model]]
"""A request that is read: asks the use case for the caller."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation. `read` takes its element and the wsa:MessageID; the answer is the element `answer`."""

    name: str
    answer: str
    read: Callable[[etree._Element, str], Ask]

    @property
    def action(self) -> str:
        """The SOAPAction of the contract."""
        return f"{NAMESPACE}:{self.name}"

    @property
    def answer_action(self) -> str:
        """The action of the answer, by the default pattern of WS-Addressing 1.0 (Metadata, 4.4.4)."""
        return f"{NAMESPACE}:Hub:{self.name}Response"


def operation_of(content: etree._Element, actions: tuple[str, ...]) -> Operation:
    """Return the operation of a body. CallerError when there is none, or a stated action names another one."""
    operation = _OPERATIONS.get(str(content.tag))
    if operation is None or any(action not in ("", operation.action) for action in actions):
        raise CallerError("operation", code="caller.operation")
    return operation


def _submit(element: etree._Element, message_id: str) -> Ask:
    parts = children(element, ("dossier",), (_KEY,))
    key = text_of(parts[_KEY], _KEY) if _KEY in parts else ""
    checked = checked_key(key, _KEY) if key else checked_key(message_id, "MessageID")
    submission = bound(DossierSubmission, parts["dossier"])
    return lambda rooms, principal: rooms.acceptance.accept(principal, submission, checked)


def _look_up(element: etree._Element, _: str) -> Ask:
    query = bound(CitizenQuery, children(element, ("query",))["query"])
    return lambda rooms, principal: rooms.lookup.ask(principal, query)


def _status(element: etree._Element, _: str) -> Ask:
    message_id = text_of(children(element, ("message_id",))["message_id"], "message_id")
    return lambda rooms, principal: rooms.follow.message(principal, message_id)


def _timeline(element: etree._Element, _: str) -> Ask:
    code = text_of(children(element, ("dossier_code",))["dossier_code"], "dossier_code")
    return lambda rooms, principal: rooms.follow.timeline(principal, code)


OPERATIONS = (
    Operation("LookUpCitizen", "answer", _look_up),
    Operation("SubmitDossier", "receipt", _submit),
    Operation("GetDossierStatus", "message", _status),
    Operation("GetDossierTimeline", "timeline", _timeline),
)
_OPERATIONS = {f"{{{NAMESPACE}}}{operation.name}": operation for operation in OPERATIONS}
