"""The contract of the SOAP door says what the models say: every field, every bound, every word, in both languages."""

import re
import unicodedata
from typing import Any, Literal

import pytest
from lxml import etree

from hub.ingress.examples import MESSAGE
from hub.ingress.field_words import FIELDS, MODELS
from hub.ingress.soap.operations import OPERATIONS
from hub.ingress.soap.version import NAMESPACE
from hub.ingress.soap.wsdl import ADDRESS
from schemas.citizen import CitizenAnswer, CitizenQuery
from schemas.dossier import DossierSubmission
from schemas.model import Model
from schemas.problem import Problem
from schemas.receipt import Receipt
from schemas.timeline import Timeline
from tests.fakes.rest import House
from tests.fakes.soap import call, content, envelope, fault, look_up, post, submit
from tests.fakes.xsd import ROOT, Member, compiled, document

READ: tuple[type[Model], ...] = (DossierSubmission, CitizenQuery)
WRITTEN: tuple[type[Model], ...] = (CitizenAnswer, Receipt, Timeline, Problem)
XSD = document()
SCHEMA = compiled()
WSDL = etree.parse(ROOT / "hub.wsdl").getroot()
W = "{http://schemas.xmlsoap.org/wsdl/}"
BUILT_IN = {"string": "xs:string", "integer": "xs:int", "boolean": "xs:boolean"}
FORMATS = {"date-time": "xs:dateTime", "date": "xs:date"}
BOUNDS = {
    "minLength": "minLength",
    "maxLength": "maxLength",
    "minimum": "minInclusive",
    "maximum": "maxInclusive",
}
DRESSED = {("CitizenAnswer", "asked_at"): "xs:dateTime"}
"""Fields whose text is a time, which XML can say."""

Form = dict[str, Any]


def forms(model: type[Model]) -> dict[str, Form]:
    """Return the JSON Schema of a model and of everything in it, by name."""
    mode: Literal["validation", "serialization"] = "validation" if model in READ else "serialization"
    schema = model.model_json_schema(mode=mode)
    return {model.__name__: schema, **schema.get("$defs", {})}


ALL = {(name, model in READ): form for model in READ + WRITTEN for name, form in forms(model).items()}
OBJECTS = sorted(name for (name, _), form in ALL.items() if "properties" in form)


def form_of(name: str) -> Form:
    """Return the form of an object, wherever it occurs."""
    return next(form for (known, _), form in ALL.items() if known == name)


def bare(form: Form) -> tuple[Form, bool]:
    """Return a form without its leave to be null, and whether it had one."""
    arms = form.get("anyOf")
    return (next(arm for arm in arms if arm.get("type") != "null"), True) if arms else (form, False)


@pytest.mark.parametrize("name", OBJECTS)
def test_an_object_has_the_fields_of_its_model_in_their_order(name: str) -> None:
    """And lets those be absent that may be absent, or null, in JSON."""
    form = form_of(name)
    expected = []
    for field, given in form["properties"].items():
        inner, null = bare(given)
        absent = null or inner.get("type") == "array" or field not in form.get("required", ())
        most = inner.get("maxItems") if inner.get("type") == "array" else 1
        expected.append((field, absent, most))

    found = [(member.name, member.least == 0, member.most) for member in XSD.objects[name]]
    always = {("Hop", "possibly_doubled"), ("Citizen", "gender")}
    assert [(field, absent and (name, field) not in always, most) for field, absent, most in expected] == found


def members() -> list[Any]:
    """Every field of every object, with its form."""
    return [pytest.param(name, member, id=f"{name}.{member.name}") for name in OBJECTS for member in XSD.objects[name]]


@pytest.mark.parametrize(("name", "member"), members())
def test_a_field_has_the_bounds_of_its_model(name: str, member: Member) -> None:
    """Each bound, pattern and choice of the JSON Schema stands in the XSD."""
    form, _ = bare(form_of(name)["properties"][member.name])
    form, _ = bare(form["items"]) if form.get("type") == "array" else (form, False)
    if "$ref" in form:
        target = form["$ref"].rpartition("/")[2]
        assert target == member.type
        form = next(made for (known, _), made in ALL.items() if known == target)
    if "properties" in form:
        return
    scalar = XSD.scalars.get(member.type)
    base = scalar.base if scalar else member.type
    facets = dict(scalar.facets) if scalar else {}

    wanted = DRESSED.get((name, member.name)) or FORMATS.get(form.get("format", "")) or BUILT_IN[form["type"]]
    assert base in {wanted, "xs:long"} if form["type"] == "integer" else base == wanted
    for said, facet in BOUNDS.items():
        if said in form:
            assert (str(form[said]),) == facets[facet]
    if "pattern" in form:
        check_pattern(form["pattern"], facets)
    if "enum" in form:
        assert tuple(form["enum"]) == facets["enumeration"]


def check_pattern(pattern: str, facets: dict[str, tuple[str, ...]]) -> None:
    """A pattern of JSON Schema floats and is anchored by hand; one of XSD is anchored as it is."""
    assert pattern.startswith("^")
    assert pattern.endswith("$")
    inner = pattern[1:-1]
    alternatives = inner[1:-1] if inner.startswith("(") and inner.endswith(")") else inner
    if re.fullmatch(r"[a-z_]+(\|[a-z_]+)*", alternatives):
        assert tuple(alternatives.split("|")) == facets["enumeration"]
    else:
        assert (alternatives,) == facets["pattern"]


@pytest.mark.parametrize("name", sorted(XSD.objects))
def test_words_are_those_of_the_openapi_document(name: str) -> None:
    """One explanation for one field, in Vietnamese and English."""
    assert {"vi": MODELS[name].vi, "en": MODELS[name].en} == XSD.docs[f"complexType {name}"]
    for member in XSD.objects[name]:
        words = FIELDS[f"{name}.{member.name}"]
        assert {"vi": words.vi, "en": words.en} == member.docs


def test_everything_is_explained_in_both_languages() -> None:
    """Types, elements, operations and the service; Vietnamese in composed letters."""
    docs = [*XSD.docs.values(), *(member.docs for group in XSD.wrappers.values() for member in group)]
    assert len(docs) > 60
    for each in docs:
        assert {"vi", "en"} == set(each)
        assert all(each.values())
    text = "".join(doc.text or "" for doc in WSDL.iter(f"{W}documentation"))
    assert 6 == len(list(WSDL.iter(f"{W}documentation")))
    assert unicodedata.is_normalized("NFC", text + str(docs))


def test_every_operation_stands_in_both_bindings_with_its_action_and_fault() -> None:
    """Document/literal, one portType, two ports at one address."""
    expected = [(operation.name, operation.action, "Problem") for operation in OPERATIONS]
    for version, prefix in (("HubSoap11", "soap"), ("HubSoap12", "soap12")):
        (binding,) = [found for found in WSDL.iter(f"{W}binding") if found.get("name") == version]
        soap = f"{{{WSDL.nsmap[prefix]}}}"
        found = [_described(operation, soap) for operation in binding.iter(f"{W}operation")]
        assert expected == found
        assert {"literal"} == {body.get("use") for body in binding.iter(f"{soap}body", f"{soap}fault")}
        assert ["document"] == [found.get("style") for found in binding.iter(f"{soap}binding")]
    assert {ADDRESS} == {address.get("location") for address in WSDL.iter("{*}address")}
    assert NAMESPACE == WSDL.get("targetNamespace")


def _described(operation: etree._Element, soap: str) -> tuple[str | None, ...]:
    (action,), (fault,) = operation.findall(f"{soap}operation"), operation.findall(f"{W}fault")
    return operation.get("name"), action.get("soapAction"), fault.get("name")


def test_wrappers_are_what_the_operations_take_and_give() -> None:
    """Document/literal wrapped: the element is the operation's name, and the answer's is that with Response."""
    names = {operation.name for operation in OPERATIONS}

    assert names | {f"{name}Response" for name in names} == set(XSD.wrappers)
    assert {operation.name: operation.answer for operation in OPERATIONS} == {
        name: XSD.wrappers[f"{name}Response"][0].name for name in names
    }


# --- the compiled schema ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [submit(), look_up(), call("GetDossierStatus", message_id=MESSAGE["message_id"])])
def test_the_examples_are_valid(body: str) -> None:
    """What a developer copies passes the schema."""
    SCHEMA.assertValid(etree.fromstring(body))


FEE = {"code": "LP", "name": "Lệ phí", "kind": "fee", "amount_vnd": 8000}
EDGES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "revision": ({"revision": 1_000_000}, {"revision": 1_000_001}),
    "code": ({"code": "000.00.14.H56-261122-000000001"}, {"code": "H56-14-261122-0001"}),
    "procedure": ({"procedure": "1.001193"}, {"procedure": "11.01193"}),
    "summary": ({"summary": "ệ" * 1000}, {"summary": "ệ" * 1001}),
    "an empty summary": ({"summary": "a"}, {"summary": ""}),
    "status": ({"status": "withdrawn"}, {"status": "gone"}),
    "the first year": ({"submitted_at": "2000-01-01T00:00:00.123456789Z"}, {"submitted_at": "1999-12-31T23:59:59Z"}),
    "the last year": ({"due_at": "2100-12-31T23:59:59Z"}, {"due_at": "2101-01-01T00:00:00Z"}),
    "offset": ({"received_at": "2026-11-22T07:55:00+07:00"}, {"received_at": "2026-11-22T07:55:00"}),
    "midnight": ({"received_at": "2026-11-22T00:00:00Z"}, {"received_at": "2026-11-22T24:00:00Z"}),
    "databases": ({"consulted_databases": ["a"] * 20}, {"consulted_databases": ["a"] * 21}),
    "a token": ({"consulted_databases": ["a.B_c:1-2"]}, {"consulted_databases": ["a b"]}),
    "fees": ({"fees": [FEE] * 50}, {"fees": [FEE] * 51}),
    "an amount": ({"fees": [{**FEE, "amount_vnd": 10**10}]}, {"fees": [{**FEE, "amount_vnd": 10**10 + 1}]}),
    "a collection": ({"fees": [{**FEE, "collection": "exempt"}]}, {"fees": [{**FEE, "collection": "never"}]}),
    "note": ({"note": "a\nb"}, {"note": "a" * 4001}),
    "an unknown field": ({}, {"zzz": 1}),
    "email": ({"applicant": {"kind": "citizen", "name": "A", "email": "a@b.vn"}},
              {"applicant": {"kind": "citizen", "name": "A", "email": "a b@c.vn"}}),
    "phone": ({"applicant": {"kind": "citizen", "name": "A", "phone": "+84 912.345.678"}},
              {"applicant": {"kind": "citizen", "name": "A", "phone": "1234567"}}),
    "a paper": ({"results": [{"id": "a", "name": "b", "url": "HTTPS://a.vn/x"}]},
                {"results": [{"id": "a", "name": "b", "url": "ftp://a.vn/x"}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", EDGES)
async def test_schema_and_hub_draw_the_same_line(name: str) -> None:
    """The last good value passes both, the first bad one neither."""
    good, bad = (_ordered(changes) for changes in EDGES[name])

    assert SCHEMA.validate(etree.fromstring(good)), SCHEMA.error_log
    assert not SCHEMA.validate(etree.fromstring(bad))
    assert 200 == (await post(House(), envelope(good))).status_code
    assert "caller.invalid" == fault(await post(House(), envelope(bad)))[1].code


def _ordered(changes: dict[str, Any]) -> str:
    """Return the submission with changes, its fields in the order of the schema."""
    order = [member.name for member in XSD.objects["DossierSubmission"]]
    root = etree.fromstring(submit(**changes))
    dossier = root[1]
    dossier[:] = sorted(dossier, key=lambda child: (*order, "zzz").index(etree.QName(child).localname))
    return etree.tostring(root, encoding="unicode")


@pytest.mark.parametrize(
    "body",
    [submit(), look_up(), call("GetDossierTimeline", dossier_code="H56.14-261122-0001")],
    ids=["submit", "look up", "not found"],
)
async def test_what_the_hub_answers_is_valid(body: str) -> None:
    """Good answers and faults, byte for byte."""
    house = House()
    await post(house, envelope(submit("k0", revision=1)))
    for version in ("1.1", "1.2"):
        answer = await post(house, envelope(body, version), version)
        found = content(answer, version)
        detail = found.find(f"{{*}}{'detail' if version == '1.1' else 'Detail'}")
        SCHEMA.assertValid(etree.ElementTree(found if detail is None else detail[0]))


async def test_a_fault_with_fields_is_valid() -> None:
    """The problem is one of the schema's elements."""
    found = content(await post(House(), envelope(submit(channel="x", status="y"))))
    detail = found.find("detail")
    assert detail is not None
    assert 2 == len(list(detail.iter(f"{{{NAMESPACE}}}fields")))
    SCHEMA.assertValid(etree.ElementTree(detail[0]))
