"""The AsyncAPI document is a promise to those who read status events: it changes only on purpose.

After a change that is meant: `python -m tests.golden.test_asyncapi` writes the golden file anew.
"""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from hub.ingress.asyncapi import event_document
from schemas.event import DossierEvent, EventKind
from tests.fakes.rest import House
from tests.golden.test_openapi import walk

GOLDEN = Path(__file__).parent / "asyncapi.json"
DOCUMENT = event_document()
MESSAGES = DOCUMENT["components"]["messages"]
KINDS = pytest.mark.parametrize("kind", [kind.value for kind in EventKind])


def at(reference: str) -> Any:
    """Return what a reference leads to."""
    place: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def test_the_document_is_the_golden_one() -> None:
    """A changed kind, field or word shows in a review."""
    assert json.loads(GOLDEN.read_text()) == DOCUMENT


async def test_the_hub_serves_the_document() -> None:
    """Beside the OpenAPI document, without a key."""
    async with House().client() as client:
        answer = await client.get("/asyncapi.json")

    assert ("application/json", DOCUMENT) == (answer.headers["content-type"], answer.json())


def test_every_reference_leads_somewhere() -> None:
    """Nothing dangles, and nothing lies outside the document."""
    references = [value for path, value in walk(DOCUMENT) if path.endswith("/$ref")]

    assert references
    assert all(at(reference) for reference in references)


def test_it_is_asyncapi_3() -> None:
    """What AsyncAPI 3.0.0 wants: an operation's messages are those of its channel, which lead to components."""
    assert ("3.0.0", {"publish", "stream", "callBack"}) == (DOCUMENT["asyncapi"], set(DOCUMENT["operations"]))
    for operation in DOCUMENT["operations"].values():
        assert "send" == operation["action"]
        channel = operation["channel"]["$ref"]
        assert {"address", "messages"} <= set(at(channel))
        for message in operation["messages"]:
            assert message["$ref"].startswith(f"{channel}/messages/")
            assert at(message["$ref"])["$ref"].startswith("#/components/messages/")


@KINDS
def test_every_kind_has_a_message_whose_example_fits(kind: str) -> None:
    """The example is valid by its schema, by the contract, and by the CloudEvents library."""
    message = MESSAGES[kind]
    (example,) = message["examples"]
    payload = example["payload"]
    schema = {**message["payload"], "components": DOCUMENT["components"]}

    assert message["name"] == payload["type"] == f"vn.lgsp.dossier.{kind}.v1"
    assert jsonschema_rs.validator_for(schema).is_valid(payload)
    assert not jsonschema_rs.validator_for(schema).is_valid({**payload, "type": "vn.lgsp.dossier.other.v1"})
    assert payload == DossierEvent.model_validate_json(json.dumps(payload)).model_dump(mode="json", exclude_none=True)
    read = JSONFormat().read(CloudEvent, json.dumps(payload))
    assert (payload["id"], payload["type"], payload["seq"], payload["agency"]) == (
        read.get_id(),
        read.get_type(),
        read.get_extension("seq"),
        read.get_extension("agency"),
    )


def test_a_reader_by_the_schema_stands_further_fields() -> None:
    """A later hub may add a field; whoever validates by this document must not refuse it."""
    message = MESSAGES["delivered"]
    payload = message["examples"][0]["payload"]
    schema = {**message["payload"], "components": DOCUMENT["components"]}

    assert jsonschema_rs.validator_for(schema).is_valid({**payload, "later": 1, "data": {**payload["data"], "more": 1}})


def test_every_word_stands_in_both_languages() -> None:
    """Vietnamese first, in composed letters."""
    for path, value in walk({name: DOCUMENT[name] for name in ("info", "channels", "operations")}):
        if path.endswith(("/summary", "/description", "/title")):
            first = re.split(r"\n\n| / ", value)[0]
            assert first != value, path
            assert unicodedata.is_normalized("NFC", value), path


def test_no_field_is_about_a_person() -> None:
    """Every field of an event is one of these: ids, codes, times, places."""
    fields = DOCUMENT["components"]["schemas"]["DossierEventData"]["properties"]

    assert {
        *("state", "message_id", "kind", "revision", "sender_agency", "sender_system"),
        *("platform", "operation", "part", "code", "since", "follow"),
    } == set(fields)


if __name__ == "__main__":
    GOLDEN.write_bytes(orjson.dumps(event_document(), option=orjson.OPT_INDENT_2) + b"\n")
