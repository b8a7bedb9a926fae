"""The portal as a platform: sessions in front, services behind."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ops.sandbox.clock import Clock
from ops.sandbox.exchange import HTML_TYPE, Reply, Request
from ops.sandbox.fault import Call, Fault, Twist
from ops.sandbox.ledger import Ledger, Origin, Row
from ops.sandbox.platform import NotOffered
from ops.sandbox.portal.answers import Answers
from ops.sandbox.portal.book import Book
from ops.sandbox.portal.catalogue import Catalogue
from ops.sandbox.portal.gate import Gate, Refused
from ops.sandbox.portal.services import UNKNOWN, Services
from ops.sandbox.portal.sessions import Sessions
from ops.sandbox.portal.settings import PortalSettings

LOGIN = "login"
_PARTIAL_ITEMS_MIN = 2
_FIREWALL_PAGE = (
    b"<html><head><title>Request Rejected</title></head><body>SANDBOX: The requested URL was rejected. "
    b"Please consult with your administrator.</body></html>"
)


def _is_service(call: Call) -> bool:
    return call.service not in ("", LOGIN, UNKNOWN)


def _is_batch(call: Call) -> bool:
    return call.size >= _PARTIAL_ITEMS_MIN


def _always(_call: Call) -> bool:
    return True


class Portal:
    """`/mapi/login` and `/mapi/g`."""

    name = "national_portal"
    twists: Mapping[str, Twist] = {
        "expire_session": _is_service,
        "success_code_failure_text": _is_service,
        "partial_batch": _is_batch,
        "error_code_as_int": _always,
        "error_code_as_str": _always,
    }

    def __init__(self, settings: PortalSettings, ledger: Ledger, clock: Clock, seed: int) -> None:
        self.body_bytes_max = settings.body_bytes_max
        self._settings = settings
        self._password = settings.password
        self._gate = Gate(settings)
        self._answers = Answers(settings, seed)
        self._sessions = Sessions(settings.session_age_max_s, settings.sessions_max, clock, seed)
        self._book = Book.opened(ledger)
        self._services = Services(settings, self._book, Catalogue(), self._answers)

    def restore(self, row: Row) -> None:
        """Take in one row that was written before a restart."""
        self._book.restore(row)

    def read(self, request: Request) -> Call:
        """Understand a request."""
        try:
            document = self._gate.document(request)
        except Refused as refused:
            return Call("", partial(self._refuse, refused))
        if request.path == self._settings.login_path:
            return Call(LOGIN, partial(self._login, document))
        origin = Origin(request.connection, self._services.name_of(document.get("service")))
        return Call(origin.service, partial(self._serve, document, origin), partial(_codes, document), _size(document))

    def too_large(self) -> Reply:
        """Refuse a body over the limit."""
        return self._answers.refused(self._settings.codes.malformed, "Nội dung quá lớn", None, status=413)

    def firewall_page(self) -> Reply:
        """Answer 200 with a page of HTML, as application firewalls do."""
        return Reply(200, _FIREWALL_PAGE, HTML_TYPE)

    def expire_sessions(self) -> int:
        """End all sessions."""
        return self._sessions.expire()

    def rotate(self, credentials: Mapping[str, str]) -> None:
        """Change the password until the next restart; sessions live on."""
        if credentials.keys() != {"password"} or not credentials["password"]:
            raise NotOffered('the portal rotates {"password": "..."}')
        self._password = credentials["password"]

    def tamper(self, order: str, key: str, fields: Mapping[str, str]) -> None:
        """Lose a dossier, set it back to its state before, alter some fields of it, or invent one."""
        self._book.tamper(Origin("control", "book"), order, key, fields)

    def state(self) -> dict[str, object]:
        """Return sizes and settings; the password is left out."""
        settings = self._settings.model_dump(exclude={"password"})
        return {**self._book.state(), "sessions": len(self._sessions), "settings": settings}

    def refusals(self) -> dict[str, int]:
        """Return the refusals by `error_code`."""
        return dict(self._answers.refusals)

    def _refuse(self, refused: Refused, twist: Fault | None) -> Reply:
        return self._answers.refused(refused.code, refused.text, twist, status=refused.status)

    def _login(self, document: dict[str, Any], twist: Fault | None) -> Reply:
        codes = self._settings.codes
        if document.keys() != {"username", "password"}:
            return self._answers.refused(codes.malformed, "Cần đúng hai trường username, password", twist)
        if (document["username"], document["password"]) != (self._settings.username, self._password):
            return self._answers.refused(codes.login_refused, "Sai tên đăng nhập hoặc mật khẩu", twist)
        return self._answers.session(self._sessions.begin(), twist)

    def _serve(self, document: dict[str, Any], origin: Origin, twist: Fault | None) -> Reply:
        codes = self._settings.codes
        if twist is not None and twist.kind == "expire_session":
            self._sessions.expire()
        if not self._sessions.valid(document.get("session")):
            return self._answers.refused(codes.session_refused, "session không hợp lệ hoặc đã hết hạn", twist)
        if document.get("madonvi") != self._settings.madonvi:
            return self._answers.refused(codes.unit_refused, "madonvi không được phép", twist)
        if twist is None or twist.kind != "success_code_failure_text":
            return self._services.serve(document, origin, twist)
        if twist.acts:
            self._services.serve(document, origin, None)
        return self._answers.failed_in_text(twist)


def _items(document: dict[str, Any]) -> list[Any]:
    items = document.get("data")
    return items if isinstance(items, list) else []


def _size(document: dict[str, Any]) -> int:
    return len(_items(document))


def _codes(document: dict[str, Any]) -> tuple[str, ...]:
    """Return the dossiers that a call is about."""
    named = [item.get("MaHoSo") for item in _items(document) if isinstance(item, dict)]
    return tuple(code for code in (*named, document.get("mahoso")) if isinstance(code, str))
