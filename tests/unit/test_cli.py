"""The command line says one clear thing and ends with the right code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hub.access import ApiKeys
from hub.cli import main
from hub.cli.commands import _part
from hub.errors import ConfigInvalid
from hub.settings import load
from tests.fakes.installation_folder import change, write_installation


def _run(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


@pytest.fixture
def folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """An installation made by `hub init`, with its token in the last line but one of what was printed."""
    assert 0 == _run("init", str(tmp_path / "hub"))
    (tmp_path / "printed").write_text(capsys.readouterr().out, encoding="utf-8")
    return tmp_path / "hub"


def test_init_prints_a_token_that_opens_the_door(folder: Path) -> None:
    """The sample system's key is printed once, and only its digest is kept."""
    token = (folder.parent / "printed").read_text(encoding="utf-8").splitlines()[2]
    installation = load(folder, environ={})
    pepper = installation.hub.secrets.api_key_pepper.get_secret_value()
    assert "H56.14/mot-cua" == ApiKeys(installation.systems, pepper).authenticate(token).sender
    kept = "".join(file.read_text(encoding="utf-8") for file in folder.rglob("*") if file.is_file())
    assert token.split("_", 2)[2] not in kept


def test_init_says_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With sandbox platforms these come first, for the hub would find nobody."""
    assert 0 == _run("init", str(tmp_path / "real"))
    real = capsys.readouterr().out.splitlines()[-1]
    assert 0 == _run("init", str(tmp_path / "sandbox"), "--sandbox")
    sandbox = capsys.readouterr().out.splitlines()[-1]

    assert f"Next: hub check-config --config {tmp_path}/real; hub run --config {tmp_path}/real" == real
    assert f"Next, side by side: hub sandbox --folder <another folder>; hub run --config {tmp_path}/sandbox" == sandbox


def test_init_takes_only_an_empty_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second run is refused in one line."""
    assert 1 == _run("init", str(folder))
    assert f"{folder} is not an empty folder; name one that does not exist yet\n" == capsys.readouterr().err


def test_a_fresh_installation_is_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """check-config after init prints a summary and nothing to worry about."""
    assert 0 == _run("check-config", "--config", str(folder))
    printed = capsys.readouterr()
    assert "" == printed.err
    assert f"{folder}: everything is in order" == printed.out.splitlines()[0]
    assert "  door        http://127.0.0.1:8080" in printed.out.splitlines()


def test_a_sandbox_installation_has_its_platforms_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`init --sandbox` needs no account: both platforms are those of `hub sandbox`, and all is in order."""
    assert 0 == _run("init", str(tmp_path / "hub"), "--sandbox")
    assert 0 == _run("check-config", "--config", str(tmp_path / "hub"))
    printed = capsys.readouterr()
    assert "" == printed.err
    assert [
        "  platforms   national_portal, population",
        "    national_portal: no quota, no maintenance",
        "    population: no quota, no maintenance",
    ] == printed.out.splitlines()[-3:]


def test_check_config_prints_how_platforms_are_treated(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each."""
    folder = tmp_path / "hub"
    assert 0 == _run("init", str(folder), "--sandbox")
    change(folder, "platforms/population.yaml", "enabled: true", "enabled: true\nquota:\n  calls_per_day: 77")
    assert 0 == _run("check-config", "--config", str(folder))
    assert "    population: 77 calls a day" == capsys.readouterr().out.splitlines()[-1]


def test_check_config_prints_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each problem is a line, then their number; the code is 1."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "partitions", "partitons")
    (folder / "grants.yaml").unlink()
    assert 1 == _run("check-config", "--config", str(folder))
    assert [
        "hub.yaml:9: limits.partitons: unknown key — did you mean 'partitions'?",
        "grants.yaml: there is no such file",
        f"2 problems in {folder}",
    ] == capsys.readouterr().err.splitlines()


def test_check_config_prints_warnings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A warning is a line on stderr, and everything else is still in order."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "master_key: file:secrets/a.key", "master_key: file:secrets/b.key")
    (folder / "secrets" / "b.key").write_text("01" * 32)
    (folder / "secrets" / "b.key").chmod(0o644)
    assert 0 == _run("check-config", "--config", str(folder))
    assert capsys.readouterr().err.startswith("warning: hub.yaml:4: secrets.master_key: others than the owner can read")


def test_key_new_prints_a_token_that_opens_the_door(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A key for the other system is its own."""
    arguments = ("--config", str(folder), "--agency", "000.00.15.H56", "--system", "ho-tich")
    assert 0 == _run("key", "new", *arguments)
    token = capsys.readouterr().out.splitlines()[-1]
    installation = load(folder, environ={})
    pepper = installation.hub.secrets.api_key_pepper.get_secret_value()
    assert "H56.15/ho-tich" == ApiKeys(installation.systems, pepper).authenticate(token).sender


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "--config", "{none}"), "{none}: there is no such folder; hub init makes one"),
        (("status", "--config", "/proc"), "/proc: no installation: it has no hub.yaml"),
        (("key", "new", "--config", "{none}", "--agency", "H56", "--system", "x"), "{none}: there is no such folder"),
        (("follow", "H56.14-261122-0001", "--key", "{none}"), "{none} cannot be read as an API key"),
        (("init", "/proc/none/hub"), "/proc/none: No such file or directory"),
    ],
)
def test_expected_errors_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    """No traceback for what can be expected; the code is 1."""
    none = str(tmp_path / "none")
    assert 1 == _run(*(argument.format(none=none) for argument in arguments))
    printed = capsys.readouterr()
    assert "" == printed.out
    assert printed.err.startswith(words.format(none=none))
    assert 1 == printed.err.count("\n")


def test_wrong_usage_ends_with_2() -> None:
    """An unknown command and an unknown option are usage errors."""
    assert (2, 2) == (_run("nothing"), _run("check-config", "--nothing"))


def test_a_part_that_was_left_out_is_named() -> None:
    """What an installation does not contain is said by its name."""
    with pytest.raises(ConfigInvalid, match=r"^ops.nothing is not part of this installation$"):
        _part("ops.nothing", "main")


def test_follow_without_a_hub_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Port 1 of this machine answers nobody."""
    (folder / "token").write_text("hk_none")
    assert "HUB_API_KEY" not in os.environ
    arguments = ("--config", str(folder), "--url", "http://127.0.0.1:1")
    assert 1 == _run("follow", "H56.14-261122-0001", *arguments, "--key", str(folder / "token"))
    assert 1 == _run("follow", "H56.14-261122-0001", *arguments)
    assert [
        "no hub answers at http://127.0.0.1:1; is it running?",
        "an API key is needed: set HUB_API_KEY, or name a file with --key",
    ] == capsys.readouterr().err.splitlines()


def test_ctrl_c_while_the_program_is_read_is_no_fault() -> None:
    """What a terminal sends then ends the command with the code of an interrupt, and without a word."""
    program = "import sys; sys.meta_path.insert(0, Interrupted()); from hub.cli import main; main(['status'])"
    # A shell without a terminal starts what runs beside it with the signal ignored.
    finder = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'typer': signal.raise_signal(signal.SIGINT)\n"
    )
    ended = subprocess.run([sys.executable, "-c", f"{finder}{program}"], capture_output=True, timeout=60, check=False)
    assert (130, b"") == (ended.returncode, ended.stderr)
