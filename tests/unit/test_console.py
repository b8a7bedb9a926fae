"""The live page: everything from the hub itself, nothing inline, Vietnamese first."""

import re
import unicodedata

import pytest

from hub.console.pages import ASSETS, COLUMNS, pages
from schemas.problem import Words
from schemas.timeline import PlatformCount
from tests.fakes.rest import House

PORTAL = {"national_portal": Words('Cổng Dịch vụ công "Quốc gia"', "National Public Service Portal")}


async def page(title: str = "Trục dữ liệu tỉnh") -> str:
    """Fetch the page."""
    async with House(pages=pages(title, PORTAL)).client() as client:
        answer = await client.get("/")
    assert 200 == answer.status_code
    assert "text/html; charset=utf-8" == answer.headers["content-type"]
    return answer.text


async def test_the_page_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    """The policy says so, and the page keeps to it."""
    async with House(pages=pages("Trục")).client() as client:
        answer = await client.get("/")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=|https?://", answer.text)
    assert {"/assets/overview.css", "/assets/overview.js", "/assets/icon.svg"} == set(
        re.findall(r'(?:src|href)="(/assets/[^"]+)"', answer.text)
    )


@pytest.mark.parametrize("name", sorted(ASSETS))
async def test_every_file_of_the_page_is_served(name: str) -> None:
    """With its media type, under the same policy."""
    async with House(pages=pages("Trục")).client() as client:
        answer = await client.get(f"/assets/{name}")

    assert (200, f"{ASSETS[name]}; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", answer.text)
    assert "innerHTML" not in answer.text


async def test_the_page_is_vietnamese_with_english_beside_it() -> None:
    """Every word of a column stands there in both languages, in composed letters."""
    text = await page()

    assert '<html lang="vi">' in text
    assert unicodedata.is_normalized("NFC", text)
    for vi, en in [("Đã tiếp nhận", "Accepted")] + [(column.words.vi, column.words.en) for column in COLUMNS]:
        assert f'{vi} <span class="en" lang="en">{en}</span>' in text


def test_the_page_shows_states_that_the_overview_counts() -> None:
    """A renamed state would show as NaN; waiting includes what is in flight."""
    names = {column.name for column in COLUMNS}

    assert {"delivered", "waiting", "parked", "in_doubt", "dead"} == names
    assert names | {"in_flight"} <= set(PlatformCount.model_fields)


async def test_titles_and_names_cannot_break_out() -> None:
    """What configuration says is text, never markup."""
    text = await page('<script>alert("x")</script>')

    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text
    assert 'data-names="{&#34;national_portal&#34;' in text
