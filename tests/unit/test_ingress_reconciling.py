"""Operators order reconciliations and read what they found: with the grant, and within their agency."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from schemas.reconciliation import Cause, Difference, Follows, Reconciliation, RunState
from tests.fakes.rest import House

PATH = "/v1/reconciliations"
OURS, THEIRS = "H56.14-261122-0001", "H56.15-261122-0001"
AT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


async def order(house: House, key: str = "k-1", system: str = "motcua", **body: Any) -> httpx.Response:
    """Order a run."""
    async with house.client() as client:
        return await client.post(PATH, content=json.dumps(body), headers=house.headers(system, key))


async def get(house: House, path: str, system: str = "motcua") -> httpx.Response:
    """Ask."""
    async with house.client() as client:
        return await client.get(path, headers=house.headers(system))


def difference(code: str) -> Difference:
    """A dossier that is missing."""
    return Difference(
        dossier_code=code,
        message_id="m-1",
        cause=Cause.MISSING,
        follows=Follows.RESENT,
        shown=None,
        fields=(),
        found_at=AT,
    )


async def test_an_order_gets_a_run_and_a_place_to_look() -> None:
    """About the dossiers of the caller's own agency."""
    house = House()

    answer = await order(house, since="2026-11-20", dry_run=True, calls_per_s=1)

    run = Reconciliation.model_validate_json(answer.content)
    assert (202, f"{PATH}/{run.id}") == (answer.status_code, answer.headers["location"])
    assert ("H56.14/motcua", "H56.14", True, 1.0, RunState.WAITING) == (
        run.by,
        run.agency,
        run.dry_run,
        run.calls_per_s,
        run.state,
    )
    assert [run.id] == [each["id"] for each in (await get(house, PATH)).json()["runs"]]


async def test_a_repeat_gets_the_same_run_and_another_order_under_its_key_is_refused() -> None:
    """As everywhere."""
    house = House()
    first = await order(house, calls_max=5)

    assert first.content == (await order(house, calls_max=5)).content
    assert (409, "caller.key_reused") == (
        (answer := await order(house, calls_max=6)).status_code,
        answer.json()["code"],
    )
    assert 409 == (await order(house, calls_max=5, dry_run=True)).status_code
    assert 202 == (await order(house, key="k-2", calls_max=6)).status_code


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"dossier": THEIRS}, 403, "caller.foreign_dossier"),
        ({"since": "2027-01-01"}, 422, "caller.invalid"),
        ({"since": "0001-01-01"}, 422, "caller.invalid"),
        ({"calls_per_s": 0}, 422, "caller.invalid"),
        ({"calls_per_s": 1e309}, 422, "caller.invalid"),
        ({"resend_max": -1}, 422, "caller.invalid"),
        ({"dossier": "H56.14"}, 422, "caller.invalid"),
        ({"agency": "H56"}, 422, "caller.invalid"),
    ],
)
async def test_what_makes_no_sense_is_refused(body: dict[str, Any], status: int, code: str) -> None:
    """With its field; nothing is entered."""
    house = House()

    answer = await order(house, **body)

    assert (status, code) == (answer.status_code, answer.json()["code"])
    assert {} == house.runs.entered


async def test_without_the_grant_nothing_is_ordered_or_read() -> None:
    """`delivery.operate`."""
    house = House()
    run_id = (await order(house)).json()["id"]

    answers = [
        await order(house, system="nobody"),
        await get(house, PATH, "nobody"),
        await get(house, f"{PATH}/{run_id}", "nobody"),
    ]

    assert [403, 403, 403] == [answer.status_code for answer in answers]


async def test_a_report_tells_the_dossiers_of_ones_own_agency() -> None:
    """Of a nightly run, too; a page may be empty and not the last."""
    house = House()
    run = Reconciliation.model_validate_json((await order(house)).content)
    nightly = run.model_copy(update={"id": "nightly-1", "agency": "", "by": "hub/reconciliation"})
    house.runs.entered["nightly-1"] = nightly
    house.runs.found["nightly-1"] = [difference(OURS), difference(THEIRS)]

    first = (await get(house, f"{PATH}/nightly-1?limit=1")).json()
    second = (await get(house, f"{PATH}/nightly-1?limit=1&after={first['next']}")).json()
    third = (await get(house, f"{PATH}/nightly-1?limit=1&after={second['next']}")).json()

    assert [[OURS], [], []] == [
        [each["dossier_code"] for each in page["differences"]] for page in (first, second, third)
    ]
    assert [OURS, THEIRS, None] == [page["next"] for page in (first, second, third)]


async def test_runs_of_others_are_not_there() -> None:
    """They look like none."""
    house = House()
    run = Reconciliation.model_validate_json((await order(house)).content)
    house.runs.entered = {"other": run.model_copy(update={"id": "other", "agency": "H56"})}

    assert [] == (await get(house, PATH)).json()["runs"]
    assert 404 == (await get(house, f"{PATH}/other")).status_code == (await get(house, f"{PATH}/none")).status_code


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "limit=x", "limit=9999999", "after=%27", "page=2", "after="]
)
async def test_wrong_pages_are_refused(query: str) -> None:
    """With the parameter named."""
    house = House()
    run_id = (await order(house)).json()["id"]

    assert 422 == (await get(house, f"{PATH}/{run_id}?{query}")).status_code


async def test_runs_that_are_not_done_are_bounded() -> None:
    """Twenty; then the hub is overloaded, and says until when."""
    house = House()
    for number in range(20):
        assert 202 == (await order(house, key=f"k-{number}")).status_code

    answer = await order(house, key="k-20")

    assert (503, "60") == (answer.status_code, answer.headers["retry-after"])
    assert 202 == (await order(house, key="k-3")).status_code
