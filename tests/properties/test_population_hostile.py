"""Replies that mean harm: whatever comes, it ends soon, in citizens or in a fault of the platform's."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import PlatformFault, RefusedUs, ReplyUnreadable
from schemas.citizen import Citizen
from tests.contracts.test_population_responder import (
    FULL_NAME,
    NUMBER,
    PERSON,
    Answering,
    collection,
    enveloped,
    query,
    source_of,
)
from tests.contracts.test_population_responder import settings as population

GOOD = collection(PERSON)
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
SECRET = "only for the owner of this machine"


def told(body: bytes, media_type: str = "text/xml") -> Sequence[Citizen]:
    """Return what a lookup makes of a reply."""

    async def ask() -> Sequence[Citizen]:
        async with source_of(population(), Answering(body, 200, media_type)) as source:
            return await source.lookup(query(), "000001")

    return asyncio.run(ask())


def after_doctype(doctype: str, name: str = FULL_NAME) -> bytes:
    """Put a document type before the good reply."""
    return f"<?xml version='1.0'?><!DOCTYPE a {doctype}>".encode() + GOOD.replace(FULL_NAME.encode(), name.encode())


ATTACKS = {
    "billion laughs": after_doctype(f'[<!ENTITY l0 "ha">{LAUGHS}]', "&l9;"),
    "quadratic": after_doctype(f'[<!ENTITY a "{"x" * 100_000}">]', "&a;" * 30_000),
    "harmless doctype": after_doctype('[<!ENTITY a "b">]'),
    "parameter entity": after_doctype('[<!ENTITY % p SYSTEM "http://127.0.0.1:1/p"> %p;]'),
    "outer document type": after_doctype('SYSTEM "http://127.0.0.1:1/a.dtd"'),
    "deep": enveloped("<a>" * 30_000 + "</a>" * 30_000),
    "deep in a person": collection(PERSON.replace(FULL_NAME, "<a>" * 1000 + "</a>" * 1000)),
    "attributes": enveloped("<a " + " ".join(f"b{n}='1'" for n in range(20_000)) + "/>"),
    "namespaces": enveloped("<a " + " ".join(f"xmlns:b{n}='urn:{n}'" for n in range(10_000)) + "/>"),
    "children": collection(PERSON.replace("</ns1:CongDan>", "<ns1:HoVaTen/>" * 10_000 + "</ns1:CongDan>")),
    "wrong encoding": b"<?xml version='1.0' encoding='us-ascii'?>" + GOOD,
    "unknown encoding": b"<?xml version='1.0' encoding='x-none'?>" + GOOD,
    "undeclared encoding": GOOD.decode().encode("utf-16-le"),
    "doctype in UTF-16": after_doctype('[<!ENTITY a "b">]').decode().encode("utf-16"),
    "broken UTF-8": GOOD.replace(FULL_NAME.encode(), b"Nguy\xe1n"),
    "undefined entity": GOOD.replace(FULL_NAME.encode(), b"&nbsp;"),
    "forbidden character": GOOD.replace(FULL_NAME.encode(), b"&#0;"),
    "surrogate": GOOD.replace(FULL_NAME.encode(), b"&#xD800;"),
    "second root": GOOD + GOOD,
    "second body": GOOD.replace(b"<s:Header/>", b"<s:Body/>"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_is_unreadable_and_soon_over(attack: str) -> None:
    """No document types, no depth, no guesswork; a second at most on a busy machine."""
    assert len(ATTACKS[attack]) < population().wire.reply_bytes_max
    started = time.process_time()
    with pytest.raises(ReplyUnreadable):
        told(ATTACKS[attack])
    assert time.process_time() - started < 1


@pytest.mark.parametrize("scheme", ["file://", ""])
def test_no_file_is_read_for_a_reply(scheme: str, tmp_path: Path) -> None:
    """An entity that names a file of this machine is refused, and nothing of it is told."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    with pytest.raises(ReplyUnreadable) as refused:
        told(after_doctype(f'[<!ENTITY a SYSTEM "{scheme}{file}">]', "&a;"))
    assert SECRET not in f"{refused.value!r}"


def test_no_part_of_another_document_is_included(tmp_path: Path) -> None:
    """XInclude is markup where text belongs."""
    (tmp_path / "secret").write_text(SECRET)
    include = f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" parse="text" href="file://{tmp_path}/secret"/>'
    with pytest.raises(ReplyUnreadable):
        told(GOOD.replace(FULL_NAME.encode(), include.encode()))


def test_a_reply_in_another_declared_encoding_is_read() -> None:
    """UTF-16 with its mark is XML like any other."""
    body = "<?xml version='1.0' encoding='UTF-16'?>" + GOOD.decode()
    assert [FULL_NAME] == [citizen.full_name for citizen in told(body.encode("utf-16"))]


@given(st.binary(max_size=400), st.sampled_from(["text/xml", "text/html", "", "application/json"]))
@settings(max_examples=100, deadline=None)
def test_bytes_are_never_a_person(body: bytes, media_type: str) -> None:
    """Noise is a fault of the platform's, and no other error."""
    with pytest.raises((ReplyUnreadable, RefusedUs)):
        told(body, media_type)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 8), st.binary(max_size=8)), max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_damaged_reply_names_nobody_but_the_one_asked_for(damages: list[tuple[int, int, bytes]]) -> None:
    """A few bytes lost or changed: a fault of the platform's, or a record that still carries the number asked."""
    body = GOOD
    for at, lost, put in damages:
        body = body[:at] + put + body[at + lost :]
    try:
        citizens = told(body)
    except PlatformFault:
        return
    assert {NUMBER} >= {citizen.personal_number for citizen in citizens}
