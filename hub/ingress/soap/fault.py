"""Errors as SOAP faults: the problem that REST would answer with, in the fault's detail.

SOAP 1.1 sends every fault with status 500 (section 6.2; some toolkits read a fault under no other status). SOAP 1.2
sends Sender with 400 and all others with 500 (part 2, table 20). The problem's own status tells more to either.
"""

from dataclasses import dataclass

from lxml import etree
from starlette.responses import Response

from hub.errors import HubError
from hub.ingress.problems import MEDIA_TYPE, problem_of
from hub.ingress.soap.addressing import NAMESPACE as WSA
from hub.ingress.soap.bind import written
from hub.ingress.soap.envelope import NotUnderstood
from hub.ingress.soap.parse import NotXml
from hub.ingress.soap.version import NAMESPACE, SOAP_11, SOAP_12, SoapVersion
from hub.ingress.soap.words import words_of
from schemas.problem import RULES, FieldProblem, Origin, Problem

_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_OWN_CODES = {"caller.soap_version": "VersionMismatch", "caller.not_understood": "MustUnderstand"}
_NEXT_CONNECTION = frozenset({"caller.slow", "caller.too_large"})
FAULT_ACTION = f"{WSA}/soap/fault"


@dataclass(frozen=True, slots=True)
class Wording:
    """How an answer is worded: the version of SOAP, and the message id that it relates to (empty: none)."""

    version: SoapVersion
    relates_to: str = ""


def problem_at_soap(error: HubError, correlation_id: str) -> Problem:
    """Return what the caller is told about an error, in the words of this door."""
    problem = problem_of(error, correlation_id)
    words = words_of(problem.code)
    changes = {"title": words.vi, "detail_vi": words.vi, "detail_en": words.en}
    fields = (_place(error),) if isinstance(error, NotXml) else problem.fields
    return problem.model_copy(update={**changes, "fields": fields})


def plain_problem(error: HubError, correlation_id: str) -> Response:
    """Return an error to a request that is not SOAP: RFC 9457, as at the REST door."""
    problem = problem_at_soap(error, correlation_id)
    return Response(problem.model_dump_json().encode(), problem.status, media_type=MEDIA_TYPE)


def fault_response(error: HubError, correlation_id: str, wording: Wording) -> Response:
    """Return an error as a fault."""
    problem = problem_at_soap(error, correlation_id)
    code = _OWN_CODES.get(problem.code) or _party(problem.origin, wording.version)
    envelope, body = new_envelope(wording, FAULT_ACTION)
    if wording.version is SOAP_12:
        _tell_in_header(envelope, error)
    fault = etree.SubElement(body, wording.version.name("Fault"))
    fill = _fill_11 if wording.version is SOAP_11 else _fill_12
    written(fill(fault, code, problem), "Problem", problem)
    return xml_response(envelope, wording.version, _status(code, wording.version), _headers(problem))


def new_envelope(wording: Wording, action: str) -> tuple[etree._Element, etree._Element]:
    """Return an envelope and its empty body. With WS-Addressing the header says what it answers."""
    version = wording.version
    envelope = etree.Element(version.name("Envelope"), nsmap={"soap": version.namespace, "hub": NAMESPACE})
    if wording.relates_to:
        header = etree.SubElement(envelope, version.name("Header"))
        for name, text in (("Action", action), ("RelatesTo", wording.relates_to)):
            etree.SubElement(header, f"{{{WSA}}}{name}", nsmap={"wsa": WSA}).text = text
    return envelope, etree.SubElement(envelope, version.name("Body"))


def xml_response(
    envelope: etree._Element, version: SoapVersion, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """Return an envelope as an answer."""
    content = etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")
    return Response(content, status, headers, media_type=f"{version.media_type}; charset=utf-8")


def _party(origin: Origin, version: SoapVersion) -> str:
    return version.caller if origin is Origin.CALLER else version.hub


def _status(code: str, version: SoapVersion) -> int:
    return 400 if version is SOAP_12 and code == SOAP_12.caller else 500


def _headers(problem: Problem) -> dict[str, str]:
    headers = {}
    if problem.retry_after_s is not None:
        headers["Retry-After"] = str(problem.retry_after_s)
    if problem.code in _NEXT_CONNECTION:
        # What is left of the body is not read.
        headers["Connection"] = "close"
    return headers


def _fill_11(fault: etree._Element, code: str, problem: Problem) -> etree._Element:
    etree.SubElement(fault, "faultcode").text = f"soap:{code}"
    etree.SubElement(fault, "faultstring").text = f"{problem.detail_vi} / {problem.detail_en}"
    return etree.SubElement(fault, "detail")


def _fill_12(fault: etree._Element, code: str, problem: Problem) -> etree._Element:
    outer = etree.SubElement(fault, SOAP_12.name("Code"))
    etree.SubElement(outer, SOAP_12.name("Value")).text = f"soap:{code}"
    if code not in _OWN_CODES.values():
        inner = etree.SubElement(outer, SOAP_12.name("Subcode"))
        etree.SubElement(inner, SOAP_12.name("Value")).text = f"hub:{problem.code}"
    reason = etree.SubElement(fault, SOAP_12.name("Reason"))
    for language, text in (("vi", problem.detail_vi), ("en", problem.detail_en)):
        element = etree.SubElement(reason, SOAP_12.name("Text"))
        element.set(_XML_LANG, language)
        element.text = text
    return etree.SubElement(fault, SOAP_12.name("Detail"))


def _tell_in_header(envelope: etree._Element, error: HubError) -> None:
    """Add what SOAP 1.2 wants said there: the versions that are served, or the blocks that were not understood."""
    if error.problem_code == "caller.soap_version":
        upgrade = etree.SubElement(_header(envelope), SOAP_12.name("Upgrade"))
        for served in (SOAP_12, SOAP_11):
            _add_name(upgrade, "SupportedEnvelope", served.name("Envelope"))
    for name in error.names if isinstance(error, NotUnderstood) else ():
        _add_name(_header(envelope), "NotUnderstood", name)


def _header(envelope: etree._Element) -> etree._Element:
    found = envelope.find(SOAP_12.name("Header"))
    if found is None:
        found = etree.Element(SOAP_12.name("Header"))
        envelope.insert(0, found)
    return found


def _add_name(parent: etree._Element, element: str, name: str) -> None:
    """Add an element of SOAP 1.2 that names another one."""
    other = etree.QName(name)
    declared = {"other": other.namespace} if other.namespace else {}
    made = etree.SubElement(parent, SOAP_12.name(element), nsmap=declared)
    prefix = next((prefix for prefix, uri in made.nsmap.items() if prefix and uri == other.namespace), None)
    made.set("qname", f"{prefix}:{other.localname}" if prefix else other.localname)


def _place(error: NotXml) -> FieldProblem:
    words = RULES[error.rule]
    return FieldProblem(
        path="$",
        rule=error.rule,
        vi=f"{words.vi} (dòng {error.line}, cột {error.column})",
        en=f"{words.en} (line {error.line}, column {error.column})",
    )
