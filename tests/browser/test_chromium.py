"""The driver sees what goes wrong: otherwise a page without complaints would prove nothing."""

from pathlib import Path
from urllib.parse import quote

from tests.browser.chromium import Tab
from tests.browser.looks import flaws


def page(markup: str) -> str:
    """Return the address of a page with this markup."""
    return f"data:text/html;charset=utf-8,{quote(markup)}"


async def test_errors_and_words_of_a_page_are_seen(tab: Tab) -> None:
    """A script that throws, a word to the console, and a file that a policy forbids."""
    await tab.open(page("<script>console.log('said'); throw new Error('thrown')</script>"))
    assert ["said", "thrown"] == [word for word in ("said", "thrown") if word in " ".join(tab.seen.errors)]

    policy = '<meta http-equiv="Content-Security-Policy" content="style-src \'none\'">'
    await tab.open(page(f"{policy}<p style='color: red'>"))
    assert "Content Security Policy" in " ".join(tab.seen.errors)


async def test_requests_of_a_page_are_seen(tab: Tab) -> None:
    """Also those that lead nowhere."""
    await tab.open(page("<img src='http://127.0.0.1:9/x.png'>"))

    assert "http://127.0.0.1:9/x.png" in tab.seen.requests


async def test_what_is_too_wide_or_too_faint_is_seen(tab: Tab, tmp_path: Path) -> None:
    """Grey on white at 2.8 to 1, and a box of 900 pixels; black on white fits everywhere."""
    await tab.open(page("<p style='color: #999'>faint</p><div style='width: 900px'>wide</div><p>well</p>"))
    found = await flaws(tab, tmp_path)

    assert "360 px light, too faint: P. 2.85: faint" in found
    assert "360 px light, too wide: DIV.: wide" in found
    assert not [flaw for flaw in found if "well" in flaw or flaw.startswith("1920 px light, too wide")]
