"""The operators' desk at the REST door: what is read of a request, and what is refused before anybody is asked."""

import json
from typing import Any

import httpx
import pytest

from hub.ingress.desk import LETTERS_MAX, ORDERS_MAX
from schemas.dead_letter import DeliveryFilter, LetterState
from schemas.order import OrderState
from schemas.problem import Problem
from tests.fakes.desk import KNOWN, ORDER_ID
from tests.fakes.rest import House

LETTER = f"/v1/dead-letters/{KNOWN.message_id}/{KNOWN.operation}/0"
READING = {"X-Officer": "vh01", "X-Purpose": "dead-letter"}
REQUEST: dict[str, Any] = {
    "action": "replay",
    "select": {"matching": {"platform": "national_portal"}},
    "reason": "đã kiểm tra",
    "officer": "vh01",
}


@pytest.fixture(scope="module")
def built() -> House:
    """One house for all: making its document takes longer than any question."""
    return House()


@pytest.fixture
def house(built: House) -> House:
    """A house of which nobody has asked anything."""
    for asked in (built.letters.asked, built.letters.read, built.orders.asked, built.orders.placed):
        asked.clear()
    return built


async def ask(
    house: House, method: str, path: str, *, body: Any = None, system: str = "motcua", **headers: str
) -> httpx.Response:
    """Send a request as a system; header names have underscores for hyphens."""
    sent = house.headers(system) | {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    async with house.client() as client:
        return await client.request(method, path, content=content, headers=sent)


def broken(answer: httpx.Response) -> list[tuple[str, str]]:
    """Return the (path, rule) pairs of a refusal."""
    problem = Problem.model_validate_json(answer.content)
    assert (422, "caller.invalid") == (answer.status_code, problem.code)
    return [(field.path, field.rule) for field in problem.fields]


async def test_a_page_of_letters_is_asked_for_as_stated(house: House) -> None:
    """Filter, state, position and number reach the desk; without them the default does."""
    cursor = f"{KNOWN.message_id}~{KNOWN.operation}~0"
    query = f"state=dead&platform=p&code=-1&agency=H56.14&after={cursor}&limit=7&accepted_from=2026-11-22T01:00:00Z"

    assert 200 == (await ask(house, "GET", f"/v1/dead-letters?{query}")).status_code
    assert 200 == (await ask(house, "GET", "/v1/dead-letters")).status_code

    (first, second) = house.letters.asked
    assert (LetterState.DEAD, "p", "-1", "H56.14", cursor, 7) == (
        first[0],
        first[1].platform,
        first[1].code,
        first[1].agency,
        *first[2:],
    )
    assert (None, DeliveryFilter(), None, 50) == second


@pytest.mark.parametrize(
    ("query", "path", "rule"),
    [
        ("state=delivered", "state", "choice"),
        ("state=", "state", "choice"),
        ("limit=0", "limit", "range"),
        (f"limit={LETTERS_MAX + 1}", "limit", "range"),
        ("limit=1e3", "limit", "type"),
        ("limit=99999999999999999999", "limit", "type"),
        ("limit=٣", "limit", "type"),
        ("after=x", "after", "pattern"),
        (f"after={'a' * 65}~b~1", "after", "pattern"),
        ("platform=", "platform", "too_short"),
        ("platform=a%20b", "platform", "pattern"),
        (f"platform={'a' * 129}", "platform", "too_long"),
        ("code=%00", "code", "pattern"),
        ("agency=H56.14%25", "agency", "agency_code"),
        ("agency=%25", "agency", "agency_code"),
        ("dossier=x", "dossier", "dossier_code"),
        ("accepted_from=1", "accepted_from", "date"),
        ("accepted_before=2026-11-22T00:00:00", "accepted_before", "offset"),
        ("accepted_before=1999-01-01T00:00:00Z", "accepted_before", "range"),
        ("platform=a&platform=b", "platform", "duplicate_field"),
        ("nonsense=1", "nonsense", "unknown_field"),
    ],
)
async def test_a_wrong_question_names_what_is_wrong(house: House, query: str, path: str, rule: str) -> None:
    """And the desk is not asked."""
    assert [(path, rule)] == broken(await ask(house, "GET", f"/v1/dead-letters?{query}"))
    assert [] == house.letters.asked


async def test_reading_a_letter_states_officer_and_purpose(house: House) -> None:
    """Both reach the desk with the id of the request; the address holds neither."""
    answer = await ask(house, "GET", LETTER, **READING, X_Correlation_Id="c-1")

    assert 200 == answer.status_code
    assert [(KNOWN, "vh01", "dead-letter", "c-1")] == house.letters.read


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, [("X-Officer", "missing"), ("X-Purpose", "missing")]),
        ({"X-Officer": "vh01"}, [("X-Purpose", "missing")]),
        ({"X-Officer": "vh 01", "X-Purpose": "p"}, [("X-Officer", "pattern")]),
        ({"X-Officer": "a" * 129, "X-Purpose": ""}, [("X-Officer", "pattern"), ("X-Purpose", "pattern")]),
    ],
)
async def test_nothing_is_read_by_nobody(
    house: House, headers: dict[str, str], expected: list[tuple[str, str]]
) -> None:
    """An officer and a purpose are wanted, each a plain token."""
    assert expected == broken(await ask(house, "GET", LETTER, **headers))
    assert [] == house.letters.read


@pytest.mark.parametrize(
    "name",
    [
        f"{KNOWN.message_id}/{KNOWN.operation}/1",
        f"{KNOWN.message_id}/{KNOWN.operation}/-1",
        f"{KNOWN.message_id}/{KNOWN.operation}/999999",
        f"{KNOWN.message_id}/{KNOWN.operation}/٣",
        f"{KNOWN.message_id}/nonsense/0",
        f"x/{KNOWN.operation}/0",
        f"{KNOWN.message_id}/..%2f..%2fetc/0",
    ],
)
async def test_an_unknown_letter_is_not_found(house: House, name: str) -> None:
    """Whatever the address says."""
    assert 404 == (await ask(house, "GET", f"/v1/dead-letters/{name}", **READING)).status_code


async def test_an_order_is_accepted_with_a_place_to_look(house: House) -> None:
    """202 and Location; a trial is 200 and leads nowhere."""
    answer = await ask(house, "POST", "/v1/orders", body=REQUEST)
    trial = await ask(house, "POST", "/v1/orders", body={**REQUEST, "dry_run": True})

    assert (202, f"/v1/orders/{ORDER_ID}") == (answer.status_code, answer.headers["location"])
    assert (200, "trial", None) == (trial.status_code, trial.json()["state"], trial.headers.get("location"))


async def test_an_order_wants_a_key(house: House) -> None:
    """As every write does."""
    async with house.client() as client:
        answer = await client.post("/v1/orders", json=REQUEST, headers=house.headers(key=None))

    assert (400, "caller.key_missing") == (answer.status_code, answer.json()["code"])


def _nested(levels: int) -> dict[str, Any]:
    patch: dict[str, Any] = {}
    for _ in range(levels):
        patch = {"a": patch}
    return patch


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"action": "resend"}, "action", "choice"),
        ({"reason": "x"}, "reason", "too_short"),
        ({"reason": "x" * 1001}, "reason", "too_long"),
        ({"officer": "Lê Thị Bình"}, "officer", "pattern"),
        ({"rate_per_s": 0}, "rate_per_s", "range"),
        ({"rate_per_s": 1001}, "rate_per_s", "range"),
        ({"rate_per_s": "5"}, "rate_per_s", "type"),
        ({"select": {}}, "select", "one_of"),
        ({"select": {"matching": {}}}, "select", "filter_of_nothing"),
        ({"select": {"matching": {"platform": None}}}, "select", "filter_of_nothing"),
        ({"select": {"matching": {"code": "-1"}, "deliveries_max": 20_001}}, "select.deliveries_max", "range"),
        ({"select": {"matching": {"nonsense": 1}}}, "select.matching.nonsense", "unknown_field"),
        ({"select": {"matching": {"platform": "x" * 129}}}, "select.matching.platform", "too_long"),
        ({"select": {"delivery": {"message_id": "m", "operation": "o", "part": -1}}}, "select.delivery.part", "range"),
        ({"correction": {"code": "H56.14-261122-0002"}}, "$", "fixed"),
        ({"correction": {"revision": None}}, "$", "fixed"),
        ({"correction": _nested(9)}, "$", "too_deep"),
        ({"correction": {"a": [0] * 2001}}, "$", "too_deep"),
        ({"correction": [1]}, "correction", "type"),
        ({"correction": {"summary": "x"}, "action": "discard"}, "$", "correction_of_replay"),
    ],
)
async def test_a_wrong_order_names_what_is_wrong(house: House, changes: dict[str, Any], path: str, rule: str) -> None:
    """And nothing is placed."""
    assert [(path, rule)] == broken(await ask(house, "POST", "/v1/orders", body={**REQUEST, **changes}))
    assert [] == house.orders.placed


@pytest.mark.parametrize(
    "body",
    [
        b'{"action":"replay","correction":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"action":"replay","correction":' + b"[" * 100_000,
        json.dumps({**REQUEST, "correction": {"a": ["x"] * 11_000}}).encode() + b" " * 32_768,
        json.dumps({**REQUEST, "correction": {"a": "x" * 1024 * 1024}}).encode(),
        json.dumps(REQUEST).encode()[:-1] + b',"correction":{"note":"\xff"}}',
        json.dumps(REQUEST).encode()[:-1] + b',"correction":{"note":"\\ud800"}}',
        json.dumps(REQUEST).encode()[:-1] + b',"correction":{"note":1,"note":2}}',
        json.dumps(REQUEST).encode()[:-1] + b',"correction":{"note":1e999}}',
    ],
    ids=["deep", "brackets", "values", "bytes", "utf8", "surrogate", "twice", "infinite"],
)
async def test_a_hostile_order_is_the_callers_fault(house: House, body: bytes) -> None:
    """Deep, large or broken: refused as such, and nothing is placed."""
    answer = await ask(house, "POST", "/v1/orders", body=body)

    assert answer.status_code in (400, 413, 422), answer.text
    assert [] == house.orders.placed


async def test_orders_are_asked_for_as_stated(house: House) -> None:
    """State, position and number; what is wrong is named."""
    assert 200 == (await ask(house, "GET", f"/v1/orders?state=running&after={ORDER_ID}&limit=5")).status_code
    assert [(OrderState.RUNNING, ORDER_ID, 5)] == house.orders.asked
    for query, path, rule in (
        ("state=x", "state", "choice"),
        ("after=x", "after", "pattern"),
        (f"limit={ORDERS_MAX + 1}", "limit", "range"),
        ("platform=x", "platform", "unknown_field"),
    ):
        assert [(path, rule)] == broken(await ask(house, "GET", f"/v1/orders?{query}"))


@pytest.mark.parametrize("path", ["", "/approval", "/stop"])
async def test_an_unknown_order_is_not_found(house: House, path: str) -> None:
    """To look at, to approve, to stop."""
    for order_id in ("0" * 32, "x", "..%2f"):
        method = "POST" if path else "GET"
        answer = await ask(house, method, f"/v1/orders/{order_id}{path}", body={"officer": "vh01"} if path else None)
        assert 404 == answer.status_code, order_id


async def test_an_order_is_approved_refused_and_stopped(house: House) -> None:
    """The officer is part of each."""
    order = f"/v1/orders/{ORDER_ID}"

    assert "approved" == (await ask(house, "POST", f"{order}/approval", body={"officer": "gs01"})).json()["state"]
    refusal = {"officer": "gs01", "approve": False}
    assert "refused" == (await ask(house, "POST", f"{order}/approval", body=refusal)).json()["state"]
    assert "stopping" == (await ask(house, "POST", f"{order}/stop", body={"officer": "vh01"})).json()["state"]
    assert [("officer", "missing")] == broken(await ask(house, "POST", f"{order}/stop", body={}))


async def test_who_has_no_grant_gets_403_everywhere(house: House) -> None:
    """For an unknown order, too: nothing can be found out."""
    order = f"/v1/orders/{'0' * 32}"
    asked = [
        ("GET", "/v1/dead-letters", None),
        ("GET", LETTER, None),
        ("POST", "/v1/orders", REQUEST),
        ("GET", "/v1/orders", None),
        ("GET", order, None),
        ("POST", f"{order}/approval", {"officer": "x"}),
        ("POST", f"{order}/stop", {"officer": "x"}),
    ]

    for method, path, body in asked:
        answer = await ask(house, method, path, body=body, system="nobody", **READING)
        assert (403, "caller.no_grant") == (answer.status_code, answer.json()["code"]), path
