"""What a request must look like before the portal reads its content: path, method, headers, JSON."""

from collections.abc import Mapping
from typing import Any

import orjson

from ops.sandbox.exchange import Request
from ops.sandbox.portal.settings import PortalSettings


class Refused(Exception):
    """The request does not get in; answered with that HTTP status, `error_code` and text."""

    def __init__(self, status: int, code: str, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.text = text


class Gate:
    """Checks the outside of requests. Assumed: the HTTP status of each refusal."""

    def __init__(self, settings: PortalSettings) -> None:
        self._settings = settings
        self._dstcode = settings.dstcode.encode()
        self._paths = {settings.login_path, settings.service_path}

    def document(self, request: Request) -> dict[str, Any]:
        """Return the JSON object in the body. Error: Refused."""
        malformed = self._settings.codes.malformed
        if request.path not in self._paths:
            raise Refused(404, malformed, "Không có địa chỉ này")
        if request.method != "POST":
            raise Refused(405, malformed, "Chỉ nhận phương thức POST")
        self._check_headers(request.headers)
        try:
            document = orjson.loads(request.body)
        except orjson.JSONDecodeError:
            raise Refused(400, malformed, "Nội dung không phải JSON") from None
        if not isinstance(document, dict):
            raise Refused(400, malformed, "Nội dung phải là đối tượng JSON")
        return document

    def _check_headers(self, headers: Mapping[bytes, bytes]) -> None:
        settings, wrong = self._settings, self._settings.codes.header_refused
        if headers.get(b"content-type", b"").split(b";")[0].strip().lower() != b"application/json":
            raise Refused(415, wrong, "Content-Type phải là application/json")
        if headers.get(b"dstcode") != self._dstcode:
            raise Refused(settings.header_status, wrong, "dstcode không đúng")
        if not settings.headers_strict:
            return
        if b"application/json" not in headers.get(b"accept", b""):
            raise Refused(settings.header_status, wrong, "thiếu Accept: application/json")
        if headers.get(b"charset", b"").lower() != b"utf-8":
            raise Refused(settings.header_status, wrong, "thiếu Charset: utf-8")
