"""The live page and its files: everything from the hub itself, nothing inline, in the reader's language."""

import html
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from hub.console.formats import duration, instant, number
from hub.console.language import Language
from hub.console.meanings import CODES, EVENTS, KINDS, OUTCOMES, STATES
from hub.console.pages import ASSETS, Window, pages
from hub.console.texts import texts
from schemas.delivery import DeliveryState, OutcomeClass
from schemas.problem import Words
from schemas.timeline import PlatformCount
from tests.browser.timelines import START
from tests.fakes.rest import House

PORTAL = {"national_portal": Words('Cổng Dịch vụ công "Quốc gia"', "National Public Service Portal")}


async def fetch(path: str = "/", headers: Mapping[str, str] | None = None, **options: Any) -> httpx.Response:
    """Fetch a page of a console with a portal."""
    title = options.pop("title", "Trục dữ liệu tỉnh")
    async with House(pages=pages(title, PORTAL, **options)).client() as client:
        return await client.get(path, headers=dict(headers or {}))


async def test_the_page_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """The policy says so, and the page keeps to it."""
    answer = await fetch()

    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", answer.text)
    assert {"/assets/console.css", "/assets/live.js", "/assets/icon.svg"} == set(
        re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text)
    )


@pytest.mark.parametrize("name", sorted(ASSETS))
async def test_every_file_of_the_page_is_served(name: str) -> None:
    """With its media type, under the same policy."""
    answer = await fetch(f"/assets/{name}")

    assert (200, f"{ASSETS[name]}; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", answer.text)
    assert "innerHTML" not in answer.text


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/", {}, "vi"),
        ("/", {"Accept-Language": "en-US,en;q=0.9"}, "en"),
        ("/", {"Accept-Language": "fr, vi;q=0.5, en;q=0.8"}, "en"),
        ("/", {"Accept-Language": "en;q=0.1, vi;q=0.7"}, "vi"),
        ("/", {"Accept-Language": "en;q=0, fr"}, "vi"),
        ("/", {"Accept-Language": "en;q=zero"}, "vi"),
        ("/?lang=en", {"Accept-Language": "vi"}, "en"),
        ("/?lang=fr", {}, "vi"),
        ("/", {"Cookie": "hub_lang=en", "Accept-Language": "vi"}, "en"),
        ("/?lang=vi", {"Cookie": "hub_lang=en"}, "vi"),
    ],
)
async def test_the_reader_chooses_the_language(path: str, headers: dict[str, str], language: str) -> None:
    """By a link, by what was chosen before, by what the browser asks for; else it is Vietnamese."""
    text = (await fetch(path, headers)).text

    assert f'<html lang="{language}">' in text
    assert {"vi": "Không gửi được", "en": "Dead"}[language] in text
    assert {"vi": "The platform refused", "en": "Nền tảng từ chối"}[language] not in text


async def test_a_choice_of_language_is_kept() -> None:
    """A choice sets a cookie; no choice sets none."""
    assert "hub_lang=en" in (await fetch("/?lang=en")).headers["set-cookie"]
    assert "set-cookie" not in (await fetch("/")).headers
    assert "set-cookie" not in (await fetch("/?lang=xx")).headers


@pytest.mark.parametrize("path", ["/", "/?lang=en"])
async def test_letters_are_composed(path: str) -> None:
    """Every Vietnamese letter is one character (NFC)."""
    assert unicodedata.is_normalized("NFC", (await fetch(path)).text)


def test_every_text_is_there_in_both_languages_in_composed_letters() -> None:
    """No text is empty, and no Vietnamese letter falls into pieces."""
    for language in Language:
        for name, text in texts(language).items():
            assert text, name
            assert unicodedata.is_normalized("NFC", text), name
    told = [*STATES.values(), *OUTCOMES.values()]
    words = [words for meaning in told for words in (meaning.words, meaning.meaning)]
    words += [*EVENTS.values(), *KINDS.values(), *CODES.values()]
    assert [] == [word for word in words if not unicodedata.is_normalized("NFC", word.vi + word.en)]


async def test_platforms_have_their_titles() -> None:
    """The page's script is told what to show in place of a platform's name, in the reader's language."""
    assert {"national_portal": 'Cổng Dịch vụ công "Quốc gia"'} == _facts((await fetch()).text)["platforms"]
    assert {"national_portal": "National Public Service Portal"} == _facts((await fetch("/?lang=en")).text)["platforms"]


async def test_a_sandbox_says_so_on_the_page_and_in_the_title() -> None:
    """An installation with stand-ins cannot be taken for the real one, nor the real one for a sandbox."""
    tried = (await fetch(sandbox=True)).text

    assert 2 == tried.count("MÔI TRƯỜNG THỬ")
    assert "SANDBOX" in (await fetch("/?lang=en", sandbox=True)).text
    assert "SANDBOX" not in (await fetch()).text


def test_every_state_outcome_and_number_has_its_words() -> None:
    """A state that the read models count and the page does not know would be shown as nothing."""
    assert set(DeliveryState) == set(STATES)
    assert set(OutcomeClass) == set(OUTCOMES)
    assert {state.value for state in STATES} <= set(PlatformCount.model_fields)
    assert {"accepted", "tried", "inquired"} <= set(EVENTS)


async def test_without_a_desk_there_is_nothing_to_sign_in_to() -> None:
    """Then the page shows no way there, and the paths do not exist."""
    assert "/dossiers" not in (await fetch()).text
    assert 404 == (await fetch("/dossiers")).status_code
    assert 404 == (await fetch("/console/windows")).status_code


async def test_windows_are_served_where_somebody_measures() -> None:
    """Rates and latencies per platform, as JSON."""

    async def windows() -> Mapping[str, Window]:
        return {"national_portal": Window(412.5, 0.21, None)}

    answer = await fetch("/console/windows", windows=windows)

    assert {"national_portal": {"per_minute": 412.5, "p50_s": 0.21, "p95_s": None}} == answer.json()
    assert _facts((await fetch(windows=windows)).text)["windows"]


async def test_titles_and_names_cannot_break_out() -> None:
    """What configuration says is text, never markup."""
    text = (await fetch(title='<script>alert("x")</script>')).text

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_numbers_and_times_are_those_of_the_language() -> None:
    """Vietnamese groups with points and puts the time first; both tell the time of Viet Nam."""
    assert ("1.234.567,5", "1,234,567.5") == (number(1234567.5, Language.VI, 1), number(1234567.5, Language.EN, 1))
    assert "08:30:09 22/11/2026" == instant(START, Language.VI).shown
    assert "22 Nov 2026, 08:30:09" == instant(START, Language.EN).shown
    assert "2026-11-22T01:30:09Z" == instant(START, Language.EN).iso
    assert ["0,42 giây", "1 phút", "2 giờ", "3 ngày"] == [
        duration(length_s, Language.VI) for length_s in (0.42, 119, 3 * 3600 - 1, 3 * 86400)
    ]


def _facts(text: str) -> dict[str, Any]:
    """What the page tells its script."""
    found = re.search(r'data-facts="([^"]*)"', text)
    assert found
    facts: dict[str, Any] = json.loads(html.unescape(found[1]))
    return facts
