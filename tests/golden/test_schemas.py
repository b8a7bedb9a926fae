"""The shape of what is said on the hub's doors, as JSON Schema: it changes only knowingly.

A system that was written against a schema keeps working: a field may be added when it may be left out, a bound may be
widened. Where this test fails, look at the difference first; when it is meant, write the files anew with

    python -m tests.golden.test_schemas

and say in the commit who must change what. A field that goes, or becomes required, is a new path, not a new schema.
"""

import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from schemas.citizen import CitizenAnswer, CitizenQuery
from schemas.dossier import DossierSubmission
from schemas.event import DossierEvent, EventBatch
from schemas.problem import Problem
from schemas.receipt import Receipt
from schemas.timeline import Timeline
from schemas.withdrawal import Withdrawal, WithdrawalReceipt

FOLDER = Path(__file__).parent / "schemas"
READ: tuple[type[BaseModel], ...] = (DossierSubmission, CitizenQuery, Withdrawal)
"""What the hub reads."""
WRITTEN: tuple[type[BaseModel], ...] = (
    CitizenAnswer,
    Receipt,
    WithdrawalReceipt,
    Timeline,
    Problem,
    DossierEvent,
    EventBatch,
)
"""What it writes."""

MEANT = "if this change is meant: python -m tests.golden.test_schemas, and tell who must change what"


def schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema of a model, as its reader or its writer sees it."""
    mode: Literal["validation", "serialization"] = "validation" if model in READ else "serialization"
    return model.model_json_schema(mode=mode)


def golden(model: type[BaseModel]) -> dict[str, Any]:
    """Return the schema that was agreed on."""
    read: dict[str, Any] = json.loads(_file(model).read_text(encoding="utf-8"))
    return read


def _file(model: type[BaseModel]) -> Path:
    return FOLDER / f"{model.__name__}.json"


@pytest.mark.parametrize("model", READ + WRITTEN, ids=lambda model: model.__name__)
def test_the_schema_is_the_golden_one(model: type[BaseModel]) -> None:
    """A changed field, bound or choice shows in a review."""
    assert golden(model) == schema(model), MEANT


def test_every_golden_file_has_its_model() -> None:
    """No file is left over."""
    assert {f"{model.__name__}.json" for model in READ + WRITTEN} == {file.name for file in FOLDER.iterdir()}


@pytest.mark.parametrize("model", READ, ids=lambda model: model.__name__)
def test_what_the_hub_reads_is_closed(model: type[BaseModel]) -> None:
    """Every object of a request refuses fields that nobody defined, so that a misspelt one is noticed."""
    agreed = golden(model)
    objects = [agreed, *agreed.get("$defs", {}).values()]

    assert [] == [
        each["title"] for each in objects if "properties" in each and each["additionalProperties"] is not False
    ]


def test_what_a_sender_must_give_is_little() -> None:
    """The fields without which a submission is refused: to add one breaks every sender."""
    assert {
        *("code", "revision", "procedure", "status", "channel", "applicant"),
        *("summary", "processing_unit", "received_at"),
    } == set(golden(DossierSubmission)["required"])
    assert {"personal_number", "full_name", "procedure", "dossier_code", "purpose", "officer"} == set(
        golden(CitizenQuery)["required"]
    )


def write() -> None:
    """Write the golden files anew."""
    FOLDER.mkdir(exist_ok=True)
    for model in READ + WRITTEN:
        _file(model).write_text(json.dumps(schema(model), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
