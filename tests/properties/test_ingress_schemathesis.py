"""The door against its own document: generated requests, right and wrong ones, get answers that the document allows."""

from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from hub.ingress.event_stream import StreamLimits
from tests.fakes.rest import House

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    unsupported_method,
    negative_data_rejection,
]


HOUSE = House(streams=StreamLimits(stream_s_max=0.0))  # one that goes on for ever would have no answer to look at
SCHEMA = schemathesis.openapi.from_asgi("/openapi.json", HOUSE.app)


@SCHEMA.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_answers_are_what_the_document_allows(case: Case[Any]) -> None:
    """Status, media type, headers and body of every answer are documented, and no answer is a fault of the hub."""
    case.call_and_validate(headers={"Authorization": f"Bearer {HOUSE.tokens['motcua']}"}, checks=CHECKS)
