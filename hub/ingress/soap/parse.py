"""XML from strangers: UTF-8, no DOCTYPE, no processing instruction, and bounds before anything is built.

Without a DOCTYPE there are no entities to expand and nothing to fetch. libxml2 itself ends at a depth of 256 and at
10 MB of text; the size of the body is bounded by whoever read it.
"""

import re

from lxml import etree

from hub.errors import Malformed, TooLarge
from hub.ingress.reading import HEAVY_BYTES, VALUES_MAX

ELEMENTS_MAX = VALUES_MAX
ATTRIBUTES_MAX = VALUES_MAX
"""Also namespace declarations. Some toolkits state a type on every element."""

_BOM = b"\xef\xbb\xbf"
_OTHER_ENCODINGS = (b"\xff\xfe", b"\xfe\xff", b"\x00", b"<\x00", b"+/v", b"\x4c\x6f\xa7\x94")
"""UTF-16 and UTF-32 in either order, with a mark or without; UTF-7; EBCDIC."""
_DECLARATION = re.compile(rb"<\?xml[ \t\r\n][^?<>]{0,200}\?>")
_ENCODING = re.compile(rb"encoding[ \t\r\n]*=[ \t\r\n]*[\"']([^\"']*)[\"']")
_BLANKS = b" \t\r\n"
_UTF_8 = frozenset({b"utf-8", b"us-ascii"})


class NotXml(Malformed):
    """The body is not the XML that SOAP allows; `rule` says why and `line` and `column` where."""

    def __init__(self, rule: str, line: int = 1, column: int = 1) -> None:
        super().__init__(f"{rule}, line {line}, column {column}")
        self.rule = rule
        self.line = line
        self.column = column


def parse(body: bytes) -> etree._Element:
    """Return the root element. Errors: NotXml, TooLarge (elements or attributes)."""
    _check_prolog(body)
    if len(body) > HEAVY_BYTES:
        _weigh(body)
    root = _built(body)
    # Cheap to ask and rare to find: a literal `<?` behind the declaration may also stand in CDATA.
    if body.count(b"<?") > 1 or b"<?xml" not in body[:64]:
        _check_instructions(body, root)
    return root


def _check_prolog(body: bytes) -> None:
    """Pass when nothing but a declaration, blanks and comments stand before the root element."""
    if body.startswith(_OTHER_ENCODINGS):
        raise NotXml("encoding")
    at = len(_BOM) if body.startswith(_BOM) else 0
    if declaration := _DECLARATION.match(body, at):
        _check_encoding(declaration[0])
        at = declaration.end()
    at = _after_comments(body, at)
    if body.startswith(b"<!", at):
        raise NotXml("doctype")
    if body.startswith(b"<?", at):
        raise NotXml("instruction")


def _check_encoding(declaration: bytes) -> None:
    stated = _ENCODING.search(declaration)
    if stated and stated[1].lower() not in _UTF_8:
        raise NotXml("encoding")


def _after_comments(body: bytes, at: int) -> int:
    while True:
        while body[at : at + 1] in (b" ", b"\t", b"\r", b"\n"):
            at += 1
        if not body.startswith(b"<!--", at):
            return at
        end = body.find(b"-->", at)
        if end < 0:
            return at
        at = end + 3


def _weigh(body: bytes) -> None:
    """Refuse very many elements or attributes by counting marks, which is much cheaper than building them."""
    if body.count(b"<") > 2 * ELEMENTS_MAX:
        raise TooLarge("number of elements")
    dense = body.translate(None, _BLANKS)
    if dense.count(b'="') + dense.count(b"='") > ATTRIBUTES_MAX:
        raise TooLarge("number of attributes")


def _built(body: bytes) -> etree._Element:
    # The encoding is fixed here, whatever a declaration says.
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=True,
    )
    try:
        return etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        rule = "encoding" if error.code == _BAD_BYTES else "xml"
        raise NotXml(rule, max(line or 1, 1), max(column or 1, 1)) from None


_BAD_BYTES = etree.ErrorTypes.ERR_INVALID_ENCODING


def _check_instructions(body: bytes, root: etree._Element) -> None:
    if b"<?" not in body:
        return
    everywhere = (root.iter(etree.PI), root.itersiblings(etree.PI), root.itersiblings(etree.PI, preceding=True))
    if any(next(found, None) is not None for found in everywhere):
        raise NotXml("instruction")
