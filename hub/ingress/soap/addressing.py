"""WS-Addressing 1.0, as far as a synchronous answer needs it: MessageID, Action, To, and answers to the sender."""

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree

from hub.ingress.soap.envelope import Block

NAMESPACE = "http://www.w3.org/2005/08/addressing"
ANONYMOUS = f"{NAMESPACE}/anonymous"
_NAMED = ("MessageID", "Action", "To")
_ANSWERED = ("ReplyTo", "FaultTo")
_UNHEEDED = ("From", "RelatesTo")
TEXT_MAX = 256


@dataclass(frozen=True, slots=True)
class Addressing:
    """What a request says of itself; empty where it says nothing."""

    message_id: str = ""
    action: str = ""


def understands(element: etree._Element) -> bool:
    """Whether the hub does what the header block asks for: answers go back on the same connection and nowhere else."""
    name = etree.QName(element)
    if name.namespace != NAMESPACE:
        return False
    if name.localname in _ANSWERED:
        return _text(element.find(f"{{{NAMESPACE}}}Address")) == ANONYMOUS
    return name.localname in (*_NAMED, *_UNHEEDED)


def addressing(blocks: Iterable[Block]) -> Addressing:
    """Return what the header blocks say."""
    said = {block.element.tag: _text(block.element) for block in blocks}
    return Addressing(said.get(f"{{{NAMESPACE}}}MessageID", ""), said.get(f"{{{NAMESPACE}}}Action", ""))


def _text(element: etree._Element | None) -> str:
    return "" if element is None else (element.text or "").strip()[:TEXT_MAX]
