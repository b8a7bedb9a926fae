"""A running hub against its own document: a real process, real sockets, real stores and platforms behind it.

`tests.properties.test_ingress_schemathesis` asks the door alone, with fakes behind it; here nothing is a fake.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction, not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
    use_after_free,
)

from tests.e2e.site import Site, code_of, opened, submission

CODE = code_of(1)
POSITIVE, NEGATIVE = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
    negative_data_rejection,
    ignored_auth,
    use_after_free,
]


@dataclass(frozen=True, slots=True)
class Way:
    """How to ask: rightly or wrongly, how often, and what is done to a request before it goes out."""

    mode: GenerationMode
    examples: int
    ground: Callable[[Case[Any]], object] = bool


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Everything up and running, and one dossier delivered, so that there is something to find."""
    async with opened(tmp_path) as one:
        await one.start()
        await one.submit(submission())
        await one.settled([CODE])
        yield one


class Asker:
    """Sends generated requests of every operation of the document that the hub serves, and judges the answers."""

    def __init__(self, site: Site, token: str) -> None:
        self._address = site.installed.address
        self._session = requests.Session()
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._schema = schemathesis.openapi.from_url(f"{self._address}/openapi.json")
        self.answers: dict[str, Counter[int]] = defaultdict(Counter)

    def ask_all(self, ways: Sequence[Way], checks: list[CheckFunction]) -> None:
        """Ask in all these ways, and once where there is nothing to vary; a breach raises with its request."""
        with self._session:
            for operation in self._operations():
                for way in ways if operation.body or operation.path_parameters else (Way(POSITIVE, 1),):
                    self._ask(operation, way, checks)

    def protected(self) -> set[str]:
        """The operations that the document puts behind a key."""
        return {f"{one.method} {one.path}" for one in self._operations() if one.definition.raw.get("security")}

    def _operations(self) -> Iterator[APIOperation[Any, Any, Any, Any]]:
        for found in self._schema.get_all_operations():
            assert isinstance(found, Ok), found
            yield found.ok()

    def _ask(self, operation: APIOperation[Any, Any, Any, Any], way: Way, checks: list[CheckFunction]) -> None:
        @given(case=operation.as_strategy(generation_mode=way.mode))
        @settings(
            max_examples=way.examples,
            deadline=None,
            derandomize=True,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        def asked(case: Case[Any]) -> None:
            way.ground(case)
            answer = case.call(session=self._session, headers=self._headers, timeout=30)
            self.answers[f"{operation.method} {operation.path}"][answer.status_code] += 1
            case.validate_response(answer, checks=checks, headers=self._headers)

        asked()


def grounding() -> Callable[[Case[Any]], None]:
    """Return what puts a generated request on the ground: names that exist, all else as it was generated."""
    numbers = count(2)

    def ground(case: Case[Any]) -> None:
        case.headers.pop("Authorization", None)
        if "code" in case.path_parameters:
            case.path_parameters["code"] = CODE
        if case.path == "/v1/dossiers":
            code = code_of(next(numbers))
            case.headers["Idempotency-Key"] = code
            _put(case, code=code, procedure="1.001193", received_at="2026-10-05T08:00:00+07:00")
        if case.path == "/v1/citizens/lookup":
            _put(case, procedure="1.001193", dossier_code=CODE, purpose="dossier-processing")

    return ground


def _put(case: Case[Any], **fields: str) -> None:
    assert isinstance(case.body, dict)
    case.body = {**case.body, **fields}


def flaws(site: Site) -> list[dict[str, Any]]:
    """What the hub logged as its own fault."""
    return [line for line in site.lines() if line["level"] in ("error", "critical")]


@pytest.mark.timeout(300)
async def test_a_running_hub_keeps_its_document(site: Site) -> None:
    """Right and wrong requests get documented answers; none is a fault of the hub, which logs no error and lives on."""
    asker = Asker(site, site.installed.token)
    ways = [Way(POSITIVE, 10), Way(POSITIVE, 10, grounding()), Way(NEGATIVE, 10)]
    await asyncio.to_thread(asker.ask_all, ways, CHECKS)

    assert ([], None) == (flaws(site), site.process.ended)
    assert {"post /v1/dossiers", "post /v1/citizens/lookup"} <= asker.protected() <= set(asker.answers)
    assert 0 < asker.answers["post /v1/dossiers"][202]
    assert 0 < asker.answers["get /v1/dossiers/{code}/timeline"][200]


async def test_a_stranger_gets_nothing(site: Site) -> None:
    """Without a key nothing that the document protects has any other answer than 401, whatever is asked."""
    asker = Asker(site, "")
    await asyncio.to_thread(asker.ask_all, [Way(POSITIVE, 3), Way(NEGATIVE, 3)], [not_a_server_error])

    assert {401} == {status for name in asker.protected() for status in asker.answers[name]}
