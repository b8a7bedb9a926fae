"""How an installation says who is told of status events, and who is called back."""

from pathlib import Path

import pytest

from hub.access import Grants, Service
from hub.errors import ConfigInvalid, Forbidden
from hub.settings import load
from schemas.agency import AgencyCode
from schemas.event import EventKind
from tests.fakes.installation_folder import change, write_installation, write_secret

_SYSTEM = "    system: mot-cua\n    keys:"
_GRANT = "      - service: dossier.submit\n"


def _callback(folder: Path, *lines: str) -> None:
    added = "".join(f"      {line}\n" for line in lines)
    change(folder, "systems.yaml", _SYSTEM, f"    system: mot-cua\n    callback:\n{added}    keys:")


def test_a_callback_with_its_secret_in_a_file(tmp_path: Path) -> None:
    """Kinds and times may be left out; the secret is read and does not print."""
    folder = write_installation(tmp_path / "hub")
    write_secret(folder, "callback.key", "a secret of sixteen and more")
    _callback(folder, "url: https://motcua.example/hub", "secret: file:secrets/callback.key")

    (system,) = load(folder, environ={}).systems

    assert system.callback is not None
    assert "a secret of sixteen and more" == system.callback.secret.get_secret_value()
    assert (EventKind.LATE, EventKind.DEAD, EventKind.WITHDRAWN) == system.callback.kinds
    assert (10.0, 86400.0) == (system.callback.timeout_s, system.callback.give_up_after_s)
    assert "sixteen" not in repr(system)


def test_a_callback_can_choose(tmp_path: Path) -> None:
    """Which kinds, how long a call may take, when to give up."""
    folder = write_installation(tmp_path / "hub")
    _callback(
        folder,
        "url: http://127.0.0.1:9/x",
        "secret: ${CALLBACK}",
        "kinds: [completed, dead]",
        "timeout_s: 2.5",
        "give_up_after_s: 60",
    )

    (system,) = load(folder, environ={"CALLBACK": "s" * 16}).systems

    assert system.callback is not None
    assert ((EventKind.COMPLETED, EventKind.DEAD), 2.5, 60.0) == (
        system.callback.kinds,
        system.callback.timeout_s,
        system.callback.give_up_after_s,
    )


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (("url: http://10.0.0.1/x", "secret: ${S}"), "must be an https address, or an http one on this machine"),
        (("url: https://a.example/x", "secret: 0123456789abcdef"), "a secret does not stand in the file"),
        (("url: https://a.example/x", "secret: ${S}", "kinds: [gone]"), "must be 'accepted'"),
        (("url: https://a.example/x",), "is required"),
    ],
)
def test_a_wrong_callback_is_told(tmp_path: Path, lines: tuple[str, ...], problem: str) -> None:
    """With file and line."""
    folder = write_installation(tmp_path / "hub")
    _callback(folder, *lines)

    with pytest.raises(ConfigInvalid, match=problem) as caught:
        load(folder, environ={"S": "s" * 16})
    assert caught.value.hint.startswith("systems.yaml:")


def _granted(folder: Path, grant: str) -> Grants:
    change(folder, "grants.yaml", _GRANT, _GRANT + grant)
    return Grants(load(folder, environ={}).systems)


def test_events_are_granted_for_ones_own_agency(tmp_path: Path) -> None:
    """And for those that are listed, in either spelling, in place of it."""
    own = _granted(write_installation(tmp_path / "own"), "      - service: events\n")
    listed = "      - service: events\n        agencies: [H56, 000.00.14.H56]\n"
    others = _granted(write_installation(tmp_path / "others"), listed)
    (system,) = load(tmp_path / "own", environ={}).systems

    assert (AgencyCode("H56", (14,)),) == own.event_scope(system.principal)
    assert (AgencyCode("H56"), AgencyCode("H56", (14,))) == others.event_scope(system.principal)
    assert own.allows(system.principal, Service.EVENTS)


def test_without_the_grant_nothing_is_told(tmp_path: Path) -> None:
    """What is not listed is denied."""
    installation = load(write_installation(tmp_path / "hub"), environ={})

    with pytest.raises(Forbidden):
        Grants(installation.systems).event_scope(installation.systems[0].principal)


def test_agencies_are_for_events(tmp_path: Path) -> None:
    """Another service goes by the caller's own agency; agencies there are a mistake."""
    folder = write_installation(tmp_path / "hub")

    with pytest.raises(ConfigInvalid, match="agencies are for the service events"):
        _granted(folder, "      - service: dossier.follow\n        agencies: [H56]\n")
