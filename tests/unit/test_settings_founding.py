"""A founded installation is in order, its secrets are safe, and its keys open the door."""

import importlib.resources
import stat
from pathlib import Path

import pytest

from hub.access import ApiKeys, Service
from hub.errors import ConfigInvalid, Unauthenticated
from hub.settings import Installation, load
from hub.settings.founding import KEY_FILES, found
from hub.settings.keys import add_key
from tests.fakes.installation_folder import change, write_installation

TEMPLATES = Path(str(importlib.resources.files("ops"))) / "config"


@pytest.fixture
def founded(tmp_path: Path) -> Path:
    """A fresh installation."""
    found(tmp_path / "hub", [TEMPLATES])
    return tmp_path / "hub"


def _add(installation: Installation, agency: str, system: str) -> str:
    pepper = installation.hub.secrets.api_key_pepper.get_secret_value()
    return add_key(installation.folder, agency, system, pepper)


def _holder(folder: Path, token: str) -> str:
    installation = load(folder, environ={})
    pepper = installation.hub.secrets.api_key_pepper.get_secret_value()
    return ApiKeys(installation.systems, pepper).authenticate(token).sender


def test_a_founded_installation_is_in_order(founded: Path) -> None:
    """The templates describe H56 with one system that may and one that may not, and nothing is to complain about."""
    installation = load(founded, environ={})
    assert () == installation.warnings
    assert {"H56", "H56.14", "H56.15", "H56.242"} <= {str(agency.code) for agency in installation.agencies}
    granted = {system.principal.sender: [grant.service for grant in system.grants] for system in installation.systems}
    assert {
        "H56.14/mot-cua": [Service.DOSSIER_SUBMIT, Service.DOSSIER_FOLLOW, Service.EVENTS, Service.CITIZEN_LOOKUP],
        "H56.15/ho-tich": [],
        "H56/van-hanh": ["delivery.operate", "dossier.follow"],
        "H56/giam-sat": ["delivery.operate", "delivery.approve"],
    } == granted
    wanted = {"1.001193", "1.000656", "2.000488", "2.000635", "2.000908", "2.002621", "2.002622"}
    assert wanted <= {procedure.code for procedure in installation.procedures}


def test_secrets_are_fresh_and_for_the_owner_only(founded: Path, tmp_path: Path) -> None:
    """Every key file has 32 random bytes and mode 0600; no two are equal, within and across installations."""
    found(tmp_path / "other", [TEMPLATES])
    files = [folder / "secrets" / name for folder in (founded, tmp_path / "other") for name in KEY_FILES]
    assert {0o600} == {stat.S_IMODE(file.stat().st_mode) for file in files}
    assert {32} == {len(bytes.fromhex(file.read_text())) for file in files}
    assert 2 * len(KEY_FILES) == len({file.read_text() for file in files})


def test_only_an_empty_place_is_taken(tmp_path: Path) -> None:
    """What is there stays as it is; an empty folder is fine."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "mine").write_text("x")
    for taken in (tmp_path / "a", tmp_path / "a" / "mine"):
        with pytest.raises(ConfigInvalid, match="is not an empty folder"):
            found(taken, [TEMPLATES])
    assert ["a", "mine"] == [file.name for file in tmp_path.rglob("*")]
    (tmp_path / "b").mkdir()
    found(tmp_path / "b", [TEMPLATES])
    assert tmp_path / "b" / "data" == load(tmp_path / "b", environ={}).hub.home


def test_the_door_can_be_chosen(tmp_path: Path) -> None:
    """`listen` goes into hub.yaml; a wrong one leaves nothing behind."""
    found(tmp_path / "hub", [TEMPLATES], "127.0.0.1:0")
    assert 0 == load(tmp_path / "hub", environ={}).hub.listen.port
    with pytest.raises(ConfigInvalid, match="listen: must be host:port"):
        found(tmp_path / "other", [TEMPLATES], "nowhere")
    assert ["hub"] == [file.name for file in tmp_path.iterdir()]


def test_a_later_template_replaces_files_of_an_earlier_one(tmp_path: Path) -> None:
    """What it brings into secrets is for the owner only, too."""
    later = tmp_path / "later"
    (later / "secrets").mkdir(parents=True)
    (later / "secrets" / "sample.key").write_text("sesame")
    (later / "grants.yaml").write_text("grants: []\n")
    found(tmp_path / "hub", [TEMPLATES, later])
    assert [()] * 4 == [system.grants for system in load(tmp_path / "hub", environ={}).systems]
    kept = tmp_path / "hub" / "secrets"
    assert (0o700, 0o600) == tuple(stat.S_IMODE(path.stat().st_mode) for path in (kept, kept / "sample.key"))


def test_a_key_opens_the_door_of_its_system(founded: Path) -> None:
    """The token is its system's, the file keeps a digest, and nobody else's token fits."""
    installation = load(founded, environ={})
    token = _add(installation, "H56.14", "mot-cua")
    other = _add(installation, "000.00.15.H56", "ho-tich")
    assert ["H56.14/mot-cua", "H56.15/ho-tich"] == [_holder(founded, token), _holder(founded, other)]
    assert token.split("_", 2)[2] not in (founded / "systems.yaml").read_text(encoding="utf-8")
    with pytest.raises(Unauthenticated):
        _holder(founded, token[:-1] + ("A" if token[-1] != "A" else "B"))


def test_comments_stay_and_two_keys_hold_side_by_side(founded: Path) -> None:
    """A key is added to the text; the key before it still opens."""
    before = (founded / "systems.yaml").read_text(encoding="utf-8")
    installation = load(founded, environ={})
    tokens = [_add(installation, "H56.14", "mot-cua") for _ in range(2)]
    after = (founded / "systems.yaml").read_text(encoding="utf-8")
    added = [line for line in after.splitlines() if line.lstrip(" -").startswith(("id: ", "digest: "))]
    assert 4 == len(added)
    assert before.splitlines() == [line for line in after.splitlines() if line not in added]
    assert {"H56.14/mot-cua"} == {_holder(founded, token) for token in tokens}


@pytest.mark.parametrize(("old", "new"), [("    keys:\n", "    keys: []  # none\n"), ("    keys:\n", "")])
def test_a_key_finds_its_place(tmp_path: Path, old: str, new: str) -> None:
    """An empty list, and no list at all, take a key."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "systems.yaml", "      - id: abcd\n        digest: " + "1" * 64 + "\n", "")
    change(folder, "systems.yaml", old, new)
    assert "H56.14/mot-cua" == _holder(folder, _add(load(folder, environ={}), "H56.14", "mot-cua"))


def test_keys_on_one_line_are_refused(tmp_path: Path) -> None:
    """What cannot be edited safely is left alone, with a clear word."""
    folder = write_installation(tmp_path / "hub")
    change(
        folder,
        "systems.yaml",
        "    keys:\n      - id: abcd\n        digest: " + "1" * 64,
        "    keys: [{id: abcd, digest: " + "1" * 64 + "}]",
    )
    text = (folder / "systems.yaml").read_text(encoding="utf-8")
    with pytest.raises(ConfigInvalid, match=r"systems.yaml:4: write keys as a list, one key a line"):
        _add(load(folder, environ={}), "H56.14", "mot-cua")
    assert text == (folder / "systems.yaml").read_text(encoding="utf-8")


def test_an_unknown_system_gets_no_key(founded: Path) -> None:
    """The nearest name is suggested."""
    with pytest.raises(ConfigInvalid, match=r"there is no system H56.14/motcua — did you mean 'H56.14/mot-cua'\?"):
        _add(load(founded, environ={}), "H56.14", "motcua")
