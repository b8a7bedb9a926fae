"""EMC as a platform: one address that takes events and adds each of them, whether it has seen it or not."""

from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson

from ops.sandbox.emc.event_form import FIELDS, problem_of
from ops.sandbox.emc.settings import EmcSettings
from ops.sandbox.exchange import HTML_TYPE, Reply, Request, json_reply
from ops.sandbox.fault import Call, Fault, Twist
from ops.sandbox.ledger import Effect, Ledger, Origin, Row
from ops.sandbox.platform import NotOffered

SERVICE = "TrackingMCDT"
EVENT = "event"

_FIREWALL_PAGE = b"<html><head><title>Request Rejected</title></head><body>SANDBOX: request rejected</body></html>"


class Emc:
    """Dossier tracking."""

    name = "emc"
    twists: Mapping[str, Twist] = {}

    def __init__(self, settings: EmcSettings, ledger: Ledger) -> None:
        self.body_bytes_max = settings.body_bytes_max
        self._settings = settings
        self._ledger = ledger
        self._site_id = settings.site_id
        self._refusals: Counter[str] = Counter()
        self._events = 0

    def restore(self, row: Row) -> None:
        """Count an event that was written before a restart."""
        self._events += row["kind"] == EVENT

    def read(self, request: Request) -> Call:
        """Understand a request."""
        if request.path != self._settings.path:
            return Call("", lambda _fault: self._refuse(404, "path", "Không có địa chỉ này"))
        if request.method != "POST":
            return Call("", lambda _fault: self._refuse(405, "method", "Chỉ nhận phương thức POST"))
        if request.headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            return Call("", lambda _fault: self._refuse(415, "content_type", "Content-Type phải là application/json"))
        document = self._document(request.body)
        if document is None:
            return Call("", lambda _fault: self._refuse(400, "malformed", "Nội dung phải là đối tượng JSON"))
        return Call(
            SERVICE, partial(self._track, document, Origin(request.connection, SERVICE)), partial(_about, document)
        )

    def too_large(self) -> Reply:
        """Refuse a body over the limit."""
        return self._refuse(413, "size", "Nội dung quá lớn")

    def firewall_page(self) -> Reply:
        """Answer 200 with a page of HTML, as application firewalls do."""
        return Reply(200, _FIREWALL_PAGE, HTML_TYPE)

    def expire_sessions(self) -> int:
        """Refuse: every event carries the registration of its site."""
        raise NotOffered("EMC has no sessions")

    def rotate(self, credentials: Mapping[str, str]) -> None:
        """Register the site under another number until the next restart."""
        site_id = credentials.get("site_id", "")
        if credentials.keys() != {"site_id"} or not (site_id.isascii() and site_id.isdigit()):
            raise NotOffered('EMC rotates {"site_id": "<whole number>"}')
        self._site_id = int(site_id)

    def tamper(self, order: str, key: str, fields: Mapping[str, str]) -> None:  # noqa: ARG002 - the protocol
        """Refuse: nothing that it shows was sent by the hub."""
        raise NotOffered("EMC keeps events, and shows none")

    def state(self) -> dict[str, object]:
        """Return sizes and settings."""
        return {"events": self._events, "site_id": self._site_id, "settings": self._settings.model_dump()}

    def refusals(self) -> dict[str, int]:
        """Return the refusals by reason."""
        return dict(self._refusals)

    def _document(self, body: bytes) -> Mapping[str, Any] | None:
        """Return the event under the names of `FIELDS`; None when it is no JSON object."""
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            return None
        if not isinstance(document, dict):
            return None
        return _renamed(document) if self._settings.field_names == "lower_first" else document

    def _track(self, event: Mapping[str, Any], origin: Origin, _fault: Fault | None) -> Reply:
        if (problem := problem_of(event)) is not None:
            return self._refuse(400, "field", problem)
        profile = self._settings.code_profile or event["MaHoSo"]
        if (event["SiteId"], event["CodeProfile"]) != (self._site_id, profile):
            return self._refuse(self._settings.site_status, "site", "SiteId, CodeProfile chưa được đăng ký")
        self._ledger.append(origin, [Effect(EVENT, event["MaHoSo"], event)])
        self._events += 1
        return json_reply({"message": "[SANDBOX] Đã ghi nhận"})

    def _refuse(self, status: int, reason: str, text: str) -> Reply:
        self._refusals[reason] += 1
        return json_reply({"message": f"[SANDBOX] {text}"}, status)


def _about(event: Mapping[str, Any]) -> tuple[str, ...]:
    code = event.get("MaHoSo")
    return (code,) if isinstance(code, str) else ()


def _renamed(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return fields spelled `maHoSo` under their listed names; others become unknown fields."""
    listed = {name[0].lower() + name[1:]: name for name in FIELDS}
    return {listed.get(name, f"{name}?"): value for name, value in document.items()}
