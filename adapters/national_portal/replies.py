"""Reading the portal's replies: tolerant of types, strict about meaning.

`error_code` comes as a number or as text, `result` as a list or as an object; some gateways put a byte order mark
before the JSON, and firewalls answer pages in its place.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from adapters.national_portal.rules import HTML, SUCCESS_CODES
from adapters.wire.exchange import Answer
from hub.errors import ReplyUnreadable
from hub.ports import Reply

TEXT_CHARS_MAX = 2000
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class PortalReply:
    """One reply: the portal's own code ("" when it gave none), its text (NFC, cut), and the JSON object."""

    http_status: int
    code: str
    text: str
    fields: Mapping[str, object]
    retry_after_s: float | None = None

    @property
    def ok(self) -> bool:
        """Whether HTTP reports success."""
        return 200 <= self.http_status <= 299  # noqa: PLR2004 - the class of successes

    @property
    def succeeded(self) -> bool:
        """Whether HTTP and the portal's code both report success."""
        return self.ok and self.code in SUCCESS_CODES

    @property
    def page(self) -> bool:
        """Whether HTTP reports success, and a page came in place of JSON."""
        return self.ok and not self.code and re.search(HTML, self.text, re.IGNORECASE) is not None

    @property
    def results(self) -> Sequence[object]:
        """The result as a list: an object counts as a list of one, nothing as an empty one."""
        result = self.fields.get("result")
        if isinstance(result, list):
            return result
        return [result] if result else []

    def judged_later(self) -> Reply:
        """Return what the outcome table is asked about: an item that failed speaks for its whole batch."""
        for item in self.results if self.succeeded else ():
            code = _code(item.get("error_code")) if isinstance(item, dict) else ""
            if isinstance(item, dict) and code and code not in SUCCESS_CODES:
                return Reply(self.http_status, code, _text(item, b""))
        return Reply(self.http_status, self.code, self.text, self.retry_after_s)


def read(answer: Answer) -> PortalReply:
    """Read a reply. ReplyUnreadable when HTTP reports success and neither a code nor a page can be found."""
    fields = _json_object(answer.body)
    code = _code(fields.get("error_code"))
    reply = PortalReply(answer.status, code, _text(fields, answer.body), fields, answer.retry_after_s)
    if reply.ok and not code and not reply.page:
        raise ReplyUnreadable("no error_code")
    return reply


def _json_object(body: bytes) -> Mapping[str, object]:
    try:
        value = orjson.loads(body.removeprefix(_BYTE_ORDER_MARK))
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def _code(value: object) -> str:
    """Return the code as text; "" for what is neither a whole number nor text."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def _text(fields: Mapping[str, object], body: bytes) -> str:
    """Return the message, or a result that is mere text; the beginning of the body where there is no JSON object."""
    if not fields:
        text = body[: 4 * TEXT_CHARS_MAX].decode("utf-8", errors="replace")
    else:
        text = next((value for key in ("message", "result") if isinstance(value := fields.get(key), str)), "")
    return unicodedata.normalize("NFC", text[:TEXT_CHARS_MAX])
