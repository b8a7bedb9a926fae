"""An installation folder is read whole, and everything wrong in it is told at once."""

from datetime import date
from pathlib import Path

import pytest

from hub.access import Service
from hub.errors import ConfigInvalid
from hub.settings import load
from schemas.agency import AgencyCode
from tests.fakes.installation_folder import change, write_installation, write_secret


def _problems(folder: Path) -> list[str]:
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={})
    return caught.value.hint.splitlines()


def test_a_folder_becomes_one_value(tmp_path: Path) -> None:
    """Numbers are numbers, codes are canonical, paths are absolute, secrets are bytes that do not print."""
    installation = load(write_installation(tmp_path / "hub"), environ={})
    hub = installation.hub
    assert ("127.0.0.1", 0) == (hub.listen.host, hub.listen.port)
    assert tmp_path / "hub" / "data" == hub.home
    assert tmp_path / "hub" / "data" / "log.db" == hub.file(hub.log)
    assert (4, 1000, 300.0) == (hub.limits.partitions, hub.limits.window_records, hub.retry.max_s)
    assert bytes(32) == hub.secrets.master_key.get_secret_value()
    assert "00" not in repr(hub.secrets)
    assert [AgencyCode("H56"), AgencyCode("H56", (14,))] == [agency.code for agency in installation.agencies]
    (system,) = installation.systems
    assert ("H56.14", "mot-cua", "abcd") == (str(system.agency), system.system, system.keys[0].id)
    assert [Service.DOSSIER_SUBMIT] == [grant.service for grant in system.grants]
    (procedure,) = installation.procedures
    assert ("1.001193", date(2025, 7, 1), None) == (procedure.code, procedure.valid_from, procedure.valid_to)
    assert () == installation.warnings


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        (
            "hub.yaml",
            "listen: 127.0.0.1:0",
            "lisen: 127.0.0.1:0",
            "hub.yaml:1: lisen: unknown key — did you mean 'listen'?",
        ),
        (
            "hub.yaml",
            "partitions: 4",
            "partitons: 4",
            "hub.yaml:9: limits.partitons: unknown key — did you mean 'partitions'?",
        ),
        ("hub.yaml", "partitions: 4", "partitions: four", "hub.yaml:9: limits.partitions: must be a whole number"),
        (
            "hub.yaml",
            "partitions: 4",
            "partitions: 0",
            "hub.yaml:9: limits.partitions: must be greater than or equal to 1",
        ),
        ("hub.yaml", "limits:\n  partitions: 4", "limits: 4", "hub.yaml:8: limits: must be keys with values"),
        ("hub.yaml", "home: data\n", "", "hub.yaml:1: home: is required"),
        (
            "hub.yaml",
            "  subject_key: file:secrets/a.key\n",
            "",
            "hub.yaml:3: secrets.subject_key: is required",
        ),
        (
            "hub.yaml",
            "127.0.0.1:0",
            "127.0.0.1",
            "hub.yaml:1: listen: must be host:port, such as 127.0.0.1:8080",
        ),
        ("hub.yaml", "127.0.0.1:0", "127.0.0.1:70000", "hub.yaml:1: listen: must be less than or equal to 65535"),
        (
            "hub.yaml",
            "home: data",
            "home: data\nlog: kafka://127.0.0.1",
            "hub.yaml:3: log: must be sqlite:///file or kafka://host:port",
        ),
        (
            "hub.yaml",
            "  partitions: 4",
            "  partitions: 4\nretry:\n  first_s: 10\n  max_s: 5",
            "hub.yaml:12: retry.max_s: must not be less than first_s",
        ),
        ("agencies.yaml", "code: H56\n", "code: 56\n", "agencies.yaml:2: agencies[0].code: Not a valid agency code."),
        (
            "agencies.yaml",
            "code: H56\n",
            "code: H56.14\n",
            "agencies.yaml:4: agencies[1]: stands twice; first at agencies.yaml:2",
        ),
        (
            "agencies.yaml",
            "code: H56\n",
            "cod: H56\n",
            "agencies.yaml:2: agencies[0].code: is required",
        ),
        (
            "systems.yaml",
            "agency: H56.14",
            "agency: H56.41",
            "systems.yaml:2: systems[0].agency: H56.41 is not in agencies.yaml — did you mean 'H56.14'?",
        ),
        (
            "systems.yaml",
            "digest: 1",
            "digest: x1",
            "systems.yaml:6: systems[0].keys[0].digest: must match pattern '^[0-9a-f]{64}$'",
        ),
        (
            "systems.yaml",
            "    keys:",
            "    grants:\n      - service: dossier.submit\n    keys:",
            "systems.yaml:4: systems[0].grants: grants stand in grants.yaml",
        ),
        (
            "grants.yaml",
            "system: mot-cua",
            "system: motcua",
            (
                "grants.yaml:2: grants[0]: the system H56.14/motcua is not in systems.yaml"
                " — did you mean 'H56.14/mot-cua'?"
            ),
        ),
        (
            "grants.yaml",
            "service: dossier.submit",
            "service: dossier.submt",
            (
                "grants.yaml:5: grants[0].grants[0].service: must be "
                "'citizen.lookup', 'dossier.submit', 'dossier.follow', 'events', 'delivery.operate' or "
                "'delivery.approve' — did you mean 'dossier.submit'?"
            ),
        ),
        (
            "procedures.yaml",
            "valid_from: 2025-07-01",
            "valid_from: 2025-13-01",
            (
                "procedures.yaml:6: procedures[0].valid_from: must be a valid date or datetime,"
                " month value is outside expected range of 1-12"
            ),
        ),
        (
            "procedures.yaml",
            "valid_from: 2025-07-01",
            "valid_from: 2025-07-01\n    valid_to: 2025-06-30",
            "procedures.yaml:7: procedures[0].valid_to: is before valid_from",
        ),
    ],
)
def test_each_mistake_has_file_line_and_key(tmp_path: Path, file: str, old: str, new: str, problem: str) -> None:
    """A mistake is told as `file:line: key: what is wrong`, with the nearest name where one is near."""
    folder = write_installation(tmp_path / "hub")
    change(folder, file, old, new)
    assert problem == _problems(folder)[0]


def test_versions_of_a_procedure_do_not_overlap(tmp_path: Path) -> None:
    """Two versions may follow each other, but no day belongs to both."""
    folder = write_installation(tmp_path / "hub")
    first = (folder / "procedures.yaml").read_text(encoding="utf-8")
    second = first.removeprefix("procedures:\n").replace("2025-07-01", "2026-03-01")
    (folder / "procedures.yaml").write_text(first + "    valid_to: 2026-02-28\n" + second, encoding="utf-8")
    assert 2 == len(load(folder, environ={}).procedures)
    (folder / "procedures.yaml").write_text(first + "    valid_to: 2026-03-01\n" + second, encoding="utf-8")
    assert [
        "procedures.yaml:8: procedures[1]: 1.001193 holds on the same days as the version at procedures.yaml:2"
    ] == _problems(folder)


def test_a_key_belongs_to_one_system(tmp_path: Path) -> None:
    """One key id in two systems would make the caller depend on the order of a file."""
    folder = write_installation(tmp_path / "hub")
    digest = "2" * 64
    with (folder / "systems.yaml").open("a", encoding="utf-8") as stream:
        stream.write(f"  - agency: H56\n    system: a\n    keys:\n      - id: abcd\n        digest: {digest}\n")
    assert ["systems.yaml:10: systems[1].keys[0]: the key abcd stands twice; first at systems.yaml:5"] == _problems(
        folder
    )


def test_a_system_and_its_grants_stand_once(tmp_path: Path) -> None:
    """Two entries of one system, in whichever spelling of its agency, are refused in both files."""
    folder = write_installation(tmp_path / "hub")
    with (folder / "systems.yaml").open("a", encoding="utf-8") as stream:
        stream.write("  - agency: 000.00.14.H56\n    system: mot-cua\n")
    with (folder / "grants.yaml").open("a", encoding="utf-8") as stream:
        stream.write("  - agency: 000.00.14.H56\n    system: mot-cua\n    grants:\n      - service: dossier.follow\n")
    assert [
        "systems.yaml:7: systems[1]: stands twice; first at systems.yaml:2",
        "grants.yaml:6: grants[1]: stands twice; first at grants.yaml:2",
    ] == _problems(folder)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    """Problems of several files come in one answer."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "partitions: 4", "partitions: x")
    change(folder, "agencies.yaml", "code: H56\n", "code: x\n")
    (folder / "grants.yaml").unlink()
    assert [
        "hub.yaml:9: limits.partitions: must be a whole number",
        "agencies.yaml:2: agencies[0].code: Not a valid agency code.",
        "grants.yaml: there is no such file",
    ] == _problems(folder)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("agency.yaml", "agency.yaml: nothing reads this file — did you mean 'agencies.yaml'?"),
        ("grants.yml", "grants.yml: nothing reads this file — did you mean 'grants.yaml'?"),
        ("platforms/a.yml", "platforms/a.yml: nothing reads this file"),
    ],
)
def test_files_that_nobody_reads_are_told(tmp_path: Path, name: str, problem: str) -> None:
    """A misspelt file name does not pass in silence."""
    folder = write_installation(tmp_path / "hub")
    (folder / name).write_text("a: 1\n", encoding="utf-8")
    assert [problem] == _problems(folder)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    """The message says which command makes one."""
    assert [f"{tmp_path}/none: there is no such folder; hub init makes one"] == _problems(tmp_path / "none")


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_a_literal_secret_is_refused_and_never_repeated(tmp_path: Path) -> None:
    """The problem names the place and the two ways to write it, not the secret."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: " + "ab" * 32)
    assert [
        "hub.yaml:4: secrets.master_key: a secret does not stand in the file: write ${NAME} or file:path"
    ] == _problems(folder)


def test_a_secret_comes_from_the_environment(tmp_path: Path) -> None:
    """`${NAME}` is replaced by the variable; one that is not set, or empty, is a problem with the nearest name."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: ${MASTER_KEY}")
    loaded = load(folder, environ={"MASTER_KEY": "01" * 32})
    assert b"\x01" * 32 == loaded.hub.secrets.master_key.get_secret_value()
    for environ, problem in (
        ({"MASTER_KEX": "x"}, "the environment variable MASTER_KEY is not set — did you mean 'MASTER_KEX'?"),
        ({"MASTER_KEY": ""}, "the environment variable MASTER_KEY is empty"),
    ):
        with pytest.raises(ConfigInvalid) as caught:
            load(folder, environ=environ)
        assert f"hub.yaml:4: secrets.master_key: {problem}" == caught.value.hint


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (None, "the file secrets/b.key cannot be read: No such file or directory"),
        ("", "the file secrets/b.key is empty"),
        ("x" * 65537, "the file secrets/b.key is larger than 65536 bytes"),
        ("abc", "must be 64 hexadecimal digits"),
        ("zz" * 32, "must be 64 hexadecimal digits"),
    ],
)
def test_a_secret_file_that_is_no_key_is_told(tmp_path: Path, text: str | None, problem: str) -> None:
    """Missing, empty, too large, too short and not hexadecimal are told apart, and the content stays out."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: file:secrets/b.key")
    if text is not None:
        write_secret(folder, "b.key", text)
    assert [f"hub.yaml:4: secrets.master_key: {problem}"] == _problems(folder)


def test_a_secret_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    """The hub starts, and says what to do."""
    folder = write_installation(tmp_path / "hub")
    write_secret(folder, "b.key", "01" * 32)
    (folder / "secrets" / "b.key").chmod(0o640)
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: file:secrets/b.key")
    assert (
        "hub.yaml:4: secrets.master_key: others than the owner can read secrets/b.key; run: chmod 600 secrets/b.key",
    ) == load(folder, environ={}).warnings


# --- environment -----------------------------------------------------------------------------------------------------


def test_the_environment_stands_above_the_file(tmp_path: Path) -> None:
    """HUB_HOME, HUB_LOG, HUB_STORE and HUB_LISTEN replace what hub.yaml says; an empty one does not."""
    hub = load(
        write_installation(tmp_path / "hub"),
        environ={
            "HUB_HOME": str(tmp_path / "elsewhere"),
            "HUB_LOG": "sqlite:///l.db",
            "HUB_STORE": "",
            "HUB_LISTEN": "[::1]:8081",
        },
    ).hub
    assert (tmp_path / "elsewhere", "sqlite:///l.db", "sqlite:///store.db") == (hub.home, hub.log.url, hub.store.url)
    assert ("::1", 8081, "http://[::1]:8081") == (hub.listen.host, hub.listen.port, hub.listen.address)


def test_a_relative_home_of_the_environment_counts_from_the_working_directory(tmp_path: Path) -> None:
    """Whoever types a path in a shell means the shell's folder."""
    hub = load(write_installation(tmp_path / "hub"), environ={"HUB_HOME": "data"}).hub
    assert Path.cwd() / "data" == hub.home


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    """What the environment broke is told with the variable and not with a line of the file."""
    folder = write_installation(tmp_path / "hub")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={"HUB_LISTEN": "8080", "HUB_LOG": "kafka://x"})
    assert [
        "HUB_LISTEN: listen: must be host:port, such as 127.0.0.1:8080",
        "HUB_LOG: log: must be sqlite:///file or kafka://host:port",
    ] == caught.value.hint.splitlines()


def test_variables_that_look_like_the_hubs_are_reported(tmp_path: Path) -> None:
    """A misspelt variable stops; one that only shares the prefix warns; one that a file refers to is known."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: ${HUB_MASTER}")
    environ = {"HUB_MASTER": "01" * 32, "HUB_CONFIG": "x", "HUB_API_KEY": "x", "HUB_PORT_8080_TCP": "x"}
    assert ("HUB_PORT_8080_TCP: the hub has no such variable",) == load(folder, environ=environ).warnings
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={**environ, "HUB_LISTN": "x"})
    assert "HUB_LISTN: no such variable — did you mean 'HUB_LISTEN'?" == caught.value.hint
