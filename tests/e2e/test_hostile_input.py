"""A real hub under bad input: every answer names field and rule, nothing is kept, and nothing sent is logged."""

import asyncio
import gzip
import json
import unicodedata
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from schemas.problem import Problem
from tests.e2e.raw import Answer, exchange, head
from tests.e2e.site import QUERY, Site, code_of, opened, submission

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAME, NUMBER, PHONE = "Mai Thị Dấu Vết", "079199000123", "0912345670"
MARKS = (NAME, NUMBER, PHONE, "Dấu Vết", "D\\u1ea5u")
"""What stands in every request and must not stand in any line of the hub's log."""
APPLICANT = {"kind": "citizen", "name": NAME, "personal_number": NUMBER, "phone": PHONE}
DOSSIER: Mapping[str, Any] = submission(1, applicant=APPLICANT, summary=f"Khai sinh cho con của {NAME}")
LOOKUP: Mapping[str, Any] = {**QUERY, "full_name": NAME, "personal_number": NUMBER}
BODY_BYTES_MAX = 1024 * 1024

Fields = list[tuple[str, str]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """One hub for all of it, with a short patience for slow bodies."""
    async with opened(tmp_path_factory.mktemp("hostile"), {"accept_s": "1"}) as made:
        await made.start()
        yield made


def dossier(**changes: Any) -> bytes:
    """Return the submission as JSON, with changes; None takes a field out."""
    merged = {name: value for name, value in {**DOSSIER, **changes}.items() if value is not None}
    return json.dumps(merged, ensure_ascii=False).encode()


def lookup(**changes: Any) -> bytes:
    """Return the lookup as JSON, with changes."""
    return json.dumps({**LOOKUP, **changes}, ensure_ascii=False).encode()


def written(old: str, new: bytes) -> bytes:
    """Return the submission as JSON with a piece of its text replaced by any bytes."""
    text = dossier()
    assert 1 == text.count(old.encode()), old
    return text.replace(old.encode(), new)


def fee(amount: object) -> dict[str, Any]:
    """Return a fee of that amount."""
    return {"code": "LP", "name": "Lệ phí", "kind": "fee", "amount_vnd": amount}


INVALID: dict[str, tuple[bytes, Fields]] = {
    "a number as text": (dossier(revision="1"), [("revision", "type")]),
    "a fraction": (dossier(revision=1.5), [("revision", "type")]),
    "a truth as a number": (dossier(revision=True), [("revision", "type")]),
    "money as text": (dossier(fees=[fee("8000")]), [("fees.0.amount_vnd", "type")]),
    "too much money": (dossier(fees=[fee(10**30)]), [("fees.0.amount_vnd", "range")]),
    "less than nothing": (dossier(revision=-1), [("revision", "range")]),
    "a number of 400 digits": (written('"revision": 1', b'"revision": 1' + b"0" * 400), [("revision", "range")]),
    "no number": (written('"revision": 1', b'"revision": NaN'), [("revision", "type")]),
    "infinity": (written('"revision": 1', b'"revision": -Infinity'), [("revision", "type")]),
    "beyond a double": (written('"revision": 1', b'"revision": 1e400'), [("revision", "type")]),
    "an object as text": (dossier(applicant=NAME), [("applicant", "type")]),
    "a list as an object": (dossier(progress={}), [("progress", "type")]),
    "a missing field": (dossier(summary=None), [("summary", "missing")]),
    "two faults": (dossier(summary=None, channel=NAME), [("channel", "choice"), ("summary", "missing")]),
    "an unknown field": (dossier(ghi_chu=NAME), [("ghi_chu", "unknown_field")]),
    "data for a field name": (dossier(**{NUMBER: 1}), [("?", "unknown_field")]),
    "30 February": (dossier(received_at="2026-02-30T08:00:00+07:00"), [("received_at", "date")]),
    "a time without an offset": (dossier(received_at="2026-10-05T08:00:00"), [("received_at", "offset")]),
    "seconds since 1970": (dossier(received_at="1790000000"), [("received_at", "date")]),
    "the last year": (dossier(received_at="9999-12-31T23:59:59-14:00"), [("received_at", "range")]),
    "tomorrow": (dossier(received_at="2099-01-01T00:00:00+07:00"), [("received_at", "future")]),
    "an unknown procedure": (dossier(procedure="9.999999"), [("procedure", "unknown_procedure")]),
    "an unknown agency": (dossier(code="H56.14.99-261122-0001"), [("code", "unknown_agency")]),
    "half a code": (dossier(code="H56.14-261122"), [("code", "dossier_code")]),
    "a code of no day": (dossier(code="H56.14-261332-0001"), [("code", "dossier_code")]),
    "other digits": (dossier(code="H56.14-٢٦١١٢٢-0001"), [("code", "dossier_code")]),
    "a long text": (dossier(summary="ấ" * 1001), [("summary", "too_long")]),
    "an empty text": (dossier(summary="  "), [("summary", "too_short")]),
    "a NUL": (dossier(summary=f"{NAME}\0"), [("summary", "control_character")]),
    "a line break": (dossier(applicant={**APPLICANT, "name": f"{NAME}\n{NAME}"}),
                     [("applicant.name", "control_character")]),
    "another scheme": (dossier(attachments=[{"id": "1", "name": "a", "url": "file:///etc/passwd"}]),
                       [("attachments.0.url", "url")]),
    "a field twice": (written('"revision": 1', b'"revision": 1, "revision": 2'), [("revision", "duplicate_field")]),
    "a field twice, disguised": (written('"revision": 1', b'"revision": 1, "revisio\\u006e": 1'),
                                 [("revision", "duplicate_field")]),
    "nothing": (b"null", [("$", "type")]),
    "a list": (b"[]", [("$", "type")]),
    "a hundred lists": (written('"online"', b"[" * 100 + b"]" * 100), [("channel", "choice")]),
}  # fmt: skip
"""Bodies that are JSON and no submission: 422."""

MALFORMED: dict[str, tuple[bytes, Fields]] = {
    "no body": (b"", [("$", "json")]),
    "no JSON": (b'{"summary": "' + NAME.encode() + b'", "applicant": {"name": ' + NAME.encode(),
                [("applicant.name", "json")]),
    "a lone surrogate": (written("Tiếp nhận hồ sơ", b"\\ud800"), [("progress.0.content", "json")]),
    "surrogates the wrong way round": (written("Tiếp nhận hồ sơ", b"\\udc00\\ud800"), [("progress.0.content", "json")]),
    "bytes that are no UTF-8": (written("Tiếp nhận hồ sơ", b"\xff\xfe"), [("progress.0.content", "json")]),
    "a slash in two bytes": (written("Tiếp nhận hồ sơ", b"\xc0\xaf"), [("progress.0.content", "json")]),
    "a surrogate in UTF-8": (written("Tiếp nhận hồ sơ", b"\xed\xa0\x80"), [("progress.0.content", "json")]),
    "a number of 5,000 digits": (written('"revision": 1', b'"revision": 1' + b"0" * 5000), [("revision", "json")]),
    "100,000 lists": (b"[" * 100_000, [("0.0.0.0.0.0.0.0", "json")]),
    "5,000 lists in a field": (written('"online"', b"[" * 5000 + b"]" * 5000), [("channel.0.0.0.0.0.0.0", "json")]),
    "a byte order mark": (b"\xef\xbb\xbf" + dossier(), [("$", "json")]),
    "UTF-16": (dossier().decode().encode("utf-16"), [("$", "json")]),
    "packed, and not said so": (gzip.compress(dossier()), [("$", "json")]),
}  # fmt: skip
"""Bodies that are no JSON: 400."""

UNANSWERABLE: dict[str, tuple[bytes, Fields]] = {
    "letters in a number": (lookup(personal_number=NUMBER[:-1] + "x"), [("personal_number", "pattern")]),
    "29 February of no leap year": (lookup(birth_date="2001-02-29"), [("birth_date", "date")]),
    "a birth to come": (lookup(birth_date="2099-01-01"), [("birth_date", "future")]),
    "two births": (lookup(birth_year=2000), [("$", "birth_date_or_birth_year")]),
    "a name of controls": (lookup(full_name=f"{NAME}\x1b[2J"), [("full_name", "control_character")]),
}
"""Lookups that are none: 422."""


def authorised(site: Site, **headers: str) -> dict[str, str]:
    """Return the headers of a lawful submission, with changes."""
    return {
        "Authorization": f"Bearer {site.installed.token}",
        "Idempotency_Key": "hostile",
        "Content_Type": "application/json",
        **headers,
    }


async def post(site: Site, path: str, body: bytes, **headers: str) -> Answer:
    """Send one body and return the answer, which must come."""
    request = head("POST", path, **authorised(site, Content_Length=str(len(body)), **headers)) + body
    answer = await exchange(site.installed.address, request)
    assert answer is not None
    return answer


def problem(answer: Answer) -> Problem:
    """Read an answer as a problem that repeats nothing of what was sent."""
    assert "application/problem+json" == answer.headers["content-type"]
    text = answer.body.decode()
    assert [] == [mark for mark in MARKS if mark in text]
    return Problem.model_validate_json(text)


async def refused(site: Site, path: str, body: bytes, **headers: str) -> tuple[int, str, Fields]:
    """Send a body and return what it was refused with, after a look at what it left behind: one count, nothing else."""
    before = await site.refusals()
    accepted = await site.counted("hub_accepted_total", "agency")

    answer = await post(site, path, body, **headers)
    told = problem(answer)

    assert {told.code: 1} == await site.refusals() - before
    assert accepted == await site.counted("hub_accepted_total", "agency")
    assert [] == logged(site)
    return answer.status, told.code, [(field.path, field.rule) for field in told.fields]


def logged(site: Site) -> list[str]:
    """Return the marks that stand in the log of the hub, which must hold none."""
    text = site.process.log.read_text(encoding="utf-8")
    return [mark for mark in MARKS if mark in text]


@pytest.mark.parametrize("case", INVALID)
async def test_a_submission_that_breaks_a_rule_is_told_which(site: Site, case: str) -> None:
    """422 with the path of every field and its rule."""
    body, fields = INVALID[case]

    status, code, told = await refused(site, "/v1/dossiers", body)

    assert (422, "caller.invalid", sorted(fields)) == (status, code, sorted(told))


@pytest.mark.parametrize("case", MALFORMED)
async def test_a_body_that_is_no_json_is_told_where(site: Site, case: str) -> None:
    """400 with the field in which it stops being JSON."""
    body, fields = MALFORMED[case]

    assert (400, "caller.malformed", fields) == await refused(site, "/v1/dossiers", body)


@pytest.mark.parametrize("case", UNANSWERABLE)
async def test_a_lookup_that_breaks_a_rule_asks_nobody(site: Site, case: str) -> None:
    """422, and the population database has not heard of it."""
    body, fields = UNANSWERABLE[case]
    before = await site.population.summary()

    assert (422, "caller.invalid", fields) == await refused(site, "/v1/citizens/lookup", body)

    assert before == await site.population.summary()


REFUSED_UNREAD: dict[str, tuple[dict[str, str], int, str]] = {
    "plain text": ({"Content_Type": "text/plain"}, 415, "caller.media_type"),
    "no type": ({"Content_Type": ""}, 415, "caller.media_type"),
    "a form": ({"Content_Type": "application/x-www-form-urlencoded"}, 415, "caller.media_type"),
    "another charset": ({"Content_Type": "application/json; charset=utf-16"}, 415, "caller.media_type"),
    "packed": ({"Content_Encoding": "gzip"}, 415, "caller.media_type"),
    "no key": ({"Idempotency_Key": ""}, 400, "caller.key_missing"),
    "no token": ({"Authorization": ""}, 401, "caller.unauthenticated"),
    "another scheme": ({"Authorization": f"Basic {NUMBER}"}, 401, "caller.unauthenticated"),
    "a wrong token": ({"Authorization": f"Bearer hk_{NUMBER}"}, 401, "caller.unauthenticated"),
    "a long token": ({"Authorization": "Bearer " + "x" * 50_000}, 401, "caller.unauthenticated"),
    "a token that is no text": ({"Authorization": "Bearer \xff\xfe"}, 401, "caller.unauthenticated"),
}


@pytest.mark.parametrize("case", REFUSED_UNREAD)
async def test_headers_are_judged_before_the_body(site: Site, case: str) -> None:
    """Type, key and token have an answer of their own."""
    headers, status, code = REFUSED_UNREAD[case]

    assert (status, code, []) == await refused(site, "/v1/dossiers", dossier(), **headers)


@pytest.mark.parametrize("key", ["hai từ", "x" * 129, f"{NUMBER} "[:-1] + " x"])
async def test_a_bad_key_is_named(site: Site, key: str) -> None:
    """422 that names the header."""
    fields = [("Idempotency-Key", "pattern")]
    written_as = key.encode().decode("latin-1")

    assert (422, "caller.invalid", fields) == await refused(site, "/v1/dossiers", b"{}", Idempotency_Key=written_as)


async def test_a_dossier_of_somebody_else_is_forbidden(site: Site) -> None:
    """403."""
    refusal = await refused(site, "/v1/dossiers", dossier(code="H56.15-261122-0001"))

    assert (403, "caller.foreign_dossier", []) == refusal


async def test_a_correlation_id_that_could_be_a_person_is_replaced(site: Site) -> None:
    """A number of twelve digits does not get into the log through a header."""
    answer = await post(site, "/v1/dossiers", b"{}", X_Correlation_Id=NUMBER)

    assert NUMBER != answer.headers["x-correlation-id"]
    assert [] == logged(site)


# --- too much, too slow ----------------------------------------------------------------------------------------------


async def test_a_body_over_the_limit_is_refused_by_its_length(site: Site) -> None:
    """413 without waiting for the body, and the connection is closed."""
    for length in (BODY_BYTES_MAX + 1, 10**17):
        request = head("POST", "/v1/dossiers", **authorised(site, Content_Length=str(length)))

        answer = await exchange(site.installed.address, request, b"{")

        assert answer is not None
        assert (413, "caller.too_large", "close") == (answer.status, problem(answer).code, answer.headers["connection"])


async def test_a_body_over_the_limit_is_refused_by_what_comes(site: Site) -> None:
    """413 for a chunked body that declares nothing, as soon as it is too large."""
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    request = head("POST", "/v1/dossiers", **authorised(site, Transfer_Encoding="chunked"))

    answer = await exchange(site.installed.address, request, *[chunk] * 17)

    assert answer is not None
    assert (413, "caller.too_large", "close") == (answer.status, problem(answer).code, answer.headers["connection"])


async def test_a_body_of_the_largest_size_is_read(site: Site) -> None:
    """The limit itself is allowed, in chunks as well: what is wrong with the body is found."""
    body = b" " * (BODY_BYTES_MAX - 4) + b"null"
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    request = head("POST", "/v1/dossiers", **authorised(site, Transfer_Encoding="chunked"))

    whole = await post(site, "/v1/dossiers", body)
    pieces = await exchange(site.installed.address, request, chunked)

    assert pieces is not None
    assert [422, 422] == [whole.status, pieces.status]


async def test_a_body_of_too_many_values_is_refused(site: Site) -> None:
    """413 before the faults of each are looked for."""
    body = json.dumps({**DOSSIER, "progress": [{}] * 20_000}).encode()

    assert (413, "caller.too_large", []) == await refused(site, "/v1/dossiers", body)


async def test_a_slow_body_is_given_up(site: Site) -> None:
    """408 after the time for an acceptance, although bytes keep coming."""
    body = dossier()
    request = head("POST", "/v1/dossiers", **authorised(site, Content_Length=str(len(body))))

    answer = await exchange(site.installed.address, request, *(body[at : at + 1] for at in range(100)), pause_s=0.05)

    assert answer is not None
    assert (408, "caller.slow", "close") == (answer.status, problem(answer).code, answer.headers["connection"])


async def test_a_caller_who_leaves_in_the_middle_costs_nothing(site: Site) -> None:
    """Half a body and good-bye, many times: no fault, no acceptance."""
    host, _, port = site.installed.address.removeprefix("http://").rpartition(":")
    accepted = await site.counted("hub_accepted_total", "agency")
    for _ in range(20):
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head("POST", "/v1/dossiers", **authorised(site, Content_Length="1000")) + b"{")
        await writer.drain()
        writer.close()

    assert [] == [line for line in site.lines() if line["level"] == "error"]
    assert accepted == await site.counted("hub_accepted_total", "agency")


# --- wrong places ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "M-SEARCH"])
async def test_a_wrong_method_is_a_problem(site: Site, method: str) -> None:
    """405 with what is allowed."""
    answer = await exchange(site.installed.address, head(method, "/v1/dossiers"))

    assert answer is not None
    assert (405, "caller.method", "POST") == (answer.status, problem(answer).code, answer.headers["allow"])


@pytest.mark.parametrize(
    "path",
    [
        "/v1/nothing",
        "/v1/dossiers/",
        f"/v1/{NUMBER}",
        f"/v1/messages/{NUMBER}",
        f"/v1/dossiers/{NUMBER}/timeline?number={NUMBER}",
        "/v1/messages/%00",
        "/v1/messages/%ff%fe",
        "/v1/dossiers/a%2Fb/timeline",
        "/problems/%F0%9F%92%A9",
        "/../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/assets/%2e%2e/%2e%2e/pages.py",
        "/assets/overview.css/../../pages.py",
        "//etc/passwd",
        "/%",
        "*",
    ],
)
async def test_a_wrong_path_is_a_problem(site: Site, path: str) -> None:
    """404, with a key as without one where there is nothing; no file outside the console is served."""
    request = head("GET", path, Authorization=f"Bearer {site.installed.token}")

    answer = await exchange(site.installed.address, request)

    assert answer is not None
    assert (404, "caller.not_found") == (answer.status, problem(answer).code)
    assert [] == logged(site)


# --- broken HTTP -----------------------------------------------------------------------------------------------------

POST = b"POST /v1/dossiers HTTP/1.1\r\nHost: hub\r\n"
BROKEN: dict[str, bytes] = {
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}{}{}",
    "one length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "length and chunks": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "another transfer encoding": POST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "nearly chunked": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a chunk without a size": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a length below zero": POST + b"Content-Length: -5\r\n\r\n",
    "a length of 30 digits": POST + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "a blank before the colon": POST + b"Content-Length : 2\r\n\r\n{}",
    "a folded header": POST + b"X-A: a\r\n b\r\n\r\n",
    "a NUL in a header": POST + b"X-A: a\0b\r\n\r\n",
    "bare line feeds": b"GET /healthz HTTP/1.1\nHost: hub\n\n",
    "an invented method": b"BREW /v1/dossiers HTTP/1.1\r\nHost: hub\r\n\r\n",
    "a method in small letters": b"get /healthz HTTP/1.1\r\nHost: hub\r\n\r\n",
    "a long method": b"X" * 5000 + b" / HTTP/1.1\r\nHost: hub\r\n\r\n",
    "a path that is no ASCII": "GET /é HTTP/1.1\r\nHost: hub\r\n\r\n".encode(),
    "a path of 70,000 letters": b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: hub\r\n\r\n",
    "a version to come": b"GET /healthz HTTP/9.9\r\nHost: hub\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100),
    "a head of 1 MB": b"GET /healthz HTTP/1.1\r\nHost: hub\r\n" + b"X-A: b\r\n" * 125_000 + b"\r\n",
}


@pytest.mark.parametrize("case", BROKEN)
async def test_broken_http_ends_the_connection(site: Site, case: str) -> None:
    """400 and the end: what follows on the connection cannot be told apart any more."""
    answer = await exchange(site.installed.address, BROKEN[case])

    assert answer is None or (400, "close") == (answer.status, answer.headers["connection"])


async def test_what_follows_a_broken_request_is_not_served(site: Site) -> None:
    """A request that hides in the body of another one is never seen."""
    hidden = dossier()
    smuggled = head("POST", "/v1/dossiers", **authorised(site, Content_Length=str(len(hidden)))) + hidden
    accepted = await site.counted("hub_accepted_total", "agency")

    for opening in ("two lengths", "length and chunks", "chunks and length", "nearly chunked"):
        await exchange(site.installed.address, BROKEN[opening] + smuggled)

    assert accepted == await site.counted("hub_accepted_total", "agency")


async def test_an_upgrade_is_no_way_in(site: Site) -> None:
    """There are no web sockets: the request is answered as what it is."""
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec_WebSocket_Version": "13"}
    request = head("GET", "/v1/nothing", Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==", **upgrade)

    answer = await exchange(site.installed.address, request)

    assert answer is not None
    assert 404 == answer.status


async def test_connections_that_only_wait_keep_nobody_out(site: Site) -> None:
    """200 that never finish their head, and a lookup goes on as if there were none."""
    host, _, port = site.installed.address.removeprefix("http://").rpartition(":")
    waiting = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
    for _, writer in waiting:
        writer.write(POST)

    answer = await site.caller.post("/v1/citizens/lookup", json=QUERY)

    for _, writer in waiting:
        writer.close()
    assert 200 == answer.status_code


# --- and after all that ----------------------------------------------------------------------------------------------


async def test_decomposed_text_is_taken_and_kept_composed(site: Site) -> None:
    """Vietnamese in NFD, as some systems write it, reaches the portal in NFC; a repeat in NFC is the same request."""
    composed = submission(77, applicant=APPLICANT, summary=f"Khai sinh cho con của {NAME}")
    decomposed = json.loads(unicodedata.normalize("NFD", json.dumps(composed, ensure_ascii=False)))
    assert decomposed != composed

    first = await site.submit(decomposed)
    again = await site.submit(composed)
    await site.settled([code_of(77)])

    rows = [row async for row in site.portal.rows(key=code_of(77))]
    told = json.dumps([row["data"] for row in rows], ensure_ascii=False)
    assert (202, first.json()) == (again.status_code, again.json())
    assert ["dossier_created", "progress"] == [row["kind"] for row in rows]
    assert unicodedata.is_normalized("NFC", told)
    assert NAME in told
    assert [] == logged(site)


async def test_the_hub_is_as_well_as_before(site: Site) -> None:
    """Ready, and without a single fault of its own."""
    ready = await site.caller.get("/readyz")
    faults = {code: count for code, count in (await site.refusals()).items() if not code.startswith("caller.")}

    assert (200, {}) == (ready.status_code, faults)
    assert [] == [line for line in site.lines() if line["level"] == "error"]
