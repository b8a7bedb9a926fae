"""SOAP 1.1 (W3C note of 8 May 2000) and 1.2 (W3C recommendation): one address serves both."""

import re
from dataclasses import dataclass

from starlette.requests import Request

from hub.errors import CallerError

NAMESPACE = "urn:hub:soap:v1"
"""The target namespace of the contract."""

_TYPE = re.compile(r"[ \t]*([A-Za-z0-9.+/-]+)[ \t]*((?:;.*)?)", re.DOTALL)
_PARAMETER = re.compile(r';[ \t]*([A-Za-z0-9_-]+)[ \t]*=[ \t]*("[^"]*"|[^\s;"]*)[ \t]*')


@dataclass(frozen=True, slots=True)
class SoapVersion:
    """One version: its namespace, its media type, and its names for the parties and for "meant for you"."""

    namespace: str
    media_type: str
    caller: str
    hub: str
    role: str
    mine: frozenset[str]

    def name(self, local: str) -> str:
        """Return a name of the envelope in braces notation."""
        return f"{{{self.namespace}}}{local}"


SOAP_11 = SoapVersion(
    namespace="http://schemas.xmlsoap.org/soap/envelope/",
    media_type="text/xml",
    caller="Client",
    hub="Server",
    role="actor",
    mine=frozenset({"", "http://schemas.xmlsoap.org/soap/actor/next"}),
)
SOAP_12 = SoapVersion(
    namespace="http://www.w3.org/2003/05/soap-envelope",
    media_type="application/soap+xml",
    caller="Sender",
    hub="Receiver",
    role="role",
    mine=frozenset(
        {
            "",
            "http://www.w3.org/2003/05/soap-envelope/role/next",
            "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver",
        }
    ),
)
_VERSIONS = {version.media_type: version for version in (SOAP_11, SOAP_12)}


@dataclass(frozen=True, slots=True)
class Declared:
    """What the HTTP headers say of a request. `action` is empty when none was stated."""

    version: SoapVersion
    action: str


def declared(request: Request) -> Declared:
    """Read the Content-Type and the SOAPAction. CallerError when it is not SOAP in plain UTF-8."""
    found = _TYPE.fullmatch(request.headers.get("content-type", ""))
    version = _VERSIONS.get(found[1].lower()) if found else None
    if found is None or version is None:
        raise _not_soap()
    parameters = {name.lower(): value.strip('"') for name, value in _PARAMETER.findall(found[2])}
    plain = request.headers.get("content-encoding", "identity").lower() == "identity"
    if not plain or parameters.get("charset", "utf-8").lower() != "utf-8":
        raise _not_soap()
    stated = request.headers.get("soapaction", "") if version is SOAP_11 else parameters.get("action", "")
    return Declared(version, stated.strip().strip('"'))


def _not_soap() -> CallerError:
    return CallerError("not declared as SOAP", code="caller.media_type")
