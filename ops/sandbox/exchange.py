"""One request and one reply in the form that sandboxes work with, and their way through ASGI."""

from dataclasses import dataclass

import orjson
from starlette.types import Receive, Scope, Send

JSON_TYPE = b"application/json; charset=utf-8"
HTML_TYPE = b"text/html; charset=utf-8"
XML_TYPE = b"text/xml; charset=utf-8"

_LABEL = (b"x-sandbox", b"SANDBOX")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that arrived whole. Header names are lower case; of a repeated header the last one counts."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    body: bytes
    connection: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered; the label `X-Sandbox` is added on the way out."""

    status: int
    body: bytes
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def head(self) -> list[tuple[bytes, bytes]]:
        """All headers of the reply."""
        length = (b"content-length", str(len(self.body)).encode())
        return [_LABEL, (b"content-type", self.content_type), length, *self.headers]


def json_reply(document: object, status: int = 200) -> Reply:
    """Answer with a JSON document."""
    return Reply(status, orjson.dumps(document))


class Left(Exception):
    """The client went away before its request was whole."""


class TooLarge(Exception):
    """The body is larger than the sandbox takes."""


async def read_request(scope: Scope, receive: Receive, body_bytes_max: int, connection: str) -> Request:
    """Take in a whole request. Errors: Left, TooLarge."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Left
        if chunk := message.get("body", b""):
            size += len(chunk)
            if size > body_bytes_max:
                raise TooLarge
            chunks.append(chunk)
        if not message.get("more_body", False):
            break
    return Request(
        method=scope["method"],
        path=scope["path"],
        query=scope["query_string"],
        headers=dict(scope["headers"]),
        body=chunks[0] if len(chunks) == 1 else b"".join(chunks),
        connection=connection,
    )


async def write_reply(send: Send, reply: Reply) -> None:
    """Send a whole reply."""
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.head})
    await send({"type": "http.response.body", "body": reply.body})


async def wait_until_gone(receive: Receive) -> None:
    """Return when the connection is closed; the request must have been read before."""
    while (await receive())["type"] != "http.disconnect":
        pass
