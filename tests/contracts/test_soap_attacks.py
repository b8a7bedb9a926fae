"""XML made to hurt: refused at once, with nothing fetched, nothing read from disk, and no fault of the hub."""

import asyncio
import os
import select
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.fakes.rest import House
from tests.fakes.soap import ENVELOPES, call, envelope, fault, look_up, post

WITHIN_S = 0.1
TRIES = 3

HEAD, TAIL = envelope(look_up()).decode().split("canbo.mc01")


def message(doctype: str = "", officer: str = "canbo.mc01") -> str:
    """Return the example lookup with a doctype in front and something in the place of the officer."""
    return f'<?xml version="1.0"?>{doctype}{HEAD}{officer}{TAIL}'


def laughs() -> str:
    """Return entities of which each is ten of the one before."""
    lines = ["<!ENTITY l0 'ha'>", *(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))]
    return f"<!DOCTYPE x [{''.join(lines)}]>"


def attacks(file: Path, outside: str) -> dict[str, tuple[bytes, str]]:
    """Return each body with the code that it deserves; they reach for a file and for an address."""
    texts = {
        "a file by an entity": message(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}">]>', "&e;"),
        "an address by an entity": message(f'<!DOCTYPE x [<!ENTITY e SYSTEM "{outside}">]>', "&e;"),
        "a doctype elsewhere": message(f'<!DOCTYPE x SYSTEM "{outside}.dtd">'),
        "a parameter entity": message(f'<!DOCTYPE x [<!ENTITY % p SYSTEM "{outside}.dtd"> %p;]>'),
        "a billion laughs": message(laughs(), "&l11;"),
        "a quadratic blow-up": message(f"<!DOCTYPE x [<!ENTITY a '{'a' * 50_000}'>]>", "&a;" * 50_000),
        "a depth of 200,000": message(officer="<a>" * 170_000),
        "100,000 attributes": message(officer="<a " + " ".join(f'a{n}=""' for n in range(100_000)) + "/>"),
        "11 MB": message(officer="a" * 11_000_000),
        "an inclusion": message(
            officer=f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file://{file}" parse="text"/>'
        ),
        "an empty body": "",
        "no XML": "personal_number=001000000001",
    }
    codes = {
        "a depth of 200,000": "caller.too_large",
        "100,000 attributes": "caller.too_large",
        "11 MB": "caller.too_large",
        "an inclusion": "caller.invalid",
    }
    made = {name: (text.encode(), codes.get(name, "caller.malformed")) for name, text in texts.items()}
    hidden = message(f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{file}">]>', "&e;").replace(
        "?>", ' encoding="UTF-16"?>', 1
    )
    made["an entity in UTF-16"] = hidden.encode("utf-16"), "caller.malformed"
    return made


MORE: dict[str, tuple[str, str]] = {
    "a depth of 10,000": ("<a>" * 10_000, "caller.malformed"),
    "30,000 namespaces": ("<a " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(30_000)) + "/>", "caller.too_large"),
    "namespaces used": (
        "<a " + " ".join(f'xmlns:n{n}="u:{n}"' for n in range(9000)) + ">"
        + "".join(f"<n{n}:b/>" for n in range(9000)) + "</a>",
        "caller.invalid",
    ),
    "200,000 elements": ("<a/>" * 200_000, "caller.too_large"),
    "200,000 comments": ("<!---->" * 140_000, "caller.too_large"),
    "9,000 unknown fields": ("".join(f"<n{n}/>" for n in range(9000)), "caller.invalid"),
    "one field 9,000 times": ("<purpose/>" * 9000, "caller.invalid"),
    "a long text": ("a" * 900_000, "caller.invalid"),
    "a long name": ("<" + "n" * 900_000 + "/>", "caller.malformed"),
    "blanks before values": ("<a " + "b" + " " * 900_000 + "=''/>", "caller.invalid"),
    "equal signs": ("=" * 900_000, "caller.invalid"),
    "character references": ("&#65;" * 180_000, "caller.invalid"),
    "a comment without end": ("<!--" + "-" * 900_000, "caller.malformed"),
    "CDATA without end": ("<![CDATA[" + "]" * 900_000, "caller.malformed"),
}  # fmt: skip


async def best(body: bytes) -> tuple[httpx.Response, float]:
    """Return the answer, and the least time of a processor that it took in some tries.

    Of a processor, so that a busy machine does not count.
    """
    house, took_s = House(), []
    for _ in range(TRIES):
        started_s = time.process_time()
        answer = await post(house, body)
        took_s.append(time.process_time() - started_s)
    assert [] == house.citizens.asked
    return answer, min(took_s)


@dataclass(frozen=True, slots=True)
class Bait:
    """What must not be touched: a pipe, which holds up whoever opens it for ever, and a port, which remembers."""

    file: Path
    port: socket.socket

    @property
    def address(self) -> str:
        """Where the port listens."""
        return f"http://127.0.0.1:{self.port.getsockname()[1]}/x"

    @property
    def taken(self) -> bool:
        """Whether anybody called at the port."""
        return bool(select.select([self.port], [], [], 0)[0])


@pytest.fixture
def bait(tmp_path: Path) -> Iterator[Bait]:
    """One for each test."""
    os.mkfifo(tmp_path / "secret")
    with socket.create_server(("127.0.0.1", 0)) as port:
        yield Bait(tmp_path / "secret", port)


@pytest.mark.parametrize("name", [*attacks(Path("/dev/null"), "http://127.0.0.1/")])
async def test_an_attack_is_refused_at_once(name: str, bait: Bait) -> None:
    """The thirteen bodies that SOAP servers are tried with: refused, and nothing is read or called."""
    body, code = attacks(bait.file, bait.address)[name]

    answer, took_s = await best(body)

    assert ("Client", code) == (fault(answer)[0], fault(answer)[1].code)
    assert not bait.taken
    assert took_s < WITHIN_S


def test_the_port_remembers(bait: Bait) -> None:
    """A check of the check."""
    assert not bait.taken
    with socket.create_connection(bait.port.getsockname()):
        assert bait.taken


@pytest.mark.parametrize("name", MORE)
async def test_what_is_big_costs_little(name: str) -> None:
    """Bodies within the limit of size that are all of one thing."""
    inner, code = MORE[name]

    answer, took_s = await best(message(officer=inner).encode())

    assert code == fault(answer)[1].code
    assert took_s < WITHIN_S


async def test_a_large_body_holds_up_nobody_else() -> None:
    """They are read in a thread of their own: the loop's own thread does the smaller part of the work."""
    house = House()
    step = {"officer": "a", "position": "b", "unit": "c", "at": "2026-11-22T07:56:00+07:00", "content": "x" * 1000}
    progress = [{**step, "status": "accepted", "started_at": "2026-11-22T07:55:00+07:00"}] * 200
    large = envelope(call("SubmitDossier", idempotency_key="k", dossier={"progress": progress, "note": "x" * 500_000}))
    started_s = time.process_time(), time.thread_time()

    answers = await asyncio.gather(*(post(house, large) for _ in range(8)))

    took_s, held_s = time.process_time() - started_s[0], time.thread_time() - started_s[1]
    assert {"caller.invalid"} == {fault(answer)[1].code for answer in answers}
    assert held_s < took_s / 2


def test_the_example_itself_is_fine() -> None:
    """The bodies are refused for what was put into them."""
    answer = asyncio.run(post(House(), message().encode()))

    assert 200 == answer.status_code
    assert ENVELOPES["1.1"].encode() in answer.content
