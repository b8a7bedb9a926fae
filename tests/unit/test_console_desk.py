"""Signing in to the console: who may, how a session ends, and what other pages cannot do."""

import re
import unicodedata
from datetime import timedelta

import httpx
import pytest

from hub.access import ApiKeys, Principal, SystemEntry, issue_key
from hub.console.attempts import Attempts
from hub.console.desk import DeskRooms
from hub.console.pages import pages
from hub.console.sessions import Sessions
from hub.errors import CallerError, Forbidden, HubError, NotFound, Unavailable
from schemas.agency import AgencyCode
from schemas.timeline import Timeline
from tests.browser.timelines import SAID, sad
from tests.clock import ManualClock
from tests.fakes.rest import House

AGENCY = AgencyCode.parse("H56.14")
HOLDER = Principal(AGENCY, "mot-cua")
KEY = b"session!" * 4
CODE = "H56.14-261122-0001"
OWN = {"Sec-Fetch-Site": "same-origin", "Origin": "https://hub.test"}


class Console:
    """A console with one key and one dossier, and a browser that keeps its cookies."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.trouble: HubError | None = None
        self.asked: list[tuple[Principal, str]] = []
        issued = issue_key(b"pepper")
        self.token = issued.token
        system = SystemEntry(agency=AGENCY, system="mot-cua", keys=(issued.entry,))
        desk = DeskRooms(
            authenticate=ApiKeys([system], b"pepper").authenticate,
            timeline=self._timeline,
            clock=self.clock,
            session_key=KEY,
        )
        self.house = House(pages=pages("Trục", desk=desk))
        transport = httpx.ASGITransport(self.house.app)
        self.browser = httpx.AsyncClient(transport=transport, base_url="https://hub.test")

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: str) -> httpx.Response:
        """Post a form as a page of the console would."""
        return await self.browser.post(path, data=fields, headers=OWN if headers is None else headers)

    async def sign_in(self, to: str = "") -> httpx.Response:
        """Sign in with the right key."""
        return await self.post("/login", key=self.token, to=to)

    async def _timeline(self, principal: Principal, code: str) -> Timeline:
        self.asked.append((principal, code))
        if self.trouble:
            raise self.trouble
        if code != CODE:
            raise NotFound("no such dossier")
        return sad()


async def test_the_right_key_begins_a_session() -> None:
    """The cookie is closed to scripts, to other sites and to plain HTTP, ends after eight hours, and holds no key."""
    console = Console()
    answer = await console.sign_in()

    assert (303, "/dossiers") == (answer.status_code, answer.headers["location"])
    cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "Secure", "SameSite=strict", "Path=/", "Max-Age=28800"} <= set(re.split(r"; ", cookie))
    assert console.token not in cookie
    assert "H56.14/mot-cua" in (await console.browser.get("/dossiers")).text


@pytest.mark.parametrize("key", ["", "hk_abcdef_wrong", "hk_" + "a" * 12 + "_" + "A" * 43, "khóa"])
async def test_a_wrong_key_begins_none(key: str) -> None:
    """It is refused in words, is not shown again, and sets no cookie."""
    console = Console()
    answer = await console.post("/login", key=key)

    assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"].split()[0])
    assert "Khóa API không đúng." in answer.text
    assert not key or f'value="{key}"' not in answer.text
    assert "set-cookie" not in answer.headers


async def test_guessing_is_bounded() -> None:
    """After five wrong secrets for a key its holder, too, has to wait five minutes; other keys need not."""
    console = Console()
    wrong = console.token[:-5] + "AAAAA"
    assert [401] * 5 == [(await console.post("/login", key=wrong)).status_code for _ in range(5)]

    answer = await console.sign_in()
    assert (429, "300") == (answer.status_code, answer.headers["retry-after"])
    assert "hãy đợi 5 phút" in answer.text
    assert 401 == (await console.post("/login", key="hk_abcdef_" + "A" * 43)).status_code

    await console.clock.advance(300)
    assert 303 == (await console.sign_in()).status_code


def test_only_so_many_ids_are_remembered() -> None:
    """Whoever makes up ids does not fill the memory."""
    attempts = Attempts(ManualClock(), tries_max=1, ids_max=2)
    for key_id in ("aaaa", "bbbb", "cccc"):
        attempts.failed(f"hk_{key_id}_x")

    attempts.admit("hk_aaaa_x")
    with pytest.raises(CallerError):
        attempts.admit("hk_cccc_x")


async def test_a_session_ends_after_eight_hours() -> None:
    """To the second."""
    console = Console()
    await console.sign_in()
    path = f"/dossiers/{CODE}"

    await console.clock.advance(8 * 3600 - 1)
    assert 200 == (await console.browser.get(path)).status_code
    await console.clock.advance(1)
    assert 401 == (await console.browser.get(path)).status_code


async def test_signing_out_ends_the_session_in_the_browser() -> None:
    """The cookie is taken back."""
    console = Console()
    await console.sign_in()
    answer = await console.post("/logout")

    assert (303, "/login") == (answer.status_code, answer.headers["location"])
    assert 401 == (await console.browser.get(f"/dossiers/{CODE}")).status_code


def test_a_session_names_its_holder_and_cannot_be_changed() -> None:
    """Any changed letter, another key, or nonsense is nobody's."""
    sessions = Sessions(KEY, ManualClock())
    cookie = sessions.begin(HOLDER)

    assert HOLDER == sessions.holder(cookie)
    for place in range(len(cookie)):
        changed = cookie[:place] + ("A" if cookie[place] != "A" else "B") + cookie[place + 1 :]
        # The last letter of base64 has bits that mean nothing.
        assert sessions.holder(changed) in {None, HOLDER} if place == len(cookie) - 1 else not sessions.holder(changed)
    assert Sessions(b"another!" * 4, ManualClock()).holder(cookie) is None
    for nonsense in ("", ".", "a.b", "é.é", cookie.partition(".")[0], cookie * 20):
        assert sessions.holder(nonsense) is None


@pytest.mark.parametrize("path", ["/login", "/logout", "/dossiers"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://hub.test"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.test"},
        {"Origin": "null"},
        {"Origin": "https://[broken"},
        {"Host": "", "Origin": "null"},
        {},
    ],
)
async def test_forms_of_other_pages_do_nothing(path: str, headers: dict[str, str]) -> None:
    """A form that a browser does not call ours, or of which it says nothing, is refused."""
    console = Console()
    answer = await console.post(path, headers, key=console.token, code=CODE)

    assert 403 == answer.status_code
    assert "đến từ một trang khác" in answer.text
    assert "set-cookie" not in answer.headers


async def test_a_browser_that_names_only_the_origin_is_understood() -> None:
    """Fetch Metadata is not sent over plain HTTP; the origin is compared with the host then."""
    console = Console()
    assert 303 == (await console.post("/login", {"Origin": "https://hub.test"}, key=console.token)).status_code


async def test_a_key_over_plain_http_is_refused() -> None:
    """From another machine it was readable on the way; on this machine the cookie goes without Secure."""
    console = Console()
    refused = await console.post(
        "/login", {"Sec-Fetch-Site": "same-origin", "Origin": "http://hub.test"}, key=console.token
    )
    assert 400 == refused.status_code
    assert "hãy mở qua HTTPS" in refused.text

    local = {"Sec-Fetch-Site": "same-origin", "Origin": "http://127.0.0.1:8080"}
    assert "Secure" not in (await console.post("/login", local, key=console.token)).headers["set-cookie"]


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        (f"/dossiers/{CODE}", f"/dossiers/{CODE}"),
        ("//evil.test/dossiers", "/dossiers"),
        ("https://evil.test", "/dossiers"),
        ("/dossiers/../v1", "/dossiers"),
        ("", "/dossiers"),
    ],
)
async def test_signing_in_leads_to_pages_of_the_console_only(wanted: str, leads_to: str) -> None:
    """Where a form may lead is never left to the form."""
    assert leads_to == (await Console().sign_in(to=wanted)).headers["location"]


async def test_the_page_that_was_wanted_comes_after_signing_in() -> None:
    """A link to a dossier asks for the key, and then shows the dossier."""
    console = Console()
    answer = await console.browser.get(f"/dossiers/{CODE}")
    wanted = re.search(r'name="to" value="([^"]*)"', answer.text)

    assert 401 == answer.status_code
    assert wanted
    assert f"/dossiers/{CODE}" == (await console.sign_in(to=wanted[1])).headers["location"]


async def test_a_search_leads_to_the_page_of_the_canonical_code() -> None:
    """The code is posted and comes back in the path, never in a query."""
    console = Console()
    await console.sign_in()
    answer = await console.post("/dossiers", code=" 000.00.14.h56-261122-0001 ")

    assert (303, f"/dossiers/{CODE}") == (answer.status_code, answer.headers["location"])


async def test_what_is_no_code_comes_into_no_address_and_onto_no_page() -> None:
    """A number typed by mistake is not repeated."""
    console = Console()
    await console.sign_in()
    answer = await console.post("/dossiers", code="001000000001")

    assert 422 == answer.status_code
    assert "không phải mã hồ sơ" in answer.text
    assert "001000000001" not in answer.text
    assert [] == console.asked


async def test_a_search_without_a_session_asks_for_the_key() -> None:
    """And asks nobody for the dossier."""
    console = Console()

    assert 401 == (await console.post("/dossiers", code=CODE)).status_code
    assert [] == console.asked


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_a_timeline_is_shown_to_the_holder_of_the_session(language: str) -> None:
    """Asked for in the holder's name; composed letters, nothing inline, and what a platform said is text."""
    console = Console()
    await console.sign_in()
    answer = await console.browser.get(f"/dossiers/{CODE}?lang={language}")

    assert [(HOLDER, CODE)] == console.asked
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert {"vi": "Không gửi được", "en": "Dead"}[language] in answer.text
    assert unicodedata.is_normalized("NFC", answer.text)
    assert SAID not in answer.text
    assert "Mã hồ sơ không hợp lệ: &lt;script&gt;" in answer.text
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", answer.text)


@pytest.mark.parametrize(
    ("trouble", "status", "words"),
    [
        (NotFound("x"), 404, "Trục không biết hồ sơ này"),
        (Forbidden("x"), 403, "chưa được cấp quyền"),
        (Unavailable("x"), 503, "tạm thời"),
        (HubError("x"), 500, "Lỗi phía trục"),
    ],
)
async def test_trouble_is_a_page_in_words(trouble: HubError, status: int, words: str) -> None:
    """The same grants and the same words as at the REST interface; the hint is not told."""
    console = Console()
    await console.sign_in()
    console.trouble = trouble
    answer = await console.browser.get(f"/dossiers/{CODE}")

    assert (status, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])
    assert words in answer.text


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"key=" + b"A" * 5000, "application/x-www-form-urlencoded", 413),
        (b"&".join([b"a=b"] * 11), "application/x-www-form-urlencoded", 400),
        (b"key=%FF%FE", "application/x-www-form-urlencoded", 400),
        ("key=khóa".encode(), "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 415),
        (b"", "", 415),
    ],
)
async def test_forms_are_small_and_plain(body: bytes, kind: str, status: int) -> None:
    """Anything else is refused on a page."""
    answer = await Console().browser.post("/login", content=body, headers={**OWN, "Content-Type": kind})

    assert (status, "text/html; charset=utf-8") == (answer.status_code, answer.headers["content-type"])


async def test_whoever_is_signed_in_is_not_asked_again() -> None:
    """The sign-in page leads on."""
    console = Console()
    assert 200 == (await console.browser.get("/login")).status_code
    await console.sign_in()
    assert 303 == (await console.browser.get("/login")).status_code


def test_sessions_of_one_process_hold_in_another() -> None:
    """Nothing but the key is needed to know a session."""
    begun = Sessions(KEY, ManualClock()).begin(HOLDER)
    later = ManualClock(ManualClock().now() + timedelta(hours=7))

    assert HOLDER == Sessions(KEY, later).holder(begun)
