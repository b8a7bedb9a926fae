"""The SOAP door: the use cases of REST in XML, and faults that say as much as problems do."""

import asyncio
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import structlog
from lxml import etree

from hub.errors import Overloaded, RefusedUs, ReplyLost, Unavailable, WriteInDoubt
from hub.ingress.examples import MESSAGE, TIMELINE
from hub.ingress.rest import rest_app
from hub.ingress.soap import soap_routes
from schemas.citizen import CitizenAnswer
from schemas.problem import PROBLEMS
from schemas.receipt import Receipt
from schemas.timeline import MessageLine, Timeline
from tests.fakes.rest import House, query_json, submission_json
from tests.fakes.soap import (
    DIGEST,
    ENVELOPES,
    HUB,
    TYPES,
    WSA,
    call,
    content,
    envelope,
    fault,
    look_up,
    post,
    security,
    submit,
    token,
    told,
    value,
)

CODE = "H56.14-261122-0001"
SECRET = "Mai Thị Dấu Vết"
both = pytest.mark.parametrize("version", ["1.1", "1.2"])


def answered(answer: httpx.Response, name: str, version: str = "1.1") -> etree._Element:
    """Return the one child of the answer to an operation."""
    assert 200 == answer.status_code, answer.text
    wrapper = content(answer, version)
    assert f"{{{HUB}}}{name}Response" == wrapper.tag
    (inner,) = wrapper
    return inner


def known(house: House) -> None:
    """Let the read models know the example dossier."""
    house.read_models.timelines[CODE] = Timeline.model_validate_json(json.dumps(TIMELINE))


# --- good answers ----------------------------------------------------------------------------------------------------


@both
async def test_a_submission_gets_a_receipt(version: str) -> None:
    """The receipt of REST, element by element."""
    house = House()

    receipt = value(
        answered(await post(house, envelope(submit(), version), version), "SubmitDossier", version), Receipt
    )

    assert (CODE, 1, "2026-11-22T01:00:00Z") == (receipt["dossier_code"], receipt["revision"], receipt["accepted_at"])
    assert f"/v1/messages/{receipt['message_id']}" == receipt["follow"]
    assert 1 == len(await house.log.read("hub.commands", house.log.partition_of("hub.commands", CODE.encode()), 0, 10))


@both
async def test_a_lookup_gets_the_record(version: str) -> None:
    """What is not known is left out."""
    answer = await post(House(), envelope(look_up(), version), version)

    read = value(answered(answer, "LookUpCitizen", version), CitizenAnswer)
    assert ("one", "population") == (read["match"], read["source"])
    assert {"personal_number": "001000000001", "full_name": "NGUYỄN VĂN A", "gender": "unknown"} == read["citizen"]


@both
async def test_the_timeline_is_that_of_rest(version: str) -> None:
    """Every field of the read model, in XML."""
    house = House()
    known(house)

    answer = await post(house, envelope(call("GetDossierTimeline", dossier_code=CODE), version), version)

    async with house.client() as client:
        rest = await client.get(f"/v1/dossiers/{CODE}/timeline", headers=house.headers())
    read = value(answered(answer, "GetDossierTimeline", version), Timeline)
    assert Timeline.model_validate_json(rest.content) == Timeline.model_validate_json(json.dumps(_whole(read)))


@both
async def test_the_status_of_a_message_is_that_of_rest(version: str) -> None:
    """By the message id of the receipt."""
    house = House()
    known(house)

    message = envelope(call("GetDossierStatus", message_id=MESSAGE["message_id"]), version)

    read = value(answered(await post(house, message, version), "GetDossierStatus", version), MessageLine)
    assert (MESSAGE["message_id"], "delivered") == (read["message_id"], read["deliveries"][0]["state"])


def _whole(timeline: dict[str, Any]) -> dict[str, Any]:
    """Put back what XML leaves out: fields that are required in JSON and may be null."""
    for message in timeline["messages"]:
        for delivery in message["deliveries"]:
            delivery.setdefault("code", None)
            delivery.setdefault("next_try_at", None)
    return timeline


async def test_both_doors_are_one() -> None:
    """The same key and content by REST and by SOAP are one message with one receipt."""
    house = House()
    async with house.client() as client:
        first = await client.post("/v1/dossiers", content=submission_json(), headers=house.headers(key="k1"))

    again = value(answered(await post(house, envelope(submit("k1"))), "SubmitDossier"), Receipt)

    assert first.json() == again


async def test_elements_may_come_in_any_order_and_with_blanks_around_numbers() -> None:
    """The order is for the toolkits' sake; XML gives blanks around numbers, truths and times no meaning."""
    changes = {"revision": " 1\n", "received_at": "\n 2026-11-22T07:55:00+07:00 "}
    turned = dict(reversed(json.loads(submission_json(**changes)).items()))

    answer = await post(House(), envelope(call("SubmitDossier", dossier=turned, idempotency_key=" k1 ")))

    assert CODE == value(answered(answer, "SubmitDossier"), Receipt)["dossier_code"]


async def test_a_large_submission_is_taken() -> None:
    """Past the size from which bodies are read in a thread."""
    step = json.loads(submission_json())["progress"][0]

    message = envelope(submit(progress=[step] * 200, note="ghi chú " * 400))

    assert len(message) > 64 * 1024
    answered(await post(House(), message), "SubmitDossier")


async def test_what_toolkits_add_is_passed_over() -> None:
    """Types and ids in namespaces of their own, comments, CDATA, a declaration, a byte order mark."""
    message = envelope(look_up()).decode()
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    message = message.replace(
        "<h:officer>canbo.mc01", f'<h:officer {xsi} xsi:type="x">can<!-- no -->bo<![CDATA[.mc01]]>'
    )
    message = message.replace("</h:query>", f'<h:birth_year {xsi} xsi:nil="true"/></h:query>')

    sent = b"\xef\xbb\xbf" + f'<?xml version="1.0" encoding="utf-8"?>\n<!-- x -->{message}\n'.encode()
    house = House()

    answered(await post(house, sent), "LookUpCitizen")
    assert "canbo.mc01" == house.citizens.asked[0][0].officer


# --- idempotency -----------------------------------------------------------------------------------------------------


def message_id(text: str) -> str:
    """Return a WS-Addressing MessageID header."""
    return f'<a:MessageID xmlns:a="{WSA}" s:mustUnderstand="1">{text}</a:MessageID>'


@both
async def test_a_message_id_plays_the_key(version: str) -> None:
    """Where the element is absent; the answer says what it relates to."""
    house = House()
    header = message_id("urn:uuid:0b7d4b4e-0000-4000-8000-000000000001")
    message = envelope(submit(None), version, header.replace('"1"', '"true"') if version == "1.2" else header)

    first, again = await post(house, message, version), await post(house, message, version)

    receipts = [value(answered(answer, "SubmitDossier", version), Receipt) for answer in (first, again)]
    assert receipts[0] == receipts[1]
    related = etree.fromstring(again.content).findtext(f".//{{{WSA}}}RelatesTo")
    assert "urn:uuid:0b7d4b4e-0000-4000-8000-000000000001" == related


async def test_the_element_wins_over_the_message_id() -> None:
    """Toolkits make a new MessageID for each try; the key is the caller's."""
    house = House()
    first = await post(house, envelope(submit("k1"), header=message_id("urn:uuid:1")))
    again = await post(house, envelope(submit("k1"), header=message_id("urn:uuid:2")))

    assert value(answered(first, "SubmitDossier"), Receipt) == value(answered(again, "SubmitDossier"), Receipt)


async def test_a_write_needs_a_key() -> None:
    """The words are those of this door."""
    _, problem = fault(await post(House(), envelope(submit(None))))

    assert ("caller.key_missing", True) == (problem.code, "idempotency_key" in problem.detail_vi)


@pytest.mark.parametrize(("key", "header", "path"), [("có dấu", "", "idempotency_key"), (None, "a b", "MessageID")])
async def test_a_key_has_the_form_of_rest(key: str | None, header: str, path: str) -> None:
    """The same pattern, wherever the key stands."""
    message = envelope(submit(key), header=message_id(header) if header else "")

    assert [(path, "pattern")] == told(await post(House(), message))


async def test_another_body_under_the_same_key_is_a_conflict() -> None:
    """As at the REST door."""
    house = House()
    await post(house, envelope(submit("k1")))

    code, problem = fault(await post(house, envelope(submit("k1", revision=2))))

    assert ("Client", "caller.key_reused", 409) == (code, problem.code, problem.status)


# --- bad fields ------------------------------------------------------------------------------------------------------

APPLICANT = {"kind": "citizen", "name": SECRET}
FIELDS: dict[str, tuple[str, list[tuple[str, str]]]] = {
    "a number as words": (submit(revision="một"), [("revision", "type")]),
    "a fraction": (submit(revision="1.5"), [("revision", "type")]),
    "beyond the range": (submit(revision=1_000_001), [("revision", "range")]),
    "a number of 400 digits": (submit(revision="1" * 400), [("revision", "range")]),
    "a negative number of 400 digits": (submit(revision="-" + "1" * 400), [("revision", "range")]),
    "no truth": (submit(applicant={**APPLICANT, "account_verified": "có"}), [("applicant.account_verified", "type")]),
    "a bad pattern": (
        submit(applicant={**APPLICANT, "personal_number": "12"}), [("applicant.personal_number", "pattern")]
    ),
    "no choice": (submit(channel=SECRET), [("channel", "choice")]),
    "30 February": (submit(received_at="2026-02-30T08:00:00+07:00"), [("received_at", "date")]),
    "no offset": (submit(received_at="2026-11-22T07:55:00"), [("received_at", "offset")]),
    "an impossible code": (submit(code="H56.14-261322-0001"), [("code", "dossier_code")]),
    "an unknown field": (submit(ghi_chu=SECRET), [("ghi_chu", "unknown_field")]),
    "too long": (submit(summary="a" * 1001), [("summary", "too_long")]),
    "too many": (submit(consulted_databases=["a"] * 21), [("consulted_databases", "too_long")]),
    "in a list": (
        submit(fees=[{"code": "LP", "name": "Lệ phí", "kind": "fee", "amount_vnd": -1}]),
        [("fees.0.amount_vnd", "range")],
    ),
    "text for an object": (submit(applicant=SECRET), [("applicant", "type")]),
    "an object for text": (submit(summary={"name": SECRET}), [("summary", "type")]),
    "an empty object": (submit(applicant=""), [("applicant.kind", "missing"), ("applicant.name", "missing")]),
    "nothing inside": (call("SubmitDossier", idempotency_key="k"), [("dossier", "missing")]),
    "a stranger in the wrapper": (
        call("LookUpCitizen", query=json.loads(query_json()), them=SECRET), [("them", "unknown_field")]
    ),
    "birth twice": (look_up(birth_year=2000), [("$", "birth_date_or_birth_year")]),
    "a future birth": (look_up(birth_date="2026-11-23"), [("birth_date", "future")]),
    "data for a name": (submit(_001000000001=1), [("?", "unknown_field")]),
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
async def test_a_bad_field_is_named_with_its_rule(name: str) -> None:
    """The path and the rule that REST names; what was sent is not repeated."""
    body, expected = FIELDS[name]

    answer = await post(House(), envelope(body))

    code, problem = fault(answer)
    assert ("Client", "caller.invalid", expected) == (code, problem.code, told(answer))
    assert SECRET not in answer.text


async def test_fields_that_both_doors_refuse_are_refused_alike() -> None:
    """Code, origin, status, texts and fields are one and the same."""
    house = House()
    changes: dict[str, Any] = {
        "applicant": {**APPLICANT, "personal_number": "12"},
        "channel": "fax",
        "due_at": "hôm nay",
    }
    async with house.client() as client:
        rest = await client.post("/v1/dossiers", content=submission_json(**changes), headers=house.headers())

    _, problem = fault(await post(house, envelope(submit(**changes))))

    assert {**rest.json(), "correlation_id": ""} == {**json.loads(problem.model_dump_json()), "correlation_id": ""}


async def test_a_field_twice_is_refused() -> None:
    """Which one is meant, nobody can tell."""
    body = submit().replace(
        "<h:channel>online</h:channel>", "<h:channel>online</h:channel><h:channel>postal</h:channel>"
    )
    body = body.replace("<h:kind>citizen</h:kind>", "<h:kind>citizen</h:kind><h:kind>citizen</h:kind>")

    assert [("channel", "duplicate_field"), ("applicant.kind", "duplicate_field")] == told(
        await post(House(), envelope(body))
    )
    assert [("idempotency_key", "duplicate_field")] == told(
        await post(
            House(), envelope(submit().replace("<h:dossier>", "<h:idempotency_key>k</h:idempotency_key><h:dossier>"))
        )
    )


async def test_text_between_elements_is_refused() -> None:
    """Nothing that was sent is dropped in silence."""
    body = submit().replace("<h:applicant>", f"{SECRET}<h:applicant>").replace("</h:applicant>", "x</h:applicant>")

    assert [("$", "type"), ("applicant", "type")] == sorted(told(await post(House(), envelope(body))))


async def test_a_plain_attribute_is_an_unknown_field() -> None:
    """A field in the wrong shape is noticed."""
    body = submit().replace("<h:applicant>", '<h:applicant kind="citizen">')

    assert [("applicant.?", "unknown_field")] == told(await post(House(), envelope(body)))


async def test_a_forgotten_namespace_is_named() -> None:
    """The commonest mistake of hand-written XML gets a word of its own."""
    body = look_up().replace("<h:officer>", "<officer>").replace("</h:officer>", "</officer>")

    assert [("officer", "namespace")] == told(await post(House(), envelope(body)))


# --- envelopes and HTTP ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "other"), [("1.1", "1.2"), ("1.2", "1.1")])
async def test_an_envelope_of_another_version_is_a_mismatch(version: str, other: str) -> None:
    """In the words of the version that the content type announces."""
    answer = await post(House(), envelope(look_up(), other), version)

    code, problem = fault(answer, version)
    assert (500, "VersionMismatch", "caller.soap_version") == (answer.status_code, code, problem.code)


async def test_soap_12_names_the_versions_that_are_served() -> None:
    """Each qname of the Upgrade header resolves (SOAP 1.2 part 1, 5.4.7)."""
    answer = await post(House(), envelope(look_up(), "1.1"), "1.2")

    names = etree.fromstring(answer.content).iter(f"{{{ENVELOPES['1.2']}}}SupportedEnvelope")
    assert [f"{{{ENVELOPES[version]}}}Envelope" for version in ("1.2", "1.1")] == [_resolved(name) for name in names]


def _resolved(element: etree._Element) -> str:
    prefix, _, local = element.get("qname", "").partition(":")
    return f"{{{element.nsmap[prefix]}}}{local}"


BLOCK = '<x:Duty xmlns:x="urn:x" s:mustUnderstand="1">{secret}</x:Duty>'


@both
async def test_a_block_that_must_be_understood_and_is_not(version: str) -> None:
    """Nothing is done; SOAP 1.2 names the block."""
    house = House()

    answer = await post(house, envelope(submit(), version, BLOCK.format(secret=SECRET)), version)

    code, problem = fault(answer, version)
    assert (500, "MustUnderstand", "caller.not_understood") == (answer.status_code, code, problem.code)
    assert SECRET not in answer.text
    names = [_resolved(name) for name in etree.fromstring(answer.content).iter(f"{{{ENVELOPES['1.2']}}}NotUnderstood")]
    assert (["{urn:x}Duty"] if version == "1.2" else []) == names
    assert 0 == (await house.log.bounds("hub.commands", house.log.partition_of("hub.commands", CODE.encode()))).end


async def test_blocks_for_others_and_blocks_that_may_be_passed_over() -> None:
    """Only what must be understood by the hub stops a message."""
    others = BLOCK.replace("<x:Duty", '<x:Duty s:actor="urn:somebody-else"').format(secret="")
    free = BLOCK.replace(' s:mustUnderstand="1"', "").format(secret="")

    answered(await post(House(), envelope(look_up(), header=others + free)), "LookUpCitizen")


async def test_answers_to_another_address_are_not_promised() -> None:
    """WS-Addressing with a ReplyTo elsewhere must be understood, and is not."""
    reply = '<a:ReplyTo xmlns:a="{0}" s:mustUnderstand="1"><a:Address>{1}</a:Address></a:ReplyTo>'
    here = envelope(look_up(), header=reply.format(WSA, f"{WSA}/anonymous"))
    elsewhere = envelope(look_up(), header=reply.format(WSA, "http://evil.example/"))

    answered(await post(House(), here), "LookUpCitizen")
    assert "MustUnderstand" == fault(await post(House(), elsewhere))[0]


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", {"SOAPAction": f'"{HUB}:SubmitDossier"'}),
        ("1.2", {"Content_Type": f'application/soap+xml; charset=UTF-8; action="{HUB}:SubmitDossier"'}),
    ],
)
async def test_an_action_that_contradicts_the_body(version: str, headers: dict[str, str]) -> None:
    """What an outer gate allowed by its action is what is done."""
    answer = await post(House(), envelope(look_up(), version), version, **headers)

    assert "caller.operation" == fault(answer, version)[1].code


@pytest.mark.parametrize(
    ("version", "headers"),
    [
        ("1.1", {"SOAPAction": f'"{HUB}:LookUpCitizen"'}),
        ("1.1", {"SOAPAction": '""'}),
        ("1.2", {"Content_Type": f'application/soap+xml;action="{HUB}:LookUpCitizen";charset=utf-8'}),
    ],
)
async def test_an_action_that_agrees(version: str, headers: dict[str, str]) -> None:
    """With quotes, empty, or as a parameter of the content type."""
    answered(await post(House(), envelope(look_up(), version), version, **headers), "LookUpCitizen", version)


async def test_an_unknown_operation() -> None:
    """A fault of its own, whatever the element is called."""
    answer = await post(House(), envelope(f'<x:Drop xmlns:x="urn:x">{SECRET}</x:Drop>'))

    assert ("Client", "caller.operation") == (fault(answer)[0], fault(answer)[1].code)
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/xml; charset=utf-16", "text/xml; charset=utf-7", "text/plain", "", "multipart/related"],
)
async def test_what_is_not_soap_in_utf_8_is_unsupported(content_type: str) -> None:
    """415 and a plain problem: whoever did not speak SOAP is not answered in it."""
    answer = await post(House(), envelope(look_up()), Content_Type=content_type)

    assert (415, "application/problem+json") == (answer.status_code, answer.headers["content-type"])
    assert ("caller.media_type", True) == (answer.json()["code"], "text/xml" in answer.json()["detail_en"])


async def test_a_compressed_body_is_unsupported() -> None:
    """No bombs."""
    assert 415 == (await post(House(), envelope(look_up()), Content_Encoding="gzip")).status_code


BODIES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "xml"),
    "no XML": (b"hello", "xml"),
    "JSON": (submission_json(), "xml"),
    "cut": (envelope(submit())[:-3], "xml"),
    "two roots": (envelope(submit()) * 2, "xml"),
    "a doctype": (b"<!DOCTYPE x>" + envelope(submit()), "doctype"),
    "a doctype behind a comment": (b"<!-- a --><!DOCTYPE x>" + envelope(submit()), "doctype"),
    "an instruction in front": (b"<?do it?>" + envelope(submit()), "instruction"),
    "an instruction behind": (envelope(submit()) + b"<?do it?>", "instruction"),
    "an instruction inside": (envelope(submit()).replace(b"online<", b"on<?x?>line<"), "instruction"),
    "UTF-16": (envelope(submit()).decode().encode("utf-16"), "encoding"),
    "UTF-16 without a mark": (envelope(submit()).decode().encode("utf-16-le"), "encoding"),
    "UTF-32": (envelope(submit()).decode().encode("utf-32-be"), "encoding"),
    "UTF-7 by declaration": (b'<?xml version="1.0" encoding="UTF-7"?>' + envelope(submit()), "encoding"),
    "Latin-1 by declaration": (b'<?xml version="1.0" encoding="iso-8859-1"?>' + envelope(submit()), "encoding"),
    "not UTF-8": (envelope(submit()).replace(b"online", b"onl\xe9ne"), "encoding"),
    "overlong UTF-8": (envelope(submit()).replace(b"online", b"\xc0\xbcx"), "encoding"),
    "an entity": (envelope(submit()).replace(b"online", b"&xxe;"), "xml"),
    "no envelope": (b"<a/>", "envelope"),
    "no body": (f'<s:Envelope xmlns:s="{ENVELOPES["1.1"]}"/>'.encode(), "envelope"),
    "nothing in the body": (envelope(""), "envelope"),
    "two operations": (envelope(submit() + submit()), "envelope"),
    "two bodies": (envelope(submit()).replace(b"</s:Envelope>", b"<s:Body><a/></s:Body></s:Envelope>"), "envelope"),
}


@pytest.mark.parametrize("name", BODIES)
async def test_a_body_that_cannot_be_read_is_malformed(name: str) -> None:
    """A fault that names what is wrong and where, never a fault of the hub."""
    body, rule = BODIES[name]

    answer = await post(House(), body)

    code, problem = fault(answer)
    assert ("Client", "caller.malformed", [("$", rule)]) == (code, problem.code, told(answer))
    assert "JSON" not in problem.detail_vi + problem.detail_en


async def test_markup_inside_cdata_is_text() -> None:
    """What looks like a doctype or an instruction there is none."""
    body = submit(note="X").replace("<h:note>X", "<h:note><![CDATA[<!DOCTYPE x> <?php ?>]]>")

    answered(await post(House(), envelope(body)), "SubmitDossier")


async def test_too_much_is_refused_before_it_is_read() -> None:
    """Bytes, elements and attributes."""
    elements = envelope(call("SubmitDossier").replace("/>", ">") + "<a/>" * 30_000 + "</h:SubmitDossier>")
    attributes = envelope("<a " + " ".join(f'a{number}=""' for number in range(20_000)) + "/>")
    for body in (b" " * (1024 * 1024 + 1), elements, attributes):
        assert "caller.too_large" == fault(await post(House(), body))[1].code


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
async def test_other_methods_are_refused(method: str) -> None:
    """405 says which methods there are."""
    async with House().client() as client:
        answer = await client.request(method, "/soap/v1")

    assert (405, "GET, HEAD, POST") == (answer.status_code, answer.headers["allow"])
    assert "caller.method" == answer.json()["code"]


# --- faults of others ------------------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    ("error", "origin"),
    [(Unavailable("x"), "hub"), (Overloaded("x", retry_after_s=7), "hub"), (WriteInDoubt("x"), "hub")],
    ids=["unavailable", "overloaded", "in doubt"],
)
async def test_a_fault_of_the_hub_is_the_servers(version: str, error: Exception, origin: str) -> None:
    """With the time to wait, and whether it makes sense to try again."""
    house = House()
    house.admission.append(error)

    answer = await post(house, envelope(submit(), version), version)

    code, problem = fault(answer, version)
    assert (500, {"1.1": "Server", "1.2": "Receiver"}[version]) == (answer.status_code, code)
    assert (origin, True) == (problem.origin, problem.retriable)
    assert answer.headers["retry-after"] == str(problem.retry_after_s)


@pytest.mark.parametrize("error", [ReplyLost("x"), RefusedUs("x")], ids=["lost", "refused us"])
async def test_a_fault_of_a_platform_is_named_as_such(error: Any) -> None:
    """Server, and origin platform."""
    house = House()
    house.citizens.fault = error

    code, problem = fault(await post(house, envelope(look_up())))

    assert ("Server", "platform", error.problem_code) == (code, problem.origin, problem.code)


async def test_a_fault_says_everything_in_both_languages() -> None:
    """SOAP 1.2 has a text for each language, 1.1 one for both; the subcode is the stable code."""
    house = House()
    words = PROBLEMS["caller.invalid"]
    old = content(await post(house, envelope(submit(channel="x"))))
    new = content(await post(house, envelope(submit(channel="x"), "1.2"), "1.2"), "1.2")

    assert f"{words.vi} / {words.en}" == old.findtext("faultstring")
    texts = {text.get("{http://www.w3.org/XML/1998/namespace}lang"): text.text for text in new.iter("{*}Text")}
    assert {"vi": words.vi, "en": words.en} == texts
    subcode = new.find(".//{*}Subcode/{*}Value")
    assert subcode is not None
    prefix, _, code = (subcode.text or "").partition(":")
    assert (HUB, "caller.invalid") == (subcode.nsmap[prefix], code)


@both
async def test_statuses_follow_the_binding_of_each_version(version: str) -> None:
    """SOAP 1.1: 500 for every fault. SOAP 1.2: 400 for Sender (part 2, table 20)."""
    answer = await post(House(), envelope(submit(channel="x"), version), version)

    assert {"1.1": 500, "1.2": 400}[version] == answer.status_code


async def test_what_nobody_foresaw_is_a_fault_and_is_written_down() -> None:
    """The caller reads hub.fault in SOAP; the operator reads the traceback."""
    house = House()
    house.admission.append(RuntimeError(SECRET))
    with structlog.testing.capture_logs() as lines:
        answer = await post(house, envelope(submit()))

    code, problem = fault(answer)
    assert ("Server", "hub.fault") == (code, problem.code)
    assert SECRET not in answer.text
    assert ("error", "hub.fault", True) == (lines[0]["log_level"], lines[0]["code"], bool(lines[0]["exc_info"]))


# --- who calls -------------------------------------------------------------------------------------------------------


def named(house: House, *, username: str = "H56.14/motcua", system: str = "motcua", kind: str | None = None) -> str:
    """Return a Security header with the key of a system."""
    made = token(username, house.tokens[system], kind) if kind else token(username, house.tokens[system])
    return security(made)


@pytest.mark.parametrize("username", ["H56.14/motcua", "000.00.14.H56/motcua", " H56.14/motcua\n"])
async def test_a_token_names_the_caller(username: str) -> None:
    """The agency in either spelling; no HTTP header is needed."""
    house = House()
    message = envelope(look_up(), header=named(house, username=username))
    with structlog.testing.capture_logs() as lines:
        answered(await post(house, message, Authorization=""), "LookUpCitizen")

    assert ("H56.14", "motcua") == (lines[0]["agency"], lines[0]["system"])


@pytest.mark.parametrize(
    "username", ["H56.15/motcua", "H56.14/other", "motcua", "", "H56.14/", "H56/motcua", "nhà/motcua"]
)
async def test_a_key_under_another_name_is_nobody(username: str) -> None:
    """Name and key must belong together."""
    house = House()

    answer = await post(house, envelope(look_up(), header=named(house, username=username)), Authorization="")

    assert ("Client", "caller.unauthenticated") == (fault(answer)[0], fault(answer)[1].code)


async def test_no_key_at_all() -> None:
    """No header and no token."""
    assert "caller.unauthenticated" == fault(await post(House(), envelope(look_up()), Authorization=""))[1].code


async def test_a_wrong_bearer_key_is_refused_before_the_body_is_read() -> None:
    """Nothing of a stranger is parsed."""
    assert "caller.unauthenticated" == fault(await post(House(), b"<", Authorization="Bearer hk_x"))[1].code


async def test_header_and_token_must_agree() -> None:
    """Two callers in one message are none."""
    house = House()
    agreed = envelope(look_up(), header=named(house))
    apart = envelope(look_up(), header=named(house, username="H56.15/other", system="other"))

    answered(await post(house, agreed), "LookUpCitizen")
    assert "caller.unauthenticated" == fault(await post(house, apart))[1].code


@pytest.mark.parametrize(
    "inner",
    [
        token("H56.14/motcua", "weYI3nXd8LjMNVksCKFV8t3rgHh3Rw==", DIGEST),
        token("H56.14/motcua", "x") + token("H56.14/motcua", "x"),
        "<w:BinarySecurityToken>MII=</w:BinarySecurityToken>",
        '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"/>',
        "<u:Timestamp/><u:Timestamp/>",
    ],
    ids=["digest", "two tokens", "certificate", "signature", "two timestamps"],
)
async def test_what_cannot_be_checked_is_refused(inner: str) -> None:
    """A signature that nobody verifies must not look verified, even beside a good bearer key."""
    answer = await post(House(), envelope(look_up(), header=security(inner)))

    code, problem = fault(answer)
    assert ("Client", "caller.token_unsupported") == (code, problem.code)


@pytest.mark.parametrize(
    ("created_s", "expires_s", "code"),
    [(0, 300, ""), (-3600, -299, ""), (-3600, -301, "caller.expired"), (301, 600, "caller.expired"), (299, 600, "")],
)
async def test_a_timestamp_is_held_against_the_clock(created_s: int, expires_s: int, code: str) -> None:
    """Five minutes of difference between clocks are forgiven."""
    house = House()
    created, expires = (house.clock.now() + timedelta(seconds=seconds) for seconds in (created_s, expires_s))
    stamp = (
        f"<u:Timestamp><u:Created>{created:%Y-%m-%dT%H:%M:%SZ}</u:Created>"
        f"<u:Expires>{expires:%Y-%m-%dT%H:%M:%SZ}</u:Expires></u:Timestamp>"
    )

    answer = await post(house, envelope(look_up(), header=security(stamp)))

    assert code == ("" if answer.status_code == 200 else fault(answer)[1].code)


async def test_a_timestamp_that_is_no_time() -> None:
    """Named as a field."""
    stamp = "<u:Timestamp><u:Expires>mai</u:Expires></u:Timestamp>"

    answer = await post(House(), envelope(look_up(), header=security(stamp)))

    assert [("Timestamp.Expires", "date")] == told(answer)


async def test_grants_hold_at_this_door_too() -> None:
    """The use case decides, whatever the door."""
    house = House()

    answer = await post(house, envelope(look_up()), Authorization=f"Bearer {house.tokens['nobody']}")

    assert ("Client", "caller.no_grant", 403) == (fault(answer)[0], fault(answer)[1].code, fault(answer)[1].status)


# --- the contract ----------------------------------------------------------------------------------------------------


async def get(house: House, query: str, **headers: str) -> httpx.Response:
    """Ask for a document."""
    async with house.client() as client:
        return await client.get(f"/soap/v1{query}", headers=headers)


@pytest.mark.parametrize("query", ["?wsdl", "?WSDL", "?wsdl=1"])
async def test_the_wsdl_has_the_address_it_was_asked_at(query: str) -> None:
    """Both ports at one address, and schemas that can be fetched from there."""
    answer = await get(House(), query)

    assert "text/xml; charset=utf-8" == answer.headers["content-type"]
    root = etree.fromstring(answer.content)
    assert ["http://hub.test/soap/v1"] * 2 == [found.get("location") for found in root.iter("{*}address")]
    assert ["http://hub.test/soap/v1?xsd=hub.xsd"] == [found.get("schemaLocation") for found in root.iter("{*}import")]


@pytest.mark.parametrize(
    ("name", "includes"), [("hub.xsd", ["http://hub.test/soap/v1?xsd=problem.xsd"]), ("problem.xsd", [])]
)
async def test_schemas_are_served(name: str, includes: list[str]) -> None:
    """Under the names that the WSDL gives them."""
    answer = await get(House(), f"?xsd={name}")

    assert includes == [found.get("schemaLocation") for found in etree.fromstring(answer.content).iter("{*}include")]


@pytest.mark.parametrize("name", ["other.xsd", "../problem.py", "hub.wsdl", ""])
async def test_other_files_are_not_served(name: str) -> None:
    """Only what is listed."""
    assert 404 == (await get(House(), f"?xsd={name}")).status_code


async def test_a_public_address_wins_over_the_request() -> None:
    """Behind a proxy the hub cannot know its own address."""
    house = House()
    app = rest_app(house.rooms, doors=soap_routes(house.rooms, public_url="https://truc.tinh.example"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub.test") as client:
        text = (await client.get("/soap/v1?wsdl", headers={"Host": 'x"><evil/>'})).text

    assert 2 == text.count('location="https://truc.tinh.example/soap/v1"')
    assert "evil" not in text


@pytest.mark.parametrize("host", ['x"><evil/>', "a b", "x/y", "x?y", ""])
async def test_a_host_that_is_none_is_refused(host: str) -> None:
    """Nothing of it gets into the document."""
    answer = await get(House(), "?wsdl", Host=host)

    assert (400, "caller.malformed") == (answer.status_code, answer.json()["code"])


# --- what is written down --------------------------------------------------------------------------------------------


async def test_a_callers_mistake_is_no_error_of_the_hub() -> None:
    """SOAP 1.1 says 500 to everybody; the log knows better, and says nothing of the content."""
    house = House()
    with structlog.testing.capture_logs() as lines:
        await post(house, envelope(submit(channel=SECRET, summary=SECRET)), X_Correlation_Id="abc-1")
        await post(house, b"<" + SECRET.encode())

    assert ["info", "info"] == [line["log_level"] for line in lines]
    assert ("caller.invalid", "/soap/v1", "abc-1") == (lines[0]["code"], lines[0]["route"], lines[0]["correlation_id"])
    assert SECRET not in str(lines)


async def test_good_answers_leave_a_line() -> None:
    """As at the REST door."""
    with structlog.testing.capture_logs() as lines:
        await post(House(), envelope(look_up()))

    assert [("request", 200)] == [(line["event"], line["status"]) for line in lines]


async def test_many_at_once_keep_apart() -> None:
    """Concurrent calls, small and large, each get their own answer."""
    house = House()
    codes = [f"H56.14-261122-{number:04}" for number in range(1, 31)]
    notes = {code: "x" * (40_000 if number % 3 == 0 else 10) for number, code in enumerate(codes)}
    messages = [envelope(submit(code, code=code) + f"<!--{notes[code]}-->") for code in codes]

    answers = await asyncio.gather(*(post(house, message) for message in messages))

    assert codes == [value(answered(answer, "SubmitDossier"), Receipt)["dossier_code"] for answer in answers]


async def test_a_caller_who_leaves_is_no_fault_of_the_hub() -> None:
    """A connection cut in the middle of the body ends as a refusal."""
    house = House()
    messages: Iterator[dict[str, Any]] = iter(
        [{"type": "http.request", "body": b"<", "more_body": True}, {"type": "http.disconnect"}]
    )
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [
        (b"authorization", f"Bearer {house.tokens['motcua']}".encode()),
        (b"content-type", TYPES["1.2"].encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": "/soap/v1", "headers": headers, "query_string": b""}
    await house.app(scope, receive, send)

    assert 400 == sent[0]["status"]
