"""SOAP 1.1 replies: HTTP status first, then the envelope, read by a parser that trusts nothing.

No DOCTYPE, hence no entities; depth and amplification are bounded by the parser, size by the exchange. Error texts
name the kind of failure only: nothing that the platform wrote.
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

from lxml import etree

from adapters.wire.exchange import Answer
from adapters.wire.retry_after import whole_s
from adapters.wire.soap_fault import TEXT_MAX, FaultRule, SoapFault, judged_fault
from hub.errors import NotSent, RefusedUs, ReplyLost, ReplyUnreadable

ENVELOPE: Final = "http://schemas.xmlsoap.org/soap/envelope/"
_REFUSED_US = frozenset({401, 403, 404, 405, 407, 410})
_UNAVAILABLE = frozenset({429, 503})
_TOO_MANY = 429
_TOO_MANY_S = 1
"""For how long a platform that was called too often and names no time is left alone."""
_GATEWAYS = frozenset({502, 504})
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_OK = 200
_REDIRECTS = range(300, 400)
_SERVER_ERRORS = 500


def body_element(answer: Answer, faults: Sequence[FaultRule]) -> etree._Element:
    """Return the one element in the body of a good reply.

    Errors: RefusedUs (account, clock, path, or a page made for people in the place of the service), NotSent
    (unavailable by its own word), ReplyLost (a gateway that got no answer), ReplyUnreadable, and what the table makes
    of a fault.
    """
    _check_status(answer)
    content = _content(_envelope(answer.body))
    if content.tag == f"{{{ENVELOPE}}}Fault":
        raise judged_fault(_fault(content), faults)
    if answer.status != _OK:
        raise ReplyUnreadable(f"HTTP {answer.status}")
    return content


def _check_status(answer: Answer) -> None:
    """Raise for what the status or the kind of page decides. Faults may come with any other status."""
    if answer.status in _REFUSED_US or answer.status in _REDIRECTS:
        raise RefusedUs(f"HTTP {answer.status}")
    if answer.status in _UNAVAILABLE:
        silent_s = _TOO_MANY_S if answer.status == _TOO_MANY else None
        raise NotSent(f"HTTP {answer.status}", retry_after_s=whole_s(answer.retry_after_s) or silent_s)
    if answer.status in _GATEWAYS:
        raise ReplyLost(f"HTTP {answer.status}")
    if _is_page(answer):
        error = ReplyUnreadable if answer.status >= _SERVER_ERRORS else RefusedUs
        raise error(f"HTTP {answer.status} with a page")


def _is_page(answer: Answer) -> bool:
    start = answer.body[:200].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    return answer.media_type in _HTML or start.startswith((b"<!doctype html", b"<html"))


def _envelope(body: bytes) -> etree._Element:
    """Parse a reply. ReplyUnreadable when it is not XML, has a DOCTYPE, or is no SOAP 1.1 envelope."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise ReplyUnreadable("not XML") from None
    if root.getroottree().docinfo.doctype:
        raise ReplyUnreadable("DOCTYPE")
    if root.tag != f"{{{ENVELOPE}}}Envelope":
        raise ReplyUnreadable("not a SOAP envelope")
    return root


def _content(envelope: etree._Element) -> etree._Element:
    bodies = envelope.findall(f"{{{ENVELOPE}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise ReplyUnreadable("not one element in one SOAP body")
    return bodies[0][0]


def _fault(element: etree._Element) -> SoapFault:
    """Read a fault; its parts have no namespace in SOAP 1.1, and get one from careless platforms."""
    code, text = (_line(element.findtext(f"{{*}}{name}")) for name in ("faultcode", "faultstring"))
    return SoapFault(code.rpartition(":")[2], text)


def _line(text: str | None) -> str:
    return unicodedata.normalize("NFC", (text or "").strip()[:TEXT_MAX])
