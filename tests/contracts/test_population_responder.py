"""A stand-in for service 037 that the tests of its adapter share, written from the interface alone.

`Answering` takes the place of the network; `Listening` is a real socket that misbehaves on command.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Self

import httpx

from adapters.databases.population import CONFIG, build
from adapters.databases.population.config import PopulationConfig
from hub.ports import Adapter, CitizenSource
from schemas.citizen import CitizenQuery
from tests.clock import ManualClock

MOMENT = datetime(2025, 9, 1, 1, 30, tzinfo=UTC)
NUMBER = "001000000001"
FULL_NAME = "Nguyễn Văn A"

PERSON = f"""<ns1:CongDan>
<ns1:SoDinhDanh>{NUMBER}</ns1:SoDinhDanh>
<ns1:HoVaTen><ns1:Ten>{FULL_NAME}</ns1:Ten></ns1:HoVaTen>
<ns1:GioiTinh>1</ns1:GioiTinh>
<ns1:NgayThangNamSinh><ns1:NgayThangNam>20000131</ns1:NgayThangNam></ns1:NgayThangNamSinh>
</ns1:CongDan>"""


def enveloped(body: str) -> bytes:
    """Put XML into the body of a SOAP 1.1 envelope."""
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    return f'<s:Envelope xmlns:s="{soap}"><s:Header/><s:Body>{body}</s:Body></s:Envelope>'.encode()


def collection(*persons: str) -> bytes:
    """Answer with persons."""
    namespace = "http://www.mic.gov.vn/dancu/1.0"
    return enveloped(f'<ns1:CongdanCollection xmlns:ns1="{namespace}">{"".join(persons)}</ns1:CongdanCollection>')


def fault(code: str, text: str) -> bytes:
    """Answer with a fault."""
    return enveloped(f"<s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></s:Fault>")


def settings(**changes: Any) -> PopulationConfig:
    """Return the configuration that belongs to the interface's test vector."""
    return CONFIG.model_validate(
        {
            "url": "http://127.0.0.1:1/tracuu",
            "validation_url": "https://xacthuc.example/validate",
            "user": "app01",
            "secret_key": "SECRET-TEST",
            "api_key": "KEY-TEST",
            "x_road_client": "VN/GOV/H00/HUB",
            "request_prefix": "H00",
            "officer_default": "001000000002",
            "wire": {"plain_http": "true"},
            **changes,
        }
    )


def query(**changes: Any) -> CitizenQuery:
    """Ask for the person of the interface's example."""
    asked: dict[str, Any] = {
        "personal_number": NUMBER,
        "full_name": FULL_NAME,
        "birth_date": date(2000, 1, 31),
        "procedure": "1.001193",
        "dossier_code": "H56.14-261122-0001",
        "purpose": "dossier",
        "officer": "canbo01",
    }
    return CitizenQuery(**{**asked, **changes})


class Answering(httpx.AsyncBaseTransport):
    """Answers every request with the same bytes and keeps what was asked. `pause` is awaited before the answer."""

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        media_type: str = "text/xml; charset=utf-8",
        pause: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self.requests: list[httpx.Request] = []
        self.running = 0
        self.running_max = 0
        self._answer = (status, {"content-type": media_type}, body)
        self._pause = pause

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer."""
        self.requests.append(request)
        self.running += 1
        self.running_max = max(self.running_max, self.running)
        try:
            if self._pause is not None:
                await self._pause()
        finally:
            self.running -= 1
        status, headers, body = self._answer
        return httpx.Response(status, headers=headers, content=body)


@asynccontextmanager
async def adapter_of(
    config: PopulationConfig, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Adapter]:
    """Build an adapter and let it go afterwards."""
    adapter = build(config, ManualClock(MOMENT), transport)
    try:
        yield adapter
    finally:
        await adapter.aclose()


@asynccontextmanager
async def source_of(
    config: PopulationConfig, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[CitizenSource]:
    """Build an adapter and hand out its source."""
    async with adapter_of(config, transport) as adapter:
        assert adapter.citizens is not None
        yield adapter.citizens


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listening:
    """A socket on 127.0.0.1 whose connections do what `behaviour` says; keeps the heads of requests."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._server: asyncio.Server | None = None
        self.heads: list[str] = []

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it listens."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/tracuu"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._read_request(reader):
                await self._behaviour(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _read_request(self, reader: asyncio.StreamReader) -> bool:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
            return False
        self.heads.append(head)
        length = next(line for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        await reader.readexactly(int(length.partition(":")[2]))
        return True


def says(reply: bytes, *, cut: bool = False) -> Behaviour:
    """Write raw bytes; `cut` ends the connection after them."""

    async def behave(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        if cut:
            writer.close()

    return behave


def http(body: bytes, status: str = "200 OK", content_type: str = "text/xml") -> bytes:
    """Write a whole HTTP answer."""
    return f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def test_the_stand_in_answers_with_the_person_of_the_example() -> None:
    """What the other tests vary is itself a good answer, over a real socket."""
    async with Listening(says(http(collection(PERSON)))) as platform, source_of(settings(url=platform.url)) as source:
        found = await source.lookup(query(), "0001")
    assert [(NUMBER, FULL_NAME, date(2000, 1, 31))] == [
        (citizen.personal_number, citizen.full_name, citizen.birth_date) for citizen in found
    ]
