"""No personal data in clear: not in the log lines, not in metrics, not on the live page, not in any file of the hub."""

import asyncio
import base64
import json
import unicodedata
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.indiscreet import indiscreet_portal
from tests.e2e.installation import replace_value
from tests.e2e.site import QUERY, SETTLED_S_MAX, Site, code_of, opened, submission

NAME, MOTHER, OFFICER = "Trịnh Quốc Bảo Ẩn", "Đoàn Thị Kín Đáo", "Lương Đình Giấu"
NUMBER, OLD_NUMBER, PHONE, EMAIL = "079187654321", "271828182", "0987 654 321", "bao.an.trinh@thu.example.vn"
ACCOUNT = "TECH-9d2f-bao-an"
TEXTS = (NAME, MOTHER, OFFICER, NUMBER, OLD_NUMBER, PHONE, EMAIL, ACCOUNT)
BIRTH = {"year": "1987", "month": "06", "day": "05"}
DATES = ("{year}-{month}-{day}", "{year}{month}{day}", "{day}/{month}/{year}", "{day}-{month}-{year}",
         "{day}.{month}.{year}", "{day}{month}{year}")  # fmt: skip
ANSWERED = ("NGUYỄN VĂN CHA", "TRẦN THỊ MẸ", "LÊ THỊ VỢ", "099070900001", "099170900002", "099302900003")
"""What the population database says of the person of `QUERY`, about her relatives."""

DELIVERED, REFUSED, CODED, PAGED = (code_of(number) for number in range(1, 5))
TELL_TALE = f"{NAME}, {NUMBER}, {PHONE}, {EMAIL}, con của {MOTHER}"


def dossier(code: str) -> dict[str, Any]:
    """Return a submission that is full of personal data."""
    (step,) = submission()["progress"]
    return submission(
        code=code,
        applicant={
            "kind": "citizen",
            "name": NAME,
            "personal_number": NUMBER,
            "phone": PHONE,
            "email": EMAIL,
            "account_id": ACCOUNT,
        },
        summary=f"Khai sinh cho con của {MOTHER}, sinh ngày 05/06/1987, CMND {OLD_NUMBER}",
        note=unicodedata.normalize("NFD", f"Người nộp: {NAME}\nsinh ngày 05-06-1987"),
        attachments=[
            {"id": "a1", "name": f"to-khai {NAME}.pdf", "url": f"https://kho.example.vn/{NUMBER}?ten={EMAIL}"}
        ],
        progress=[{**step, "officer": OFFICER, "content": f"Tiếp nhận của {NAME}"}],
    )


QUESTIONS: tuple[Mapping[str, Any], ...] = (
    QUERY,
    {**QUERY, "full_name": NAME, "personal_number": NUMBER, "birth_date": "1987-06-05"},
    {**QUERY, "full_name": f"{NAME}\0", "personal_number": f"{NUMBER}0", "birth_date": "1987-06-05"},
)
"""Somebody who is found, somebody who is not, and a question that is none."""

INDISCREET = {
    REFUSED: ("application/json", json.dumps({"error_code": "91", "message": TELL_TALE, "result": []})),
    CODED: ("application/json", json.dumps({"error_code": TELL_TALE[:90], "message": "", "result": []})),
    PAGED: ("text/html", f"<html><body>{TELL_TALE}</body></html>"),
}
ENDS = {DELIVERED: "delivered", REFUSED: "dead", CODED: "dead", PAGED: "parked"}
"""What becomes of the first delivery of each dossier; the last one shuts the portal for all, so it comes last."""


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A hub whose portal says too much."""
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(opened(tmp_path))
        config = made.installed.folder / "platforms" / "national_portal.yaml"
        address = await stack.enter_async_context(indiscreet_portal(made.platforms.portal, INDISCREET))
        replace_value(config, "adapter_url", address)
        await made.start()
        yield made


async def test_nothing_personal_stands_in_clear(site: Site) -> None:
    """After lookups, deliveries, refusals and a parked dossier: no name, number, address or day of birth anywhere."""
    for question in QUESTIONS:
        for system in (site.caller, site.ungranted):
            await system.post("/v1/citizens/lookup", json=question)
    for code, state in ENDS.items():
        assert 202 == (await site.submit(dossier(code))).status_code
        await reached(site, code, state)
    await site.submit({**dossier(DELIVERED), "revision": "x"})
    reasons = json.dumps([await site.timeline(code) for code in (REFUSED, CODED)], ensure_ascii=False)

    shown = {path: (await site.caller.get(path)).content for path in ("/metrics", "/v1/overview", "/", "/readyz")}
    running = contents(site)
    await site.process.kill()
    stopped = contents(site)
    ledgers = {path: path.read_bytes() for path in site.installed.folder.parent.glob("sandbox/*.jsonl")}

    assert {"log.db", "store.db", "keys.db"} <= {path.name for path in running}
    assert any(path.name.endswith("-wal") for path in stopped)
    assert [] == list(findings({**shown, **running, **stopped}))
    assert {NAME, NUMBER, OFFICER, EMAIL, "05/06/1987"} <= {what for _, what in findings(ledgers)}, "as they were sent"
    assert 2 == reasons.count(NAME), "what the portal said is kept, and opens for the sender"


def test_the_search_finds_disguises() -> None:
    """A name that is escaped, decomposed, stripped of its marks, quoted or encoded is found all the same."""
    disguises = [
        json.dumps(NAME).encode(),
        unicodedata.normalize("NFD", NAME.upper()).encode(),
        folded(NAME).encode(),
        quote(NAME).encode(),
        base64.b64encode(f"{{x{NAME}}}".encode()),
        NAME.encode("utf-16-le"),
        NAME.encode().hex().encode(),
    ]

    for at, disguise in enumerate(disguises):
        assert [(str(at), NAME)] == list(findings({at: b"..." + disguise + b"..."})), disguise


# --- how -------------------------------------------------------------------------------------------------------------


async def reached(site: Site, code: str, state: str) -> None:
    """Return when the first delivery of a dossier is in a state."""
    async with asyncio.timeout(SETTLED_S_MAX):
        while True:
            lines = [
                line for message in (await site.timeline(code)).get("messages", ()) for line in message["deliveries"]
            ]
            if lines and lines[0]["state"] == state:
                return
            await asyncio.sleep(0.05)


def contents(site: Site) -> dict[Path, bytes]:
    """Return everything that the hub has written: its files and its log lines."""
    files = [path for path in site.home.rglob("*") if path.is_file()]
    return {path: path.read_bytes() for path in (*files, site.process.log)}


def findings(places: Mapping[Any, bytes]) -> Iterator[tuple[str, str]]:
    """Yield (place, value) for every value that stands in clear, in any usual spelling."""
    for place, raw in places.items():
        text = folded(raw.decode("utf-8", errors="replace"))
        for value in values():
            if folded(value) in text or any(form in raw for form in forms(value)):
                yield str(place), value


def values() -> Iterator[str]:
    """Yield what must not be found, as it is written."""
    yield from TEXTS
    yield from ANSWERED
    yield from (PHONE.replace(" ", ""), PHONE.replace(" ", "."), "+84" + PHONE.replace(" ", "")[1:])
    yield from (form.format(**BIRTH) for form in DATES)


def forms(value: str) -> Iterable[bytes]:
    """Return the value as bytes in the encodings that its letters do not show through."""
    for normal in ("NFC", "NFD"):
        text = unicodedata.normalize(normal, value)
        for written in (text, text.upper(), text.lower()):
            plain = written.encode()
            yield json.dumps(written)[1:-1].encode()
            yield quote(written).encode()
            yield from (written.encode("utf-16-le"), written.encode("utf-16-be"), plain.hex().encode())
            yield from (base64.b64encode(b"\0" * shift + plain)[4 : len(plain) // 3 * 4] for shift in range(3))


def folded(text: str) -> str:
    """Return the text in small letters without marks, so that all spellings of a name look alike."""
    bare = "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))
    return bare.casefold().replace("đ", "d")
