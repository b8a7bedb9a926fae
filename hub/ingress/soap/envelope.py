"""Envelopes: header blocks that are meant for the hub, and the one element of the body."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from hub.errors import CallerError
from hub.ingress.soap.parse import NotXml
from hub.ingress.soap.version import SoapVersion

_TRUE = frozenset({"1", "true"})


class NotUnderstood(CallerError):
    """Header blocks that must be understood are not; `names` in braces notation are told to the caller alone."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__("mustUnderstand", code="caller.not_understood")
        self.names = tuple(names)


@dataclass(frozen=True, slots=True)
class Block:
    """One header block that is meant for the hub."""

    element: etree._Element
    must_understand: bool


@dataclass(frozen=True, slots=True)
class Envelope:
    """A SOAP message, taken apart."""

    blocks: tuple[Block, ...]
    content: etree._Element


def opened(root: etree._Element, version: SoapVersion) -> Envelope:
    """Take an envelope of a version apart. Errors: NotXml; CallerError when it is of another version."""
    if root.tag != version.name("Envelope"):
        if etree.QName(root).localname == "Envelope":
            raise CallerError("SOAP version", code="caller.soap_version")
        raise NotXml("envelope", root.sourceline or 1)
    header, body = _parts(root, version)
    blocks = [] if header is None else [_block(element, version) for element in header if _mine(element, version)]
    return Envelope(tuple(blocks), body[0])


def _parts(root: etree._Element, version: SoapVersion) -> tuple[etree._Element | None, etree._Element]:
    parts = list(root)
    header = parts.pop(0) if parts and parts[0].tag == version.name("Header") else None
    if len(parts) != 1 or parts[0].tag != version.name("Body") or len(parts[0]) != 1:
        raise NotXml("envelope", root.sourceline or 1)
    return header, parts[0]


def _mine(element: etree._Element, version: SoapVersion) -> bool:
    return element.get(version.name(version.role), "").strip() in version.mine


def _block(element: etree._Element, version: SoapVersion) -> Block:
    return Block(element, element.get(version.name("mustUnderstand"), "").strip() in _TRUE)
