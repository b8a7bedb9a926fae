"""The REST door: every answer says what happened, in whose hands it lies, and leaks nothing."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import structlog

from hub.errors import Overloaded, RefusedUs, ReplyLost, Unavailable, WriteInDoubt
from hub.ingress.problems import STATUS
from schemas.problem import PROBLEMS, Problem
from schemas.timeline import Overview, Timeline
from tests.fakes.rest import House, query_json, submission_json

CODE = "H56.14-261122-0001"
WITHDRAWAL = b'{"revision":2,"reason":"applicant_request"}'


async def post(house: House, body: bytes, *, path: str = "/v1/dossiers", **headers: str) -> httpx.Response:
    """Send a body with the headers of `motcua`, changed by `headers`; an empty value drops one."""
    sent = house.headers() | {name.replace("_", "-"): value for name, value in headers.items()}
    async with house.client() as client:
        return await client.post(path, content=body, headers={name: value for name, value in sent.items() if value})


async def get(house: House, path: str, system: str = "motcua") -> httpx.Response:
    """Ask as a system."""
    async with house.client() as client:
        return await client.get(path, headers=house.headers(system))


def problem(answer: httpx.Response) -> Problem:
    """Read the problem of an answer."""
    assert "application/problem+json" == answer.headers["content-type"]
    read = Problem.model_validate_json(answer.content)
    assert (answer.status_code, answer.headers["x-correlation-id"]) == (read.status, read.correlation_id)
    return read


def told(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return the (path, rule) pairs of an answer."""
    return [(field.path, field.rule) for field in problem(answer).fields]


# --- good answers ----------------------------------------------------------------------------------------------------


async def test_a_submission_gets_a_receipt_and_a_place_to_look() -> None:
    """202, the receipt, and its address in Location."""
    house = House()

    answer = await post(house, submission_json())

    receipt = answer.json()
    assert (202, "application/json") == (answer.status_code, answer.headers["content-type"])
    assert f"/v1/messages/{receipt['message_id']}" == answer.headers["location"] == receipt["follow"]
    assert (CODE, 1, "2026-11-22T01:00:00Z") == (receipt["dossier_code"], receipt["revision"], receipt["accepted_at"])
    assert 200 == (await get(house, receipt["follow"])).status_code


async def test_a_repeat_gets_the_same_answer() -> None:
    """Byte for byte."""
    house = House()

    assert (await post(house, submission_json())).content == (await post(house, submission_json())).content


async def test_a_lookup_gets_its_answer() -> None:
    """The record of the example person."""
    answer = await post(House(), query_json(), path="/v1/citizens/lookup")

    assert (200, "one", "NGUYỄN VĂN A") == (
        answer.status_code,
        answer.json()["match"],
        answer.json()["citizen"]["full_name"],
    )


async def test_a_timeline_is_told() -> None:
    """As the read models have it."""
    house = House()
    house.read_models.timelines[CODE] = Timeline(dossier_code=CODE, messages=())

    answer = await get(house, "/v1/dossiers/000.00.14.H56-261122-0001/timeline")

    assert (200, {"dossier_code": CODE, "messages": []}) == (answer.status_code, answer.json())


async def test_the_overview_needs_no_key_and_names_nobody() -> None:
    """The live page asks it."""
    house = House()
    house.read_models.numbers = Overview(accepted=3, platforms=())
    async with house.client() as client:
        answer = await client.get("/v1/overview?unknown=1")

    assert (200, {"accepted": 3, "platforms": []}) == (answer.status_code, answer.json())


async def test_every_code_is_explained_where_its_type_points() -> None:
    """The `type` of a problem leads to words in both languages."""
    house = House()
    for code, words in PROBLEMS.items():
        answer = await get(house, f"/problems/{code}")
        assert {"code": code, "status": STATUS[code], "origin": code.split(".")[0], "vi": words.vi, "en": words.en} == (
            answer.json()
        )


async def test_the_process_lives() -> None:
    """Liveness asks nobody."""
    assert (200, {"status": "ok"}) == ((answer := await get(House(), "/healthz")).status_code, answer.json())


async def test_readiness_names_what_is_missing() -> None:
    """503 with the same body as 200."""

    async def full() -> str:
        return "nearly full"

    answer = await get(House(checks={"disk": full}), "/readyz")

    assert (503, {"ready": False, "checks": {"disk": "nearly full"}}) == (answer.status_code, answer.json())
    assert (await get(House(), "/readyz")).json()["ready"]


async def test_metrics_are_served() -> None:
    """In the text format, with what the door counts."""
    house = House()
    await post(house, submission_json())
    await get(house, "/nope")

    answer = await get(house, "/metrics")

    assert answer.headers["content-type"].startswith("text/plain")
    assert 'hub_accepted_total{agency="H56.14"} 1.0' in answer.text
    assert 'hub_refused_total{code="caller.not_found"} 1.0' in answer.text


# --- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer x", "Basic YTpi", "hk_a_b", "Bearer hk_zzzz_" + "A" * 43])
@pytest.mark.parametrize("path", ["/v1/dossiers", "/v1/citizens/lookup"])
async def test_without_a_key_nothing_is_read(path: str, given: str) -> None:
    """401 before the body is looked at, whatever the body is."""
    answer = await post(House(), b"not json", path=path, Authorization=given)

    assert (401, "caller.unauthenticated") == (answer.status_code, problem(answer).code)
    assert 'Bearer realm="hub"' == answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/v1/messages/x", f"/v1/dossiers/{CODE}/timeline"])
async def test_following_needs_a_key(path: str) -> None:
    """401 as well."""
    async with House().client() as client:
        assert 401 == problem(await client.get(path)).status


async def test_the_scheme_is_read_in_any_case() -> None:
    """RFC 9110: `bearer` is `Bearer`."""
    house = House()

    assert 202 == (await post(house, submission_json(), Authorization=f"bEARER {house.tokens['motcua']}")).status_code


async def test_a_key_without_a_grant_is_told_so() -> None:
    """403, and the words say whom to ask."""
    house = House()
    answer = await post(house, submission_json(), Authorization=f"Bearer {house.tokens['nobody']}")

    assert (403, "caller.no_grant") == (answer.status_code, problem(answer).code)


async def test_a_foreign_dossier_is_forbidden_to_write_and_unknown_to_read() -> None:
    """403 for the submission, 404 for the timeline."""
    house = House()
    house.read_models.timelines[CODE] = Timeline(dossier_code=CODE, messages=())

    written = await post(house, submission_json(), Authorization=f"Bearer {house.tokens['other']}")
    read = await get(house, f"/v1/dossiers/{CODE}/timeline", "other")

    assert ("caller.foreign_dossier", "caller.not_found") == (problem(written).code, problem(read).code)


# --- what ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "a b", "khoa\x7f", "x" * 129])
async def test_a_write_needs_a_plain_key(key: str) -> None:
    """Missing: 400 with a code of its own; ugly: 422 that names the header."""
    answer = await post(House(), submission_json(), Idempotency_Key=key)

    if key:
        assert (422, [("Idempotency-Key", "pattern")]) == (answer.status_code, told(answer))
    else:
        assert (400, "caller.key_missing") == (answer.status_code, problem(answer).code)


async def test_a_key_with_another_body_is_a_conflict() -> None:
    """409."""
    house = House()
    await post(house, submission_json())

    assert "caller.key_reused" == problem(await post(house, submission_json(summary="Khác"))).code


async def test_a_revision_that_goes_back_is_a_conflict() -> None:
    """409."""
    house = House()
    await post(house, submission_json())

    assert "caller.revision_backwards" == problem(await post(house, submission_json(), Idempotency_Key="k2")).code


@pytest.mark.parametrize(
    "declared",
    [
        {"Content_Type": ""},
        {"Content_Type": "text/plain"},
        {"Content_Type": "application/json; charset=utf-16"},
        {"Content_Type": "application/jsonx"},
        {"Content_Encoding": "gzip"},
    ],
)
async def test_a_body_is_declared_as_plain_json(declared: dict[str, str]) -> None:
    """415 otherwise."""
    answer = await post(House(), submission_json(), **declared)

    assert (415, "caller.media_type") == (answer.status_code, problem(answer).code)


@pytest.mark.parametrize(
    "declared", ["application/json", "Application/JSON; charset=UTF-8", 'application/json;charset="utf-8"']
)
async def test_json_may_name_its_one_charset(declared: str) -> None:
    """UTF-8, in any case."""
    assert 202 == (await post(House(), submission_json(), Content_Type=declared)).status_code


async def test_a_body_declared_too_large_is_not_read() -> None:
    """413, and the connection is closed because the rest stays unread."""
    answer = await post(House(), b"{}", Content_Length=str(1024 * 1024 + 1))

    assert (413, "caller.too_large", "close") == (
        answer.status_code,
        problem(answer).code,
        answer.headers["connection"],
    )


async def test_a_body_that_grows_too_large_is_not_read_on() -> None:
    """413 after the bound, however much would still come."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 65536

    house = House()
    async with house.client() as client:
        answer = await client.post("/v1/dossiers", content=endless(), headers=house.headers())

    assert (413, 17) == (answer.status_code, sent)


async def test_a_body_that_does_not_come_is_given_up() -> None:
    """408 after `body_wait_s`."""

    async def stuck() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    house = House(body_wait_s=0.01)
    async with house.client() as client:
        answer = await client.post("/v1/dossiers", content=stuck(), headers=house.headers())

    assert (408, "caller.slow") == (answer.status_code, problem(answer).code)


async def test_a_body_in_pieces_is_one_body() -> None:
    """Where the network cuts does not matter."""

    async def pieces() -> AsyncIterator[bytes]:
        for letter in submission_json():
            yield bytes([letter])

    house = House()
    async with house.client() as client:
        answer = await client.post("/v1/dossiers", content=pieces(), headers=house.headers())

    assert 202 == answer.status_code


async def test_very_many_values_are_too_much() -> None:
    """A body under the byte limit cannot hold up the hub with a list of a hundred thousand mistakes."""
    body = json.dumps({f"x{n}": 1 for n in range(20_000)}).encode()

    assert "caller.too_large" == problem(await post(House(), body)).code


@pytest.mark.parametrize(
    ("body", "path", "where"),
    [
        (b"", "$", "line 1, column 0"),
        (b"\xef\xbb\xbf{}", "$", "line 1, column 1"),
        (b'{"code": "H56', "code", "line 1, column 13"),
        (b'{"code": nope}', "code", "line 1, column 11"),
        (b'{\n "applicant": {"name": "\\ud800"}}', "applicant.name", "line 2, column"),
        (b'{"revision": NaN1}', "revision", "line 1"),
        (b'{"revision": ' + b"9" * 5000 + b"}", "revision", "line 1"),
        (b'{"note": ' + b"[" * 100_000, "note.0.0.0.0.0.0.0", "line 1"),
        (b'{"summary": "\xff"}', "summary", "line 1"),
        (b"{'code': 1}", "$", "line 1"),
    ],
)
async def test_what_is_no_json_is_told_with_its_place(body: bytes, path: str, where: str) -> None:
    """400, the field that the place belongs to, and line and column in both languages."""
    answer = await post(House(), body)

    (field,) = problem(answer).fields
    assert (400, "caller.malformed", path, "json") == (answer.status_code, problem(answer).code, field.path, field.rule)
    assert where in field.en
    assert where.partition(",")[0].replace("line", "dòng") in field.vi


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"code": "nonsense"}, "code", "dossier_code"),
        ({"code": None}, "code", "type"),
        ({"revision": "1"}, "revision", "type"),
        ({"revision": 1.5}, "revision", "type"),
        ({"revision": True}, "revision", "type"),
        ({"revision": 0}, "revision", "range"),
        ({"revision": 10**30}, "revision", "range"),
        ({"revision": float("nan")}, "revision", "type"),
        ({"procedure": "1.1"}, "procedure", "pattern"),
        ({"status": "gone"}, "status", "choice"),
        ({"summary": ""}, "summary", "too_short"),
        ({"summary": "x" * 1001}, "summary", "too_long"),
        ({"summary": "a\0b"}, "summary", "control_character"),
        ({"received_at": "2026-11-22T08:00:00"}, "received_at", "offset"),
        ({"received_at": "hôm nay"}, "received_at", "date"),
        ({"received_at": 1763773200}, "received_at", "date"),
        ({"received_at": "2026-11-22T09:00:00+07:00", "due_at": None}, "received_at", "future"),
        (
            {"applicant": {"kind": "citizen", "name": "A", "personal_number": "12"}},
            "applicant.personal_number",
            "pattern",
        ),
        ({"applicant": {"kind": "citizen"}}, "applicant.name", "missing"),
        ({"applicant": []}, "applicant", "type"),
        ({"attachments": [{"id": "a", "name": "b", "url": "javascript:alert(1)"}]}, "attachments.0.url", "url"),
        ({"attachments": {}}, "attachments", "type"),
        ({"surprise": 1}, "surprise", "unknown_field"),
        ({"procedure": "1.999999"}, "procedure", "unknown_procedure"),
    ],
)
async def test_a_wrong_field_is_named_with_the_rule_it_broke(changes: dict[str, Any], path: str, rule: str) -> None:
    """422, one line per field, with words in both languages."""
    answer = await post(House(), submission_json(**changes))

    assert (422, "caller.invalid", [(path, rule)]) == (answer.status_code, problem(answer).code, told(answer))
    (field,) = problem(answer).fields
    assert field.vi
    assert field.en


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (b'{"code": "a", "code": "b"', "code"),
        (b'{"applicant": {"kind": "citizen", "name": "A", "name": "B"}', "applicant.name"),
    ],
)
async def test_a_field_stated_twice_is_refused(text: bytes, path: str) -> None:
    """Which of the two is meant, nobody can tell."""
    rest = json.loads(submission_json())
    rest = {name: value for name, value in rest.items() if f'"{name}"'.encode() not in text}
    body = text + b", " + json.dumps(rest).encode()[1:]
    if path == "code":
        body = body.replace(b'"a"', f'"{CODE}"'.encode()).replace(b'"b"', f'"{CODE}"'.encode())

    answer = await post(House(), body)

    assert [(path, "duplicate_field")] == told(answer)


async def test_both_births_or_none_is_told_of_the_whole() -> None:
    """No single field is at fault."""
    answer = await post(House(), query_json(birth_year=2000), path="/v1/citizens/lookup")

    assert [("$", "birth_date_or_birth_year")] == told(answer)


async def test_names_are_kept_in_composed_letters() -> None:
    """A name that a Mac sent decomposed is the same name."""
    house = House()
    decomposed = unicodedata.normalize("NFD", "Nguyễn Văn A")

    answer = await post(house, query_json(full_name=decomposed), path="/v1/citizens/lookup")

    assert 200 == answer.status_code
    assert unicodedata.normalize("NFC", decomposed) == house.citizens.asked[0][0].full_name


async def test_an_answer_never_repeats_a_value() -> None:
    """Neither the values nor odd names of fields come back."""
    secret = "Phạm Thị Bí Mật"
    body = submission_json(status=secret, procedure=secret, **{secret: secret, "n001000000001": 1})

    answer = await post(House(), body)

    assert 422 == answer.status_code
    assert secret not in answer.text
    assert "001000000001" not in answer.text


# --- trouble ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "status", "code", "wait_s"),
    [
        (Unavailable("x"), 503, "hub.unavailable", 5),
        (Unavailable("x", code="hub.disk_full"), 503, "hub.disk_full", 5),
        (WriteInDoubt("x"), 503, "hub.in_doubt", 5),
        (Overloaded("x", retry_after_s=2), 503, "hub.overloaded", 2),
    ],
)
async def test_a_hub_in_trouble_says_when_to_come_back(failure: Exception, status: int, code: str, wait_s: int) -> None:
    """503 is always the hub's, and always has Retry-After."""
    house = House()
    house.admission.append(failure)

    answer = await post(house, submission_json())

    assert (status, code, str(wait_s)) == (answer.status_code, problem(answer).code, answer.headers["retry-after"])
    assert (True, "hub", wait_s) == (problem(answer).retriable, problem(answer).origin, problem(answer).retry_after_s)


@pytest.mark.parametrize(("fault", "status"), [(ReplyLost("x"), 504), (RefusedUs("x"), 502)])
async def test_a_platform_in_trouble_is_named_as_such(fault: ReplyLost | RefusedUs, status: int) -> None:
    """502 and 504 are always a platform's."""
    house = House()
    house.citizens.fault = fault

    answer = await post(house, query_json(), path="/v1/citizens/lookup")

    assert (status, "platform") == (answer.status_code, problem(answer).origin)


async def test_a_bug_is_a_problem_and_not_a_stack_trace() -> None:
    """500 with the correlation id; the log has the class and the place, not the words of the exception."""
    house = House()
    house.admission.append(ZeroDivisionError("Phạm Thị Bí Mật"))

    with structlog.testing.capture_logs() as lines:
        answer = await post(house, submission_json(), X_Correlation_Id="c-1")

    assert (500, "hub.fault", "c-1") == (answer.status_code, problem(answer).code, problem(answer).correlation_id)
    assert "Bí Mật" not in answer.text
    (line,) = lines
    assert ("error", "hub.fault", ZeroDivisionError) == (line["log_level"], line["code"], type(line["exc_info"]))


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "caller.not_found"),
        ("GET", "/v1/dossiers/", 404, "caller.not_found"),
        ("GET", "/v1/dossiers", 405, "caller.method"),
        ("DELETE", "/v1/messages/x", 405, "caller.method"),
        ("TRACE", "/v1/overview", 405, "caller.method"),
        ("BREW", "/v1/overview", 405, "caller.method"),
        ("GET", "/problems/nope", 404, "caller.not_found"),
        ("GET", "/v1/messages/%00%ff", 404, "caller.not_found"),
        ("GET", "/v1/dossiers/%0A/timeline", 404, "caller.not_found"),
        ("GET", "/assets/../../etc/passwd", 404, "caller.not_found"),
    ],
)
async def test_what_does_not_exist_is_a_problem_too(method: str, path: str, status: int, code: str) -> None:
    """The router speaks as everybody else."""
    house = House()
    async with house.client() as client:
        answer = await client.request(method, path, headers=house.headers())

    assert (status, code) == (answer.status_code, problem(answer).code)
    assert (status == 405) == ("allow" in answer.headers)


# --- on every answer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/overview", "/nope", "/openapi.json"])
async def test_every_answer_carries_the_headers_that_browsers_heed(path: str) -> None:
    """Not stored, not sniffed, not framed, nothing loaded."""
    answer = await get(House(), path)

    assert {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    }.items() <= dict(answer.headers).items()


async def test_a_correlation_id_comes_back() -> None:
    """In the header, and in the body of a problem."""
    answer = await post(House(), b"{}", X_Correlation_Id="motcua-2026:1.a_b")

    assert "motcua-2026:1.a_b" == answer.headers["x-correlation-id"] == problem(answer).correlation_id


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "001000000001", "a\tb", "<script>"])
async def test_an_odd_correlation_id_is_replaced(given: str) -> None:
    """Digits alone could be a personal number, which must not reach the log."""
    answer = await post(House(), b"{}", X_Correlation_Id=given)

    assert given != answer.headers["x-correlation-id"]
    assert 32 == len(answer.headers["x-correlation-id"])


# --- the log line ----------------------------------------------------------------------------------------------------


async def test_a_request_leaves_one_line_without_data() -> None:
    """Method, template, status, code, duration, correlation id, agency and system; no code of a dossier, no name."""
    house = House()
    with structlog.testing.capture_logs() as lines:
        await get(house, f"/v1/dossiers/{CODE}/timeline")

    (line,) = lines
    assert {
        "component": "ingress",
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/dossiers/{code}/timeline",
        "status": 404,
        "code": "caller.not_found",
        "duration_ms": 0.0,
        "correlation_id": line["correlation_id"],
        "agency": "H56.14",
        "system": "motcua",
        "exc_info": None,
    } == line


async def test_an_unknown_path_is_not_written_down() -> None:
    """It could hold anything."""
    with structlog.testing.capture_logs() as lines:
        await get(House(), "/hoso/001000000001?name=Nguyen")

    assert ("", 404) == (lines[0]["route"], lines[0]["status"])
    assert "001000000001" not in str(lines)


async def test_what_is_wrong_with_the_hub_is_written_down_and_not_told() -> None:
    """The operator reads which file fails; the caller reads that nothing was accepted."""
    house = House()
    house.admission.append(Unavailable("store.db: the disk reported an error"))
    with structlog.testing.capture_logs() as lines:
        answer = await post(house, submission_json())

    assert ("error", "store.db: the disk reported an error") == (lines[0]["log_level"], lines[0]["hint"])
    assert "store.db" not in answer.text


async def test_what_machines_ask_every_second_leaves_no_line() -> None:
    """Probes and the live page are silent while all is well."""
    house = House()
    with structlog.testing.capture_logs() as lines:
        for path in ("/healthz", "/readyz", "/metrics", "/v1/overview"):
            await get(house, path)

    assert [] == lines


async def test_a_caller_who_leaves_is_no_fault_of_the_hub() -> None:
    """A connection cut in the middle of the body ends as a refusal, not as an error."""
    house = House()
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in house.headers().items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/dossiers", "headers": headers, "query_string": b""}
    await house.app(scope, receive, send)

    assert 400 == sent[0]["status"]


def test_every_code_has_a_status() -> None:
    """A code without one would end as a fault of the hub."""
    assert set(PROBLEMS) == set(STATUS)


# --- withdrawals -----------------------------------------------------------------------------------------------------


async def test_a_withdrawal_gets_a_receipt_that_says_what_it_leaves() -> None:
    """202, a place to look, and what is not undone; the code may be spelled either way."""
    house = House()

    answer = await post(house, WITHDRAWAL, path="/v1/dossiers/000.00.14.H56-261122-0001/withdrawal")

    receipt = answer.json()
    assert (202, 2) == (answer.status_code, receipt["revision"])
    assert answer.headers["location"] == receipt["follow"]
    assert {"remains_vi", "remains_en"} < set(receipt)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"revision":2}', [("reason", "missing")]),
        (b'{"revision":2,"reason":"because"}', [("reason", "choice")]),
        (b'{"revision":0,"reason":"duplicate"}', [("revision", "range")]),
        (b'{"revision":2,"reason":"duplicate","note":"x"}', [("note", "unknown_field")]),
    ],
)
async def test_a_withdrawal_names_what_is_wrong_with_it(body: bytes, expected: list[tuple[str, str]]) -> None:
    """A reason is chosen from a list, so that nothing personal can be written into it."""
    assert expected == told(await post(House(), body, path=f"/v1/dossiers/{CODE}/withdrawal"))


async def test_a_code_that_is_none_is_named() -> None:
    """It stands in the address, and the answer says so."""
    answer = await post(House(), WITHDRAWAL, path="/v1/dossiers/nonsense/withdrawal")

    assert (422, [("code", "dossier_code")]) == (answer.status_code, told(answer))


async def test_a_backlog_is_a_503_that_says_when_to_come_back() -> None:
    """In the contract's form, with the header that clients heed."""
    house = House()
    house.full = {"national_portal"}

    answer = await post(house, submission_json())

    assert (503, "30", "hub.overloaded") == (answer.status_code, answer.headers["retry-after"], problem(answer).code)
