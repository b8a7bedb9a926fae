"""Keys say who calls, grants say what for; everything else is denied."""

import pytest
from pydantic import ValidationError

from hub.access import ApiKeys, Grant, Grants, KeyEntry, Principal, Service, SystemEntry, issue_key
from hub.errors import ConfigInvalid, Forbidden, Unauthenticated
from schemas.agency import AgencyCode

PEPPER = b"p" * 32
AGENCY = AgencyCode.parse("H56.14")
SYSTEM = Principal(AGENCY, "motcua")


def entry(system: str = "motcua", keys: tuple[KeyEntry, ...] = (), grants: tuple[Grant, ...] = ()) -> SystemEntry:
    """Build the entry of a system of H56.14."""
    return SystemEntry(agency=AGENCY, system=system, keys=keys, grants=grants)


def test_a_key_names_its_holder() -> None:
    """The token of an issued key authenticates the system that holds its entry."""
    mine, other = issue_key(PEPPER), issue_key(PEPPER)
    keys = ApiKeys([entry(keys=(mine.entry,)), entry("other", keys=(other.entry,))], PEPPER)

    assert SYSTEM == keys.authenticate(mine.token)
    assert Principal(AGENCY, "other") == keys.authenticate(other.token)


def test_two_keys_of_one_system_allow_a_change_of_keys() -> None:
    """While keys are changed, the old and the new one both work."""
    old, new = issue_key(PEPPER), issue_key(PEPPER)
    keys = ApiKeys([entry(keys=(old.entry, new.entry))], PEPPER)

    assert [SYSTEM, SYSTEM] == [keys.authenticate(old.token), keys.authenticate(new.token)]


def test_an_issued_token_has_32_random_bytes_and_its_entry_no_secret() -> None:
    """The secret is 43 characters of base64url; the entry holds only its digest."""
    issued = issue_key(PEPPER)
    prefix, key_id, secret = issued.token.split("_", 2)

    assert ("hk", issued.entry.id, 43) == (prefix, key_id, len(secret))
    assert secret not in issued.entry.model_dump_json()
    assert issued.token != issue_key(PEPPER).token


def test_a_digest_is_worthless_under_another_pepper() -> None:
    """Whoever takes the configuration, but not the pepper, cannot check guesses with it."""
    issued = issue_key(PEPPER)

    with pytest.raises(Unauthenticated):
        ApiKeys([entry(keys=(issued.entry,))], b"q" * 32).authenticate(issued.token)


@pytest.mark.parametrize("spoil", ["", "x", "hk_", "hk__", "HK_{rest}", "{token}x", "{token} ", "hk_zzzz_{secret}"])
def test_what_is_no_key_is_refused(spoil: str) -> None:
    """Empty, cut, lengthened and unknown tokens are all the same refusal."""
    issued = issue_key(PEPPER)
    token = spoil.format(token=issued.token, rest=issued.token[3:], secret=issued.token.split("_", 2)[2])

    with pytest.raises(Unauthenticated):
        ApiKeys([entry(keys=(issued.entry,))], PEPPER).authenticate(token)


def test_the_zero_digest_opens_nothing() -> None:
    """An id that is not known is compared with a constant, which no secret matches and nobody stands behind."""
    zero = KeyEntry(id="zzzz", digest="0" * 64)
    keys = ApiKeys([entry(keys=(zero,))], PEPPER)

    with pytest.raises(Unauthenticated):
        keys.authenticate("hk_zzzz_" + "A" * 43)


def test_one_id_belongs_to_one_key() -> None:
    """Two keys with one id would make it a matter of luck who is meant."""
    issued = issue_key(PEPPER)

    with pytest.raises(ConfigInvalid, match=issued.entry.id):
        ApiKeys([entry(keys=(issued.entry,)), entry("other", keys=(issued.entry,))], PEPPER)


def test_grants_are_agency_system_service_and_purpose() -> None:
    """Each of the four makes a difference, and nothing is granted that is not listed."""
    grants = Grants(
        [
            entry(grants=(Grant(service=Service.CITIZEN_LOOKUP, purposes=("birth", "death")),)),
            entry("other", grants=(Grant(service=Service.DOSSIER_SUBMIT),)),
        ]
    )
    other = Principal(AGENCY, "other")

    assert grants.allows(SYSTEM, Service.CITIZEN_LOOKUP, "birth")
    assert grants.allows(SYSTEM, Service.CITIZEN_LOOKUP, "death")
    assert grants.allows(other, Service.DOSSIER_SUBMIT)
    assert not grants.allows(SYSTEM, Service.CITIZEN_LOOKUP, "marriage")
    assert not grants.allows(SYSTEM, Service.CITIZEN_LOOKUP)
    assert not grants.allows(SYSTEM, Service.CITIZEN_LOOKUP, "*")
    assert not grants.allows(SYSTEM, Service.DOSSIER_SUBMIT)
    assert not grants.allows(other, Service.CITIZEN_LOOKUP, "birth")
    assert not grants.allows(Principal(AgencyCode.parse("H56"), "motcua"), Service.CITIZEN_LOOKUP, "birth")


def test_without_a_grant_it_is_forbidden() -> None:
    """`require` raises where `allows` says no."""
    with pytest.raises(Forbidden) as refused:
        Grants([]).require(SYSTEM, Service.DOSSIER_SUBMIT)

    assert "caller.no_grant" == refused.value.problem_code


def test_a_system_is_listed_once() -> None:
    """Two entries of one system could contradict each other."""
    with pytest.raises(ConfigInvalid):
        Grants([entry(), entry()])


def test_configuration_reads_either_spelling_of_an_agency() -> None:
    """`000.00.14.H56` is `H56.14`."""
    assert AGENCY == SystemEntry.model_validate({"agency": "000.00.14.H56", "system": "a"}).agency


@pytest.mark.parametrize(
    "grant",
    [
        {"service": "citizen.lookup"},
        {"service": "citizen.lookup", "purposes": ["*"]},
        {"service": "dossier.submit", "purposes": ["birth"]},
        {"service": "citizen.delete"},
    ],
)
def test_a_grant_lists_its_purposes(grant: dict[str, object]) -> None:
    """Lookups need explicit purposes, other services have none, and there is no wildcard."""
    with pytest.raises(ValidationError):
        Grant.model_validate(grant)
