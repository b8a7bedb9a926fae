"""The live page in a real browser."""

import unicodedata
from collections.abc import Mapping
from pathlib import Path

import pytest

from hub.console.pages import Window
from schemas.timeline import Overview, PlatformCount
from tests.browser.chromium import BrowserFailed, Chromium, Tab, find_chromium, new_tab
from tests.browser.looks import flaws
from tests.browser.site import TITLE, Site, open_site
from tests.browser.timelines import NOW, OVERVIEW
from tests.clock import ManualClock

LIVE = "document.getElementById('content').dataset.link === 'live'"


async def show(tab: Tab, site: Site, query: str = "") -> None:
    """Open the page and wait for its first numbers."""
    await tab.open(f"{site.address}/{query}")
    await tab.until(LIVE)


async def test_numbers_of_every_state_stand_on_the_page(tab: Tab, site: Site) -> None:
    """In total and per platform, written as Vietnamese write them, under the names that people know."""
    await show(tab, site)

    assert "1.234.567" == await tab.text("#accepted")
    expected = {
        "waiting": "603", "in_flight": "12", "parked": "7", "in_doubt": "2",
        "delivered": "1.232.232", "dead": "3", "expired": "1", "withdrawn": "4",
    }  # fmt: skip
    assert expected == {name: await tab.text(f'[data-total="{name}"]') for name in expected}
    portal = '[data-platform="national_portal"]'
    assert "Cổng Dịch vụ công quốc gia" == await tab.text(f"{portal} .name")
    assert "1.184.022" == await tab.text(f'{portal} [data-state="delivered"]')
    assert "Có thể gửi trùng: 5" == await tab.text(f"{portal} .badge")
    assert "emc" == await tab.text('[data-platform="emc"] .name')
    assert "Cần người xử lý: Không gửi được 3 · Hết hạn 1 · Chưa rõ kết quả 2" == await tab.text("#attention")


async def test_the_page_is_sound(tab: Tab, site: Site) -> None:
    """No error, no word to the console, no request to anybody else, composed letters, a title and a label."""
    await show(tab, site)

    assert [] == tab.seen.errors
    assert [] == [address for address in tab.seen.requests if not address.startswith(f"{site.address}/")]
    text = await tab.text("body")
    assert unicodedata.is_normalized("NFC", text)
    assert TITLE in text
    assert "MÔI TRƯỜNG THỬ · SANDBOX" in text
    assert f"Số liệu trực tuyến · {TITLE} · MÔI TRƯỜNG THỬ · SANDBOX" == await tab.run("document.title")


async def test_before_the_first_answer_the_page_says_that_it_connects(tab: Tab, site: Site) -> None:
    """It shows no number that nobody has told it."""
    async with tab.holding("*/v1/overview"):
        await tab.open(site.address)
        assert "Đang kết nối với trục…" == await tab.text("#link")
        assert "–" == await tab.text("#accepted")
        assert "Đang kết nối với trục…" == await tab.text("#none")
    await tab.until(LIVE)
    assert "1.234.567" == await tab.text("#accepted")


async def test_the_numbers_follow_the_read_models(tab: Tab, site: Site) -> None:
    """Without anybody touching the page; when all is well it says so."""
    site.house.read_models.numbers = Overview(accepted=0, platforms=())
    await show(tab, site)
    assert "Chưa có lượt gửi nào." == await tab.text("#none")

    site.house.read_models.numbers = Overview(
        accepted=1000, platforms=(PlatformCount(platform="national_portal", delivered=1000),)
    )
    await site.house.clock.advance(1)
    await tab.until("document.getElementById('accepted').textContent === '1.000'")
    assert "1.000" == await tab.text('[data-platform="national_portal"] [data-state="delivered"]')
    assert "Không có gì cần người xử lý." == await tab.text("#attention")


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (PlatformCount(platform="national_portal", dead=1, parked=7), "Cần người xử lý: Không gửi được 1"),
        (PlatformCount(platform="national_portal", in_doubt=2, parked=7), "Cần để ý: Chưa rõ kết quả 2"),
        (PlatformCount(platform="national_portal", parked=7), "Trục đang tự gửi lại: Cổng Dịch vụ công quốc gia 7"),
        (PlatformCount(platform="national_portal", waiting=7), "Không có gì cần người xử lý."),
    ],
)
async def test_the_gravest_thing_is_said_first(tab: Tab, site: Site, count: PlatformCount, words: str) -> None:
    """What a person must do, what must be asked, what the hub does by itself; else that all is well."""
    site.house.read_models.numbers = Overview(accepted=7, platforms=(count,))
    await show(tab, site)

    assert words == await tab.text("#attention")


async def test_old_numbers_are_called_old(tab: Tab, site: Site) -> None:
    """When the hub does not answer any more, the page says so and from when its numbers are."""
    await show(tab, site)
    site.shut()
    await tab.until("document.getElementById('content').dataset.link === 'stale'")

    assert "Mất kết nối với trục. Số liệu cũ:" == await tab.text("#link")
    assert (await tab.text("#updated")).startswith("lúc ")
    assert "1.234.567" == await tab.text("#accepted")


async def test_a_click_changes_the_language_and_it_stays(tab: Tab, site: Site) -> None:
    """Words and numbers become English, on the next pages too."""
    await show(tab, site)
    assert "vi" == await tab.run("document.documentElement.lang")
    await tab.click("a[hreflang=en]", loads=True)
    await tab.until(LIVE)

    assert "en" == await tab.run("document.documentElement.lang")
    assert "1,234,567" == await tab.text("#accepted")
    assert "National Public Service Portal" == await tab.text('[data-platform="national_portal"] .name')
    assert "A person is needed: Dead 3 · Expired 1 · In doubt 2" == await tab.text("#attention")
    await show(tab, site)
    assert "Live numbers" == await tab.text("h1")
    await tab.click("a[hreflang=vi]", loads=True)
    assert "Số liệu trực tuyến" == await tab.text("h1")


@pytest.mark.parametrize("state", ["live", "stale"])
async def test_the_page_can_be_read_at_any_width(tab: Tab, site: Site, tmp_path: Path, state: str) -> None:
    """From a telephone to a wall, light and dark: nothing sticks out, and no text is too faint."""
    await show(tab, site)
    if state == "stale":
        site.shut()
        await tab.until("document.getElementById('content').dataset.link === 'stale'")

    assert [] == await flaws(tab, tmp_path)


async def test_a_screen_reader_finds_its_way(tab: Tab, site: Site) -> None:
    """Landmarks, a table with headings in every width, a status that is told, and a way past the menu."""
    await show(tab, site)
    for width in (360, 1280):
        await tab.shape(width, 800)
        nodes = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
        roles = [node.get("role", {}).get("value") for node in nodes if not node.get("ignored")]
        assert {"banner", "main", "navigation", "contentinfo", "status", "table"} <= set(roles)
        assert (3, 2) == (roles.count("row"), roles.count("rowheader"))
        assert 9 == roles.count("columnheader")

    await tab.press("Tab")
    assert "Đến nội dung chính" == await tab.run("document.activeElement.textContent")
    await tab.press("Enter")
    await tab.until("document.activeElement.id === 'content'")


async def test_rates_and_latencies_stand_beside_the_numbers(tab: Tab) -> None:
    """Where somebody measures them; a platform without them shows a dash."""

    async def windows() -> Mapping[str, Window]:
        return {"national_portal": Window(412.5, 0.21, 1.4)}

    async with open_site(ManualClock(NOW), windows=windows) as site:
        site.house.read_models.numbers = OVERVIEW
        await show(tab, site)
        await tab.until("document.querySelector('[data-platform=national_portal]').innerText.includes('412,5')")

        assert "0,21 · 1,4 giây" in await tab.text('[data-platform="national_portal"]')
        assert "–" in await tab.text('[data-platform="emc"]')


async def test_an_installation_for_real_bears_no_label(browser: Chromium) -> None:
    """The label means something only where it is missing elsewhere."""
    async with open_site(ManualClock(NOW), sandbox=False) as site, new_tab(browser) as tab:
        await show(tab, site)

        assert "SANDBOX" not in await tab.text("body")


def test_without_a_browser_the_tests_fail_and_say_what_to_install() -> None:
    """A page that nobody has looked at has not passed."""
    with pytest.raises(BrowserFailed, match="apt install chromium"):
        find_chromium(["/nowhere/chromium"])
