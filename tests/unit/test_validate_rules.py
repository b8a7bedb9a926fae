"""What the catalogue, the owner and the calendar say about well-formed requests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.access import Principal
from hub.errors import BrokenRule, ConfigInvalid, Forbidden
from hub.ingress.examples import QUERY, SUBMISSION
from hub.pipeline.catalogue import Agency, Catalogue, day_in_vietnam
from hub.pipeline.validate import check_query, check_submission, require_own_dossier
from schemas.agency import AgencyCode
from schemas.citizen import CitizenQuery
from schemas.dossier import DossierCode
from schemas.procedure import Procedure
from tests.fakes.rest import catalogue, query_json, submission

NOW = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
STEP: dict[str, Any] = SUBMISSION["progress"][0]


def version(first: str, last: str | None = None) -> Procedure:
    """Build a version of 1.001193."""
    return Procedure(
        code="1.001193",
        name=f"from {first}",
        field_code="G15-HT01",
        field_name="Hộ tịch",
        valid_from=date.fromisoformat(first),
        valid_to=date.fromisoformat(last) if last else None,
    )


def broken(**changes: Any) -> list[BrokenRule]:
    """Return what is wrong with the example submission after changes."""
    changed = submission(**changes)
    return check_submission(changed, DossierCode.parse(changed.code), catalogue(), NOW)


def wrong(**changes: Any) -> list[BrokenRule]:
    """Return what is wrong with the example lookup after changes."""
    query = CitizenQuery.model_validate_json(query_json(**changes))
    return check_query(query, DossierCode.parse(query.dossier_code), catalogue(), NOW)


def test_a_sane_submission_breaks_nothing() -> None:
    """The example of the OpenAPI document is in order."""
    assert [] == broken()


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"code": "H56.99-261122-0001"}, "code", "unknown_agency"),
        ({"procedure": "1.999999"}, "procedure", "unknown_procedure"),
        ({"received_at": "2026-11-22T08:05:01+07:00", "due_at": None}, "received_at", "future"),
        ({"finished_at": "2026-11-22T08:06:00+07:00"}, "finished_at", "future"),
        ({"returned_at": "2026-11-22T08:06:00+07:00"}, "returned_at", "future"),
        ({"refused_at": "2026-11-22T08:06:00+07:00"}, "refused_at", "future"),
        ({"submitted_at": "2026-11-22T08:06:00+07:00"}, "submitted_at", "future"),
        ({"due_at": "2026-11-22T07:54:59+07:00"}, "due_at", "before_received"),
        ({"finished_at": "2026-11-22T07:54:59+07:00"}, "finished_at", "before_received"),
        ({"returned_at": "2026-11-22T07:54:59+07:00"}, "returned_at", "before_received"),
        ({"deliver_by": "2026-11-22T07:54:59+07:00"}, "deliver_by", "before_received"),
        ({"progress": [STEP, {**STEP, "at": "2026-11-22T08:06:00+07:00"}]}, "progress.1.at", "future"),
        ({"progress": [STEP, {**STEP, "at": "2026-11-22T07:55:59+07:00"}]}, "progress.1.at", "order"),
    ],
)
def test_each_rule_names_its_field(changes: dict[str, Any], path: str, rule: str) -> None:
    """One broken rule gives one line, with the field at fault."""
    assert [BrokenRule(path, rule)] == broken(**changes)


def test_a_sender_clock_may_run_five_minutes_ahead() -> None:
    """At 08:00 in Vietnam a dossier received at 08:05:00 is taken."""
    assert [] == broken(received_at="2026-11-22T08:05:00+07:00", due_at=None)


def test_all_broken_rules_are_told_at_once() -> None:
    """A sender need not find out one after the other."""
    told = broken(code="H56.99-261122-0001", procedure="1.999999")

    assert ["code", "procedure"] == [rule.path for rule in told]


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"dossier_code": "H56.99-261122-0001"}, "dossier_code", "unknown_agency"),
        ({"procedure": "1.999999"}, "procedure", "unknown_procedure"),
        ({"birth_date": "2026-11-23"}, "birth_date", "future"),
        ({"birth_date": "1879-12-31"}, "birth_date", "range"),
        ({"birth_date": None, "birth_year": 2027}, "birth_year", "future"),
    ],
)
def test_each_rule_of_a_lookup_names_its_field(changes: dict[str, Any], path: str, rule: str) -> None:
    """The same for lookups."""
    assert [BrokenRule(path, rule)] == wrong(**changes)


def test_a_sane_lookup_breaks_nothing() -> None:
    """The example of the OpenAPI document is in order, and so is somebody born today."""
    assert [] == wrong()
    assert [] == wrong(birth_date="2026-11-22")
    assert QUERY["procedure"] == "1.001193"


@pytest.mark.parametrize(
    ("agency", "code", "own"),
    [
        ("H56.14", "H56.14-261122-0001", True),
        ("H56.14", "000.00.14.H56-261122-0001", True),
        ("H56.14", "H56.14.3-261122-0001", True),
        ("H56", "H56.14-261122-0001", True),
        ("H56.14", "H56.15-261122-0001", False),
        ("H56.14", "H56-261122-0001", False),
        ("H56.14", "H57.14-261122-0001", False),
        ("H56.1", "H56.14-261122-0001", False),
    ],
)
def test_a_system_speaks_for_its_agency_and_those_below(agency: str, code: str, *, own: bool) -> None:
    """A dossier of another branch of the tree is foreign, however alike the codes look."""
    principal = Principal(AgencyCode.parse(agency), "motcua")

    if own:
        require_own_dossier(principal, DossierCode.parse(code))
    else:
        with pytest.raises(Forbidden) as refused:
            require_own_dossier(principal, DossierCode.parse(code))
        assert "caller.foreign_dossier" == refused.value.problem_code


def test_a_procedure_is_in_force_from_its_first_to_its_last_day() -> None:
    """Both ends count, and between two versions there may be a gap."""
    book = Catalogue([], [version("2026-03-01"), version("2025-01-01", "2025-12-31")])
    days = ("2024-12-31", "2025-01-01", "2025-12-31", "2026-01-01", "2026-03-01")

    found = [book.procedure("1.001193", date.fromisoformat(day)) for day in days]

    assert [None, "from 2025-01-01", "from 2025-01-01", None, "from 2026-03-01"] == [
        procedure and procedure.name for procedure in found
    ]


def test_a_dossier_keeps_the_version_of_the_day_it_was_received() -> None:
    """The day is that of Vietnam: 2025-12-31T18:00Z is the new year there."""
    book = Catalogue([], [version("2025-01-01", "2025-12-31"), version("2026-01-01")])

    found = book.procedure_of(submission(received_at="2025-12-31T18:00:00Z"))

    assert found
    assert "from 2026-01-01" == found.name


@pytest.mark.parametrize("later", ["2025-12-31", "2025-06-01"])
def test_two_versions_on_one_day_are_refused(later: str) -> None:
    """Nobody could tell which of them a dossier was accepted under."""
    with pytest.raises(ConfigInvalid):
        Catalogue([], [version("2025-01-01", "2025-12-31"), version(later)])


def test_an_agency_is_listed_once() -> None:
    """Two names for one code are a mistake of the configuration."""
    code = AgencyCode.parse("H56.14")

    with pytest.raises(ConfigInvalid):
        Catalogue([Agency(code, "a"), Agency(AgencyCode.parse("000.00.14.H56"), "b")], [])


def test_the_day_in_vietnam_begins_at_17_utc() -> None:
    """Seven hours before that of Greenwich."""
    last = datetime(2026, 11, 22, 16, 59, 59, tzinfo=UTC)

    assert (date(2026, 11, 22), date(2026, 11, 23)) == (
        day_in_vietnam(last),
        day_in_vietnam(last + timedelta(seconds=1)),
    )
