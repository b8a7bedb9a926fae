"""Any valid model goes through XML and comes back the same; any XML gets an answer of the contract."""

import asyncio
import json
import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from hub.ingress.problems import STATUS
from hub.ingress.soap.bind import bound, written
from schemas.citizen import Citizen, CitizenAnswer, CitizenQuery, Gender
from schemas.dossier import (
    ApplicantKind,
    Channel,
    DossierStatus,
    DossierSubmission,
    FeePayment,
    ResultDelivery,
    Reuse,
)
from schemas.model import Model
from schemas.problem import RULES
from tests.fakes.rest import House
from tests.fakes.soap import HUB, call, element, envelope, fault, post, submit, value
from tests.fakes.xsd import compiled, document

BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCHEMA = compiled()
XSD = document()
HOUSE = House()

LETTERS = st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")


def line(most: int) -> st.SearchStrategy[str]:
    """One line as the contract keeps it: composed, without blanks at its ends."""
    texts = st.text(LETTERS | st.sampled_from("<>&\"'éệđ "), min_size=1, max_size=min(most, 40))
    kept = texts.map(lambda text: unicodedata.normalize("NFC", text).strip())
    return kept.filter(lambda text: 0 < len(text) <= most)


TOKEN = st.from_regex(r"[A-Za-z0-9._:\-]{1,20}", fullmatch=True)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENT = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=OFFSETS | st.just(UTC)).map(  # noqa: DTZ001 - hypothesis adds the offsets
    datetime.isoformat
)
URL = st.from_regex(r"https?://[a-z]{1,10}\.vn/[a-z0-9=&?]{0,20}", fullmatch=True)
CODE = st.sampled_from(["H56.14-261122-0001", "000.00.14.H56-261122-000000001", "G01.899.100-250101-1234"])


def some(strategy: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[list[Any]]:
    """A few of them."""
    return st.lists(strategy, max_size=min(most, 3))


APPLICANT = st.fixed_dictionaries(
    {"kind": st.sampled_from([*ApplicantKind]), "name": line(200)},
    optional={
        "personal_number": st.from_regex(r"[0-9]{12}|[0-9]{9}", fullmatch=True),
        "account_id": TOKEN,
        "phone": st.from_regex(r"[0-9+.][0-9+ .]{6,18}[0-9+.]", fullmatch=True),
        "email": st.from_regex(r"[a-z]{1,9}@[a-z]{1,9}\.vn", fullmatch=True),
        "account_verified": st.booleans(),
    },
)
ATTACHMENT = st.fixed_dictionaries(
    {"id": TOKEN, "name": line(4000), "url": URL},
    optional={
        "component": TOKEN,
        "digitised": st.booleans(),
        "reuse": st.sampled_from([*Reuse]),
        "from_repository": st.booleans(),
        "deleted": st.booleans(),
    },
)
FEE = st.fixed_dictionaries(
    {
        "code": TOKEN,
        "name": line(200),
        "kind": st.sampled_from(["fee", "charge"]),
        "amount_vnd": st.integers(0, 10**10),
    },
    optional={"collection": st.sampled_from(["before", "after", "exempt"])},
)
PAPER = st.fixed_dictionaries(
    {"id": TOKEN, "name": line(2000), "url": URL}, optional={"code": TOKEN, "component": TOKEN}
)
STEP = st.fixed_dictionaries(
    {
        "officer": line(50),
        "position": line(200),
        "unit": line(200),
        "at": MOMENT,
        "content": line(1000),
        "status": st.sampled_from([*DossierStatus]),
        "started_at": MOMENT,
    },
    optional={"due_at": MOMENT},
)
DOSSIER = st.fixed_dictionaries(
    {
        "code": CODE,
        "revision": st.integers(1, 1_000_000),
        "procedure": st.from_regex(r"[0-9]\.[0-9]{6}", fullmatch=True),
        "status": st.sampled_from([*DossierStatus]),
        "channel": st.sampled_from([*Channel]),
        "applicant": APPLICANT,
        "summary": line(1000),
        "processing_unit": line(200),
        "received_at": MOMENT,
    },
    optional={
        **dict.fromkeys(("submitted_at", "due_at", "finished_at", "returned_at", "refused_at", "deliver_by"), MOMENT),
        "result_delivery": st.sampled_from([*ResultDelivery]),
        "fee_payment": st.sampled_from([*FeePayment]),
        "attachments": some(ATTACHMENT, 100),
        "fees": some(FEE, 50),
        "results": some(PAPER, 20),
        "progress": some(STEP, 200),
        "consulted_databases": some(TOKEN, 20),
        "note": st.just("") | st.lists(line(100), max_size=3).map("\n".join),
    },
)
BIRTH = st.dates(date(1880, 1, 1)).map(lambda day: {"birth_date": day.isoformat()}) | st.integers(1880, 2100).map(
    lambda year: {"birth_year": year}
)
QUERY = st.builds(
    lambda rest, birth: {**rest, **birth},
    st.fixed_dictionaries(
        {
            "personal_number": st.from_regex(r"[0-9]{12}|[0-9]{9}", fullmatch=True),
            "full_name": line(200),
            "procedure": st.just("1.001193"),
            "dossier_code": CODE,
            "purpose": TOKEN,
            "officer": TOKEN,
        }
    ),
    BIRTH,
)


@settings(BOUNDED, max_examples=100)
@given(DOSSIER)
def test_a_dossier_is_the_same_by_json_and_by_xml(stated: dict[str, Any]) -> None:
    """Written by lxml alone, judged by the schema, read by the hub."""
    by_json = DossierSubmission.model_validate_json(json.dumps(stated))
    xml = etree.tostring(element("SubmitDossier", {"dossier": in_order("DossierSubmission", stated)}))
    root = etree.fromstring(xml)

    assert SCHEMA.validate(root), SCHEMA.error_log
    assert by_json == bound(DossierSubmission, root[0])


def in_order(kind: str, stated: Any) -> Any:
    """Put the fields of an object into the order of its type in the schema."""
    if isinstance(stated, list):
        return [in_order(kind, item) for item in stated]
    members = XSD.objects.get(kind, ())
    return {m.name: in_order(m.type, stated[m.name]) for m in members if m.name in stated} if members else stated


@BOUNDED
@given(QUERY)
def test_a_query_is_the_same_by_json_and_by_xml(stated: dict[str, Any]) -> None:
    """The same for lookups; the order of elements does not matter to the hub."""
    by_json = CitizenQuery.model_validate_json(json.dumps(stated))
    turned = dict(reversed(stated.items()))

    assert by_json == bound(CitizenQuery, etree.fromstring(etree.tostring(element("query", turned))))


WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@BOUNDED
@given(
    st.none() | WORDS, WORDS, st.sampled_from([*Gender]), st.none() | st.dates(), st.none() | st.integers(1800, 2100)
)
def test_what_the_hub_writes_is_read_as_it_was(
    former: str | None, name: str, gender: Gender, day: date | None, year: int | None
) -> None:
    """Whatever a source states: well-formed, valid, and the same but for what XML cannot carry."""
    citizen = Citizen(
        personal_number="1", former_number=former, full_name=name, gender=gender, birth_date=day, birth_year=year
    )
    answer = CitizenAnswer(
        request_id="r", match="one", source="s", asked_at="2026-11-22T01:00:00+00:00", citizen=citizen
    )
    wrapper = etree.Element(f"{{{HUB}}}LookUpCitizenResponse")
    written(wrapper, "answer", answer)

    root = etree.fromstring(etree.tostring(wrapper))

    assert SCHEMA.validate(root), SCHEMA.error_log
    assert _carried(answer) == CitizenAnswer.model_validate_json(json.dumps(value(root[0], CitizenAnswer)))


def _carried(answer: Model) -> Model:
    """Return the model with a replacement character in the place of each that XML 1.0 lacks (section 2.2)."""
    text = json.dumps(answer.model_dump(mode="json"), ensure_ascii=False)
    for number in (*range(32), 0xFFFE, 0xFFFF):
        if number not in (9, 10, 13):
            escaped = json.dumps(chr(number), ensure_ascii=False)[1:-1]
            text = text.replace(escaped, "\ufffd") if number > 31 else _replaced(text, escaped)
    return type(answer).model_validate_json(text)


def _replaced(text: str, escaped: str) -> str:
    """Replace an escape of JSON, but not the second half of an escaped backslash."""
    return text.replace("\\\\", "\x00").replace(escaped, "\ufffd").replace("\x00", "\\\\")


# --- any XML ---------------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["dossier", "code", "applicant", "name", "fees", "amount_vnd", "query", "officer", "x", "d-1"])
ATTRIBUTES = st.sampled_from(["", ' xmlns="urn:other"', ' a="1"', ' xsi:nil="true"', ' xsi:type="x"'])
TREES = st.recursive(
    st.text(LETTERS, max_size=10).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.builds(
        lambda name, attribute, children: f"<h:{name}{attribute}>{''.join(children)}</h:{name}>",
        NAMES,
        ATTRIBUTES,
        st.lists(inner, max_size=4),
    ),
    max_leaves=15,
)
OPERATIONS = st.sampled_from(["SubmitDossier", "LookUpCitizen", "GetDossierStatus", "GetDossierTimeline", "Other"])
NAMESPACES = f'xmlns:h="{HUB}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def check(body: bytes, version: str = "1.1") -> None:
    """The answer is good, or a fault of the caller's that names a code and rules of the contract."""
    answer = asyncio.run(post(HOUSE, body, version))
    if answer.status_code == 200:
        return
    code, problem = fault(answer, version)
    assert ("caller", STATUS[problem.code]) == (problem.origin, problem.status)
    assert code in ("Client", "Sender", "VersionMismatch", "MustUnderstand")
    assert {field.rule for field in problem.fields} <= set(RULES)


@BOUNDED
@given(OPERATIONS, TREES)
def test_any_tree_in_the_body(operation: str, tree: str) -> None:
    """Names that are known in places where they are not."""
    check(envelope(f"<h:{operation} {NAMESPACES}>{tree}</h:{operation}>"))


@BOUNDED
@given(TREES)
def test_any_tree_in_the_header(tree: str) -> None:
    """Blocks of any shape."""
    header = f"<h:x {NAMESPACES}>{tree}</h:x>"
    check(envelope(call("GetDossierStatus", message_id="x"), "1.2", header), "1.2")


@BOUNDED
@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    """Mostly no XML at all."""
    check(body)


@BOUNDED
@given(st.integers(min_value=0, max_value=len(envelope(submit())) - 1), st.binary(max_size=3))
def test_a_message_cut_or_spoilt_anywhere(place: int, noise: bytes) -> None:
    """One that breaks off, and one with noise in the middle."""
    body = envelope(submit())

    check(body[:place] + noise)
    check(body[:place] + noise + body[place:])
