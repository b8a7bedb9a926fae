"""The OpenAPI document is a promise to the developers of one-stop systems: it changes only on purpose.

After a change that is meant: `python -m tests.golden.test_openapi` writes the golden file anew.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.ingress.examples import EXAMPLES
from hub.ingress.field_words import FIELDS, MODELS
from hub.ingress.openapi import document
from hub.ingress.operations import OPERATIONS
from hub.ingress.problems import STATUS
from schemas.model import Model
from schemas.problem import PROBLEMS, Problem
from tests.fakes.rest import House

GOLDEN = Path(__file__).parent / "openapi.json"
MODELS_BY_NAME = {
    model.__name__: model for operation in OPERATIONS for model in (operation.body, operation.answer) if model
}
DOCUMENT = document()


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Go through everything in a JSON value, with its path."""
    yield path, value
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield from walk(child, f"{path}/{name}")


def test_the_document_is_the_golden_one() -> None:
    """A changed field, code or word shows in a review."""
    assert json.loads(GOLDEN.read_text()) == DOCUMENT


async def test_the_hub_serves_the_document() -> None:
    """Offline, as it is in the golden file."""
    async with House().client() as client:
        answer = await client.get("/openapi.json")

    assert ("application/json", DOCUMENT) == (answer.headers["content-type"], answer.json())
    assert House().app.openapi() == DOCUMENT


def test_every_reference_leads_somewhere() -> None:
    """Nothing dangles, and nothing lies outside the document."""
    for path, value in walk(DOCUMENT):
        if path.endswith("/$ref"):
            place: Any = DOCUMENT
            for step in value.removeprefix("#/").split("/"):
                place = place[step]
            assert place, path


def test_every_word_stands_in_both_languages_in_composed_letters() -> None:
    """Vietnamese first: each summary and description has a letter that English lacks before the English text."""
    vietnamese = re.compile(r"[^\x00-\x7f]")
    for path, value in walk({name: DOCUMENT[name] for name in ("info", "paths", "tags")}):
        if path.endswith(("/summary", "/description")) and "/example" not in path:
            first = re.split(r"\n\n| / ", value)[0]
            assert vietnamese.search(first), path
            assert first != value, path
            assert unicodedata.is_normalized("NFC", value), path


def test_every_field_has_words_and_no_word_is_left_over() -> None:
    """A field that the contract gains has to be explained."""
    schemas = DOCUMENT["components"]["schemas"]
    fields = {f"{name}.{field}" for name, schema in schemas.items() for field in schema.get("properties", {})}

    assert set(MODELS) == set(schemas)
    assert set(FIELDS) == fields
    assert all("description" in schema for schema in schemas.values())


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_is_valid(name: str) -> None:
    """What a developer copies works, byte for byte."""
    model: type[Model] = MODELS_BY_NAME[name]

    read = model.model_validate_json(json.dumps(EXAMPLES[name]))

    assert EXAMPLES[name] == json.loads(read.model_dump_json(exclude_unset=True))


def test_every_operation_has_an_example_of_what_goes_in_and_comes_out() -> None:
    """No model without one."""
    assert set(MODELS_BY_NAME) == set(EXAMPLES)


def test_every_problem_of_an_operation_has_its_status_and_an_example() -> None:
    """And the example is a problem as the hub would send it."""
    for operation in OPERATIONS:
        responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
        for code in (*operation.codes, "hub.fault"):
            content = responses[str(STATUS[code])]["content"]["application/problem+json"]
            assert {"$ref": f"#/components/examples/{code}"} == content["examples"][code]
    for code, example in DOCUMENT["components"]["examples"].items():
        problem = Problem.model_validate_json(json.dumps(example["value"]))
        assert (code, STATUS[code], PROBLEMS[code].vi) == (problem.code, problem.status, problem.detail_vi)


def test_what_needs_a_key_says_so() -> None:
    """Secured operations name the scheme and can answer 401 and 403; open ones do neither."""
    for operation in OPERATIONS:
        described = DOCUMENT["paths"][operation.path][operation.method.lower()]
        assert ([{"apiKey": []}] if operation.secured else []) == described["security"]
        assert operation.secured == ({"401", "403"} <= set(described["responses"]))


if __name__ == "__main__":
    GOLDEN.write_bytes(orjson.dumps(document(), option=orjson.OPT_INDENT_2) + b"\n")
