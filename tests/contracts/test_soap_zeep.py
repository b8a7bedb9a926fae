"""zeep speaks to the SOAP door by its WSDL alone, in SOAP 1.1 and 1.2."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest
from zeep import AsyncClient, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.transports import AsyncTransport
from zeep.wsse.username import UsernameToken

from hub.ingress.examples import QUERY, SUBMISSION, TIMELINE
from schemas.dossier import DossierSubmission
from schemas.timeline import Timeline
from tests.fakes.rest import House
from tests.fakes.served import served

HUB = "urn:hub:soap:v1"
# zeep has no annotations.
Token: Any = UsernameToken
Client: Any = AsyncClient
Transport: Any = AsyncTransport
plain: Any = serialize_object
CODE = "H56.14-261122-0001"
both = pytest.mark.parametrize("port", ["HubSoap11", "HubSoap12"])


@asynccontextmanager
async def called(house: House, port: str, wsse: Any = None, key: str | None = None) -> AsyncIterator[Any]:
    """Yield a proxy of one port of the service, as a developer would make it."""
    # zeep replaces the headers of the client that it is given; this is its own way to add one.
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    settings = Settings(strict=True, forbid_dtd=True, extra_http_headers=headers)
    async with served(house.app) as address, httpx.AsyncClient() as client:

        def load() -> Any:
            with httpx.Client() as wsdl_client:
                transport = Transport(client=client, wsdl_client=wsdl_client)
                return Client(f"{address}/soap/v1?wsdl", wsse=wsse, transport=transport, settings=settings)

        loaded = await asyncio.to_thread(load)
        yield loaded.bind("HubService", port)


def problem(fault: Fault) -> dict[str, Any]:
    """Return the problem in a fault's detail, as element names and texts."""
    found = fault.detail.find(f"{{{HUB}}}Problem")
    return {child.tag.rpartition("}")[2]: child.text for child in found}


@both
async def test_a_dossier_goes_in_and_can_be_followed(port: str) -> None:
    """Submit, repeat, status and timeline, with the bearer key."""
    house = House()
    async with called(house, port, key=house.tokens["motcua"]) as hub:
        receipt = await hub.SubmitDossier(idempotency_key="k1", dossier=SUBMISSION)
        again = await hub.SubmitDossier(idempotency_key="k1", dossier=SUBMISSION)
        status = await hub.GetDossierStatus(message_id=receipt.message_id)
        house.read_models.timelines[CODE] = Timeline.model_validate_json(json.dumps(TIMELINE))
        timeline = await hub.GetDossierTimeline(dossier_code="000.00.14.H56-261122-0001")

    assert (CODE, 1, datetime(2026, 11, 22, 1, tzinfo=UTC)) == (
        receipt.dossier_code,
        receipt.revision,
        receipt.accepted_at,
    )
    assert plain(receipt) == plain(again)
    assert (receipt.message_id, "waiting") == (status.message_id, status.deliveries[0].state)
    assert ("delivered", 1) == (timeline.messages[0].deliveries[0].state, timeline.messages[0].deliveries[0].attempts)


@both
async def test_a_citizen_is_looked_up_with_a_username_token(port: str) -> None:
    """WS-Security with PasswordText, and no HTTP header."""
    house = House()
    async with called(house, port, Token("H56.14/motcua", house.tokens["motcua"])) as hub:
        answer = await hub.LookUpCitizen(query={**QUERY, "birth_date": date(2000, 1, 31)})

    assert ("one", "NGUYỄN VĂN A", None) == (answer.match, answer.citizen.full_name, answer.citizen.birth_date)


@both
async def test_bad_fields_come_back_as_a_typed_fault(port: str) -> None:
    """Fault code, stable code, and the path of the field; the detail is read by the WSDL's own type."""
    house = House()
    wrong = {**SUBMISSION, "applicant": {**SUBMISSION["applicant"], "personal_number": "123"}}
    async with called(house, port, key=house.tokens["motcua"]) as hub:
        with pytest.raises(Fault) as caught:
            await hub.SubmitDossier(idempotency_key="k1", dossier=wrong)
        kind = hub._client.get_element(f"{{{HUB}}}Problem")
        told = kind.parse(caught.value.detail.find(f"{{{HUB}}}Problem"), hub._client.wsdl.types)

    assert {"HubSoap11": "soap:Client", "HubSoap12": "soap:Sender"}[port] == caught.value.code
    assert ("caller.invalid", "caller", False, 422) == (told.code, told.origin, told.retriable, told.status)
    assert [("applicant.personal_number", "pattern")] == [(field.path, field.rule) for field in told.fields]
    assert {"HubSoap11": None, "HubSoap12": [f"{{{HUB}}}caller.invalid"]}[port] == (
        [str(code) for code in caught.value.subcodes] if caught.value.subcodes else None
    )


@both
@pytest.mark.parametrize("digest", [True, False], ids=["digest", "a wrong key"])
async def test_a_caller_who_cannot_be_known_gets_a_fault(port: str, digest: bool) -> None:
    """PasswordDigest has a code of its own that says what to use instead."""
    house = House()
    token = Token("H56.14/motcua", "not-the-key", use_digest=digest)
    async with called(house, port, token) as hub:
        with pytest.raises(Fault) as caught:
            await hub.LookUpCitizen(query={**QUERY, "birth_date": date(2000, 1, 31)})

    assert ("caller.token_unsupported" if digest else "caller.unauthenticated") == problem(caught.value)["code"]


@both
async def test_python_values_of_every_field_arrive_as_they_are(port: str) -> None:
    """Times, truths, numbers and lists: what zeep writes is, key for key, what JSON says at the REST door."""
    house = House()
    whole = DossierSubmission.model_validate_json(json.dumps(SUBMISSION)).model_dump(exclude_defaults=True)
    lists = {name: list(whole[name]) for name in ("attachments", "progress", "consulted_databases")}
    note = 'a < b & "c"'
    async with called(house, port, key=house.tokens["motcua"]) as hub:
        sent = await hub.SubmitDossier(idempotency_key="k1", dossier={**whole, **lists, "note": note})
    async with house.client() as client:
        body = json.dumps({**SUBMISSION, "note": note})
        again = await client.post("/v1/dossiers", content=body, headers=house.headers(key="k1"))

    assert (202, sent.message_id) == (again.status_code, again.json()["message_id"])
