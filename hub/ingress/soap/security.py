"""WS-Security: who calls, by a UsernameToken with PasswordText (OASIS WSS UsernameToken Profile 1.1).

Username is `agency/system` and Password the API key. A digest of the password cannot be checked, for the hub keeps
digests of its own kind only. Nonce and Created are not judged: whoever could replay them holds the key itself, and a
repeated write is known by its key, durably and in every process. A Timestamp is judged by what it states.
"""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree
from pydantic import TypeAdapter, ValidationError

from hub.access import ApiKeys, Principal
from hub.errors import BrokenRule, CallerError, Invalid, Unauthenticated
from hub.ingress.soap.bind import BLANKS
from hub.ingress.soap.envelope import Block
from hub.pipeline.validate import CLOCKS_APART_MAX
from schemas.agency import AgencyCode
from schemas.moment import Moment

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
PASSWORD_TEXT = f"{_WSS}-username-token-profile-1.0#PasswordText"
SECURITY = f"{{{WSSE}}}Security"
_TOKEN = f"{{{WSSE}}}UsernameToken"
_TIMESTAMP = f"{{{WSU}}}Timestamp"
_MOMENT: TypeAdapter[datetime] = TypeAdapter(Moment)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a UsernameToken says."""

    username: str
    password: str


def credentials(blocks: tuple[Block, ...], now: datetime) -> Credentials | None:
    """Return what the Security headers say of the caller; None when they name nobody.

    Errors: CallerError for anything but one UsernameToken and one Timestamp, and for a Timestamp out of its time;
    Invalid for a time that cannot be read; Unauthenticated.
    """
    parts = [part for block in blocks if block.element.tag == SECURITY for part in block.element]
    tokens = [part for part in parts if part.tag == _TOKEN]
    stamps = [part for part in parts if part.tag == _TIMESTAMP]
    if len(tokens) + len(stamps) != len(parts) or len(tokens) > 1 or len(stamps) > 1:
        raise _unsupported()
    for stamp in stamps:
        _check_timestamp(stamp, now)
    return _read(tokens[0]) if tokens else None


def authenticated(said: Credentials, api_keys: ApiKeys) -> Principal:
    """Return the holder of the key, who must be the one that is named. Unauthenticated otherwise; why is not said."""
    principal = api_keys.authenticate(said.password)
    agency, _, system = said.username.partition("/")
    if system != principal.system or not _names(agency, principal.agency):
        raise Unauthenticated("another name than the key's")
    return principal


def _names(text: str, agency: AgencyCode) -> bool:
    try:
        return AgencyCode.parse(text) == agency
    except ValueError:
        return False


def _read(token: etree._Element) -> Credentials:
    username, password = (_only(token, f"{{{WSSE}}}{name}") for name in ("Username", "Password"))
    if username is None or password is None:
        raise Unauthenticated("token without name or password")
    if password.get("Type", PASSWORD_TEXT).strip() != PASSWORD_TEXT:
        raise _unsupported()
    return Credentials((username.text or "").strip(BLANKS), (password.text or "").strip(BLANKS))


def _only(parent: etree._Element, name: str) -> etree._Element | None:
    found = parent.findall(name)
    return found[0] if len(found) == 1 else None


def _check_timestamp(stamp: etree._Element, now: datetime) -> None:
    created, expires = (_moment(stamp, name) for name in ("Created", "Expires"))
    if created is not None and created > now + CLOCKS_APART_MAX:
        raise CallerError("timestamp from the future", code="caller.expired")
    if expires is not None and expires < now - CLOCKS_APART_MAX:
        raise CallerError("timestamp expired", code="caller.expired")


def _moment(stamp: etree._Element, name: str) -> datetime | None:
    found = stamp.find(f"{{{WSU}}}{name}")
    if found is None:
        return None
    try:
        return _MOMENT.validate_python((found.text or "").strip(BLANKS))
    except ValidationError:
        raise Invalid([BrokenRule(f"Timestamp.{name}", "date")]) from None


def _unsupported() -> CallerError:
    return CallerError("token", code="caller.token_unsupported")
