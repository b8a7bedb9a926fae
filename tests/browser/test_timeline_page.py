"""Signing in and following a dossier, in a real browser."""

import unicodedata
from pathlib import Path

import pytest

from tests.browser.chromium import Tab
from tests.browser.looks import flaws
from tests.browser.site import Site
from tests.browser.timelines import SAID

CODE = "H56.14-261122-0001"


async def sign_in(tab: Tab, site: Site, system: str = "motcua", path: str = "/dossiers") -> None:
    """Sign in by keyboard."""
    await tab.open(site.address + path)
    await tab.type("#key", site.token(system))
    await tab.press("Enter", loads=True)


async def test_from_the_live_page_to_a_timeline(tab: Tab, site: Site) -> None:
    """By clicks and keys as a person would; the other spelling of the code is understood; nothing goes wrong."""
    await tab.open(site.address)
    await tab.click("nav.pages a[href='/dossiers']", loads=True)
    assert "key" == await tab.run("document.activeElement.id")
    await tab.type("#key", site.token("motcua"))
    await tab.press("Enter", loads=True)
    assert "H56.14/motcua" in await tab.text(".holder")
    await tab.type("#code", "000.00.14.h56-261122-0001")
    await tab.press("Enter", loads=True)

    assert f"{site.address}/dossiers/{CODE}" == await tab.run("location.href")
    assert f"Hồ sơ {CODE}" == await tab.text("h1")
    assert [] == tab.seen.errors
    assert [] == [address for address in tab.seen.requests if not address.startswith(f"{site.address}/")]
    assert [] == [address for address in tab.seen.requests if "?" in address]


async def test_a_timeline_tells_everything(tab: Tab, site: Site) -> None:
    """What is wrong, each hop with time and outcome, what codes mean, and what the platform said, as text."""
    await sign_in(tab, site, path=f"/dossiers/{CODE}")
    text = await tab.text("main")

    assert "Cổng Dịch vụ công quốc gia không nhận phiên bản 2." in text
    assert "Phiên bản 1 có thể đã đến Cổng Dịch vụ công quốc gia hai lần." in text
    assert "Phiên bản 2 đến Cổng Dịch vụ công quốc gia bị trễ: đã chờ 2 giờ." in text
    for hop in ("08:30:11 22/11/2026 Gửi, lần 1", "08:30:14 22/11/2026 Hỏi lại nền tảng, lần 1"):
        assert hop in text
    assert "Mã platform.reply_lost: Nền tảng nguồn không trả lời kịp" in text
    assert SAID in text
    assert 9 == await tab.run("document.querySelectorAll('.hops li').length")
    assert unicodedata.is_normalized("NFC", text)

    await tab.click("a[hreflang=en]", loads=True)
    text = await tab.text("main")
    assert "Cổng" not in text
    assert "National Public Service Portal did not take revision 2." in text
    assert "22 Nov 2026, 08:30:14 Platform asked, try 1" in text
    assert "Code platform.reply_lost: The platform did not answer in time" in text


async def test_a_dossier_that_has_arrived_says_so(tab: Tab, site: Site) -> None:
    """In one sentence."""
    await sign_in(tab, site, path="/dossiers/H56.14-261122-0002")

    assert "Không còn gì phải gửi." == await tab.text(".alarm")


async def test_a_wrong_key_is_refused_and_a_right_one_taken(tab: Tab, site: Site) -> None:
    """The refusal stands where a screen reader tells it; the field is empty again."""
    await tab.open(f"{site.address}/login")
    await tab.type("#key", "hk_abcdef_" + "A" * 43)
    await tab.press("Enter", loads=True)

    assert "Khóa API không đúng." == await tab.text("[role=alert]")
    assert "" == await tab.run("document.getElementById('key').value")
    await tab.type("#key", site.token("motcua"))
    await tab.press("Enter", loads=True)
    assert "Tra cứu hồ sơ" == await tab.text("h1")


async def test_signing_out_closes_the_page(tab: Tab, site: Site) -> None:
    """Going back to the address asks for the key; no script could read the session."""
    await sign_in(tab, site, path=f"/dossiers/{CODE}")
    assert "" == await tab.run("document.cookie")
    await tab.click(".holder button", loads=True)
    await tab.open(f"{site.address}/dossiers/{CODE}")

    assert "Đăng nhập" == await tab.text("h1")


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("province", f"Hồ sơ {CODE}"),
        ("other", "Trục không biết hồ sơ này, hoặc hồ sơ thuộc cơ quan khác."),
        ("nobody", "Hệ thống này chưa được cấp quyền"),
    ],
)
async def test_the_grants_of_the_key_hold(tab: Tab, site: Site, system: str, words: str) -> None:
    """An agency above sees it, another agency cannot tell whether it exists, and without a grant nobody sees any."""
    await sign_in(tab, site, system, f"/dossiers/{CODE}")

    assert words in await tab.text("main")


async def test_a_form_of_another_page_does_nothing(tab: Tab, site: Site) -> None:
    """A page elsewhere that posts a right key signs nobody in."""
    await tab.open("data:text/html,<form method=post><input name=key><input type=submit></form>")
    await tab.run(f"document.forms[0].action = '{site.address}/login'")
    await tab.run(f"document.forms[0].key.value = '{site.token('motcua')}'")
    await tab.click("[type=submit]", loads=True)

    assert "đến từ một trang khác" in await tab.text("[role=alert]")
    await tab.open(f"{site.address}/dossiers")
    assert "Đăng nhập" == await tab.text("h1")


@pytest.mark.parametrize("path", ["/login", "/dossiers", f"/dossiers/{CODE}", "/dossiers/H56.14-261122-9999"])
async def test_the_pages_can_be_read_at_any_width(tab: Tab, site: Site, tmp_path: Path, path: str) -> None:
    """From a telephone to a wall, light and dark: nothing sticks out, and no text is too faint."""
    if path == "/login":
        await tab.open(site.address + path)
    else:
        await sign_in(tab, site, path=path)

    assert [] == await flaws(tab, tmp_path)


async def test_fields_have_names(tab: Tab, site: Site) -> None:
    """What a screen reader says of a field is its label and its hint."""
    await sign_in(tab, site)
    nodes = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
    fields = [node for node in nodes if node.get("role", {}).get("value") == "textbox"]

    assert [("Mã hồ sơ", "Ví dụ H56.14-251124-0001; cả hai cách viết mã cơ quan đều được.")] == [
        (node["name"]["value"], node["description"]["value"]) for node in fields
    ]
