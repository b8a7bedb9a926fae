"""SOAP 1.1 by hand: takes a request out of its envelope, puts answers and faults into theirs."""

from dataclasses import dataclass
from importlib import resources

from lxml import etree

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
REQUEST_NS = "http://dancuquocgia.bca"
RECORD_NS = "http://www.mic.gov.vn/dancu/1.0"

_OPEN = f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Body>'.encode()
_CLOSE = b"</soapenv:Body></soapenv:Envelope>"
_COLLECTION = f'<ns1:CongdanCollection xmlns:ns1="{RECORD_NS}">'.encode()
_ELEMENTS_MAX = 200
_ANY = f"{{{REQUEST_NS}}}*"
_PREFIX_LENGTH = len(_ANY) - 1


@dataclass(frozen=True, slots=True)
class Lookup:
    """One request, as it came. Exactly one of `birth_date` (yyyyMMdd) and `birth_year` is set."""

    request_id: str
    public_service: str
    officer: str
    unit: str
    account: str
    number: str
    old_number: str
    name: str
    birth_date: str
    birth_year: str


class Unreadable(Exception):
    """The request is not what the service takes; the text names the place, never the value."""


class Reader:
    """Reads envelopes with a parser that resolves nothing, and validates what they hold against the schema."""

    def __init__(self) -> None:
        source = (resources.files("ops.sandbox.population") / "request.xsd").read_bytes()
        self._schema = etree.XMLSchema(etree.fromstring(source, _parser()))

    def lookup(self, body: bytes) -> Lookup:
        """Take the request out of an envelope. Error: Unreadable."""
        request = _payload(_parsed(body))
        if not self._schema.validate(request):
            raise Unreadable(self._place())
        found = {str(one.tag)[_PREFIX_LENGTH:]: one.text or "" for one in request.iter(_ANY)}
        return Lookup(
            request_id=found["MaYeuCau"],
            public_service=found["MaDVC"],
            officer=found["MaCanBo"],
            unit=found.get("MaDonVi", ""),
            account=found.get("TaiKhoan", ""),
            number=found.get("SoDinhDanh", ""),
            old_number=found.get("SoCMND", ""),
            name=found["HoVaTen"],
            birth_date=found.get("NgayThangNam", ""),
            birth_year=found.get("Nam", ""),
        )

    def _place(self) -> str:
        """Say which element broke which rule; libxml2's own message would repeat the value."""
        entry = self._schema.error_log[0]
        element = (entry.path or "").rpartition("/")[2].rpartition(":")[2] or "TraCuuThongTinCongDan"
        return f"{element}: {entry.type_name}"


def collection(people: list[bytes]) -> bytes:
    """Write the answer: the collection, without CongDan when nobody matched."""
    return b"".join((_OPEN, _COLLECTION, *people, b"</ns1:CongdanCollection>", _CLOSE))


def soap_fault(side: str, text: str) -> bytes:
    """Write a fault; `side` is Client or Server."""
    fault = etree.Element(f"{{{SOAP}}}Fault", nsmap={"soapenv": SOAP})
    etree.SubElement(fault, "faultcode").text = f"soapenv:{side}"
    etree.SubElement(fault, "faultstring").text = f"[SANDBOX] {text}"
    return b"".join((_OPEN, etree.tostring(fault, encoding="utf-8"), _CLOSE))


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
    )


def _parsed(body: bytes) -> etree._Element:
    try:
        root = etree.fromstring(body, _parser())
    except etree.XMLSyntaxError:
        raise Unreadable("not well-formed XML") from None
    if root.getroottree().docinfo.doctype:
        raise Unreadable("DOCTYPE is not taken")
    if sum(1 for _ in root.iter()) > _ELEMENTS_MAX:
        raise Unreadable("too many elements")
    return root


def _payload(root: etree._Element) -> etree._Element:
    """Return the one element in the Body."""
    if root.tag != f"{{{SOAP}}}Envelope":
        raise Unreadable("the root is not a SOAP 1.1 Envelope")
    bodies = [one for one in root if one.tag == f"{{{SOAP}}}Body"]
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Unreadable("one Body with one element is wanted")
    if bodies[0][0].tag != f"{{{REQUEST_NS}}}TraCuuThongTinCongDan":
        raise Unreadable("TraCuuThongTinCongDan is wanted")
    return bodies[0][0]
