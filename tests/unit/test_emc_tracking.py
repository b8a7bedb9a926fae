"""Events in EMC's words: every code of its table, and the owner that nobody can tell."""

import hashlib
import hmac
import json
from datetime import UTC, date, datetime

import pytest

from adapters.monitoring.emc import CONFIG, build
from adapters.monitoring.emc.config import EmcConfig
from adapters.monitoring.emc.tracking import event
from hub.clock import SystemClock
from hub.errors import ReplyLost
from hub.ports import DoubtRule, Effect, Job
from schemas.dossier import DossierSubmission
from schemas.procedure import Procedure

KEY = "an-operator-keeps-this-key-secret-32"
NUMBER = "001000000001"
PROCEDURE = Procedure(
    code="1.001193", name="Đăng ký khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
)


def config(**changes: object) -> EmcConfig:
    """A registered site."""
    site = {"url": "https://emc.example/TrackingMCDT", "site_id": "5638", "code_profile": "H56", "location": "38"}
    return CONFIG.model_validate({**site, "pseudonym_key": KEY, **changes})


def submission(**changes: object) -> DossierSubmission:
    """A dossier of a citizen, filed online."""
    fields: dict[str, object] = {
        "code": "000.00.01.H56-250901-0007",
        "revision": 1,
        "procedure": "1.001193",
        "status": "accepted",
        "channel": "online",
        "applicant": {"kind": "citizen", "name": "Nguyễn Thị Bí Mật", "personal_number": NUMBER},
        "summary": "Đăng ký khai sinh",
        "processing_unit": "UBND xã X",
        "received_at": datetime(2025, 9, 1, 1, 30, tzinfo=UTC),
        **changes,
    }
    return DossierSubmission.model_validate(fields, strict=False)


def body(settings: EmcConfig | None = None, **changes: object) -> dict[str, object]:
    """The body of an event."""
    return dict(event(submission(**changes), PROCEDURE, settings or config()))


def owner(settings: EmcConfig | None = None, **changes: object) -> dict[str, str]:
    """The field User of an event, read."""
    read: dict[str, str] = json.loads(str(body(settings, **changes)["User"]))
    return read


def test_an_event_has_the_fields_of_the_table() -> None:
    """Twelve fields: SiteId is a number, all others are texts, and the dossier's code keeps its spelling."""
    told = body()
    told.pop("User")

    assert {
        "CodeProfile": "H56",
        "SiteId": 5638,
        "CodeTTHC": "1.001193",
        "NameTTHC": "Đăng ký khai sinh",
        "MaHoSo": "000.00.01.H56-250901-0007",
        "Status": "1",
        "FormsReception": "1",
        "FormsPayments": "0",
        "Level": "3",
        "IsFromDVCQG": "0",
        "IsDVCBC": "0",
    } == told


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("registered", "1"),
        ("accepted", "1"),
        ("not_accepted", "0"),
        ("processing", "2"),
        ("supplement_requested", "0"),
        ("payment_requested", "0"),
        ("withdrawn", "0"),
        ("stopped", "0"),
        ("finished", "3"),
        ("returned", "3"),
    ],
)
def test_states_become_statuses(status: str, code: str) -> None:
    """The portal's 1 and 2 are received, 4 is processing, 9 and 10 are returned, all others other."""
    assert code == body(status=status)["Status"]


@pytest.mark.parametrize(("channel", "code"), [("counter", "2"), ("online", "1"), ("postal", "1")])
def test_channels_become_receptions(channel: str, code: str) -> None:
    """The counter is direct; postal dossiers count as online."""
    assert code == body(channel=channel)["FormsReception"]


@pytest.mark.parametrize(("payment", "code"), [("none", "0"), ("online", "1"), ("other", "2")])
def test_payments_keep_their_kind(payment: str, code: str) -> None:
    """None, online, and direct for cash and transfer."""
    assert code == body(fee_payment=payment)["FormsPayments"]


@pytest.mark.parametrize(
    ("level", "code"), [("direct_partial", "0"), ("direct_full", "1"), ("online_partial", "3"), ("online_full", "4")]
)
def test_the_level_is_that_of_the_procedure(level: str, code: str) -> None:
    """What is published for a procedure goes out; others have the default."""
    assert code == body(config(levels={"1.001193": level}))["Level"]
    assert code == body(config(level_default=level, levels={"2.000488": "direct_partial"}))["Level"]


@pytest.mark.parametrize(
    ("channel", "delivery", "code"),
    [("counter", "counter", "0"), ("online", "counter", "0"), ("postal", "counter", "1"), ("online", "post", "1")],
)
def test_the_public_post_is_told(channel: str, delivery: str, code: str) -> None:
    """Whether papers come in, or the result goes out, by post."""
    assert code == body(channel=channel, result_delivery=delivery)["IsDVCBC"]


def test_dossiers_of_the_national_portal_are_told_where_an_operator_says_so() -> None:
    """Only the channels that the configuration names."""
    settings = config(portal_channels=["online"])

    assert ("1", "0") == (body(settings)["IsFromDVCQG"], body(settings, channel="counter")["IsFromDVCQG"])


def test_the_owner_is_a_pseudonym_by_default() -> None:
    """A keyed digest: equal for one person, other under another key, and neither name nor number is anywhere."""
    expected = hmac.new(KEY.encode(), NUMBER.encode(), hashlib.sha256).hexdigest()[:32]

    assert {"ID_local": expected, "ID_QG": expected, "TYPE": "2", "LOCATION": "38"} == owner()
    assert owner() == owner(status="finished")
    assert owner()["ID_local"] != owner(config(pseudonym_key=KEY[::-1]))["ID_local"]
    assert not [secret for secret in (NUMBER, "Bí Mật") if secret in str(body())]


def test_a_number_goes_out_only_where_an_operator_says_so() -> None:
    """`raw` gives the number, `none` gives nothing; neither needs a key."""
    raw, none = (config(user_identity=kind, pseudonym_key="") for kind in ("raw", "none"))

    assert (NUMBER, NUMBER) == (owner(raw)["ID_local"], owner(raw)["ID_QG"])
    assert {"ID_local": "", "ID_QG": "", "TYPE": "2", "LOCATION": "38"} == owner(none)


def test_a_pseudonym_needs_a_key() -> None:
    """Twelve digits are soon guessed: a key that is missing or short is refused."""
    for key in ("", "short"):
        with pytest.raises(ValueError, match="at least 32 characters"):
            config(pseudonym_key=key)


@pytest.mark.parametrize(
    ("applicant", "kind"),
    [
        ({"kind": "enterprise", "name": "CÔNG TY A"}, "1"),
        ({"kind": "enterprise", "name": "HỘ KINH DOANH B", "personal_number": NUMBER}, "2"),
        ({"kind": "citizen", "name": "Lê A", "personal_number": "012345678"}, "2"),
        ({"kind": "organisation", "name": "HỘI C"}, "2"),
    ],
)
def test_the_owner_is_an_enterprise_or_a_person(applicant: dict[str, str], kind: str) -> None:
    """A number of nine or twelve digits is a person's; an enterprise without one is an enterprise."""
    assert kind == owner(applicant=applicant)["TYPE"]


def test_without_a_code_of_the_site_the_dossier_stands_there() -> None:
    """As known senders fill CodeProfile."""
    assert "000.00.01.H56-250901-0007" == body(config(code_profile=""))["CodeProfile"]


def test_names_can_be_spelled_otherwise() -> None:
    """The first letter is small; the values are the same."""
    settings = config(field_names="lower_first")

    assert {"codeProfile", "siteId", "codeTTHC", "nameTTHC", "maHoSo", "status", "formsReception", "formsPayments",
            "level", "isFromDVCQG", "isDVCBC", "user"} == set(body(settings))  # fmt: skip
    assert list(body().values()) == list(body(settings).values())


@pytest.mark.parametrize(("site_id", "parts"), [("5638", 1), ("0", 1), ("null", 0), ("", 0), (None, 0)])
async def test_a_site_without_a_number_owes_nothing(site_id: str | None, parts: int) -> None:
    """`SiteId` null switches tracking off; else each accepted state is one event."""
    adapter = build(config(site_id=site_id), SystemClock())

    assert parts == adapter.operations[0].parts(submission())
    await adapter.aclose()


@pytest.mark.parametrize(("told", "rule"), [({}, DoubtRule.RESEND), ({"on_doubt": "operator"}, DoubtRule.OPERATOR)])
async def test_doubt_is_resent_or_asked_about(told: dict[str, str], rule: DoubtRule) -> None:
    """EMC cannot be asked: the operator chooses, and an inquiry is refused."""
    adapter = build(config(**told), SystemClock())
    operation = adapter.operations[0]

    assert ("emc.dossier_tracking", "emc") == (operation.name, operation.platform)
    assert (Effect.APPEND, rule) == (operation.effect, operation.on_doubt)
    with pytest.raises(ReplyLost):
        await operation.inquire(Job("m-1", submission(), PROCEDURE, 0, 1))
    await adapter.aclose()


def test_plain_http_must_be_said() -> None:
    """An address without TLS is refused unless the configuration says so."""
    with pytest.raises(ValueError, match="url must be https"):
        config(url="http://emc.example/TrackingMCDT")
