"""Whatever the body is: an answer of the contract, never a fault of the hub, and never a value that was sent."""

import asyncio
import json
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.ingress.examples import QUERY, SUBMISSION
from hub.ingress.json_place import path_at
from hub.ingress.problems import STATUS
from schemas.problem import RULES, Problem
from tests.fakes.rest import House

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
PATHS = st.sampled_from(["/v1/dossiers", "/v1/citizens/lookup"])

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**300, max_value=10**310),
    st.floats(),
    st.text(),
    st.text(st.characters(categories=["Cs", "Cc", "Mn", "Nd", "Zs"])),
    st.sampled_from(["2026-11-22T08:00:00+07:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1e9"]),
    st.sampled_from(["H56.14-261122-0001", "H56.14-260230-0001", "http://[::1", "http://\u202e/", "٠٠١٠٠٠٠٠٠٠٠١"]),
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)


def mutated(example: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Give the example with some of its fields set to anything."""
    changes = st.dictionaries(st.sampled_from(sorted(example)) | st.text(), VALUES, min_size=1, max_size=3)
    return changes.map(lambda changed: {**example, **changed})


class Door:
    """A house that answers one body at a time."""

    def __init__(self) -> None:
        self._house = House()
        self._count = 0

    def answer(self, path: str, body: bytes) -> httpx.Response:
        """Send a body under a key of its own."""
        return asyncio.run(self._post(path, body))

    async def _post(self, path: str, body: bytes) -> httpx.Response:
        self._count += 1
        async with self._house.client() as client:
            return await client.post(path, content=body, headers=self._house.headers(key=f"k{self._count}"))


DOOR = Door()


def check(answer: httpx.Response) -> None:
    """The answer is good, or a problem of the caller's that names a field and a rule of the contract."""
    assert answer.status_code < 500, answer.text
    if answer.status_code < 400:
        return
    assert "application/problem+json" == answer.headers["content-type"]
    problem = Problem.model_validate_json(answer.content)
    assert STATUS[problem.code] == answer.status_code == problem.status
    assert "caller" == problem.origin
    if answer.status_code in (400, 422):
        assert problem.fields
        assert {field.rule for field in problem.fields} <= set(RULES)


@BOUNDED
@given(PATHS, st.binary(max_size=200))
def test_any_bytes(path: str, body: bytes) -> None:
    """Mostly no JSON at all."""
    check(DOOR.answer(path, body))


@BOUNDED
@given(PATHS, VALUES)
def test_any_json(path: str, value: Any) -> None:
    """JSON of any shape, with surrogates, NaN and huge numbers, as the standard library writes it."""
    check(DOOR.answer(path, json.dumps(value).encode()))


@settings(BOUNDED, max_examples=150)
@given(mutated(SUBMISSION))
def test_a_submission_with_anything_in_it(value: dict[str, Any]) -> None:
    """Nearly right is where the surprises are."""
    check(DOOR.answer("/v1/dossiers", json.dumps(value).encode()))


@BOUNDED
@given(mutated(QUERY))
def test_a_lookup_with_anything_in_it(value: dict[str, Any]) -> None:
    """The same for lookups."""
    check(DOOR.answer("/v1/citizens/lookup", json.dumps(value).encode()))


@BOUNDED
@given(st.integers(min_value=0, max_value=len(json.dumps(SUBMISSION)) - 1), st.binary(max_size=3))
def test_a_submission_cut_or_spoilt_anywhere(place: int, noise: bytes) -> None:
    """A body that breaks off, and one with noise in the middle."""
    body = json.dumps(SUBMISSION).encode()

    check(DOOR.answer("/v1/dossiers", body[:place] + noise))
    check(DOOR.answer("/v1/dossiers", body[:place] + noise + body[place:]))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 50), st.integers(0, 400))
def test_a_place_is_found_in_any_text(body: bytes, line: int, column: int) -> None:
    """Naming the place of a mistake makes no mistake of its own, and the name is short."""
    assert len(path_at(body, line, column)) <= 8 * 65
