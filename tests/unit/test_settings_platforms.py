"""Platforms are found by the dotted path of their adapter, which reads its own settings."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import Field, SecretStr

from hub.errors import ConfigInvalid
from hub.settings import load
from schemas.model import ConfigModel
from tests.fakes.installation_folder import write_installation, write_secret


class Wire(ConfigModel):
    """A nested section with a file in it."""

    ca_file: Path | None = None


class Config(ConfigModel):
    """Settings of an adapter that only exists here."""

    url: str
    password: Annotated[SecretStr, Field(min_length=3)] | None = None
    tries_max: int = 1
    codes: dict[str, str] = Field(default_factory=dict)
    wire: Wire = Wire()


CONFIG = Config
build: Callable[..., Any] = dict

TEXT = f"""\
name: sample
adapter: {__name__}
concurrency_max: 3
settings:
  url: http://127.0.0.1
  password: file:secrets/sample.key
  codes:
    1.001193: NO
  wire:
    ca_file: secrets/ca.pem
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An installation with one platform, called sample."""
    folder = write_installation(tmp_path / "hub")
    write_secret(folder, "sample.key", "sesame\n")
    write_secret(folder, "ca.pem", "certificate")
    (folder / "platforms" / "sample.yaml").write_text(TEXT, encoding="utf-8")
    return folder


def _spoil(folder: Path, old: str, new: str) -> list[str]:
    assert 1 == TEXT.count(old)
    (folder / "platforms" / "sample.yaml").write_text(TEXT.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={})
    return caught.value.hint.splitlines()


def test_the_adapter_reads_its_own_settings(folder: Path) -> None:
    """The hub knows shares and bounds; what stands under settings becomes the adapter's own model."""
    (platform,) = load(folder, environ={}).platforms
    assert ("sample", 3, 5000) == (platform.name, platform.section.concurrency_max, platform.section.hot_max)
    assert platform.module.build is build
    assert isinstance(platform.settings, Config)
    assert platform.settings.password is not None
    assert "sesame" == platform.settings.password.get_secret_value()
    assert {"1.001193": "NO"} == platform.settings.codes
    assert folder / "secrets" / "ca.pem" == platform.settings.wire.ca_file


def test_a_platform_that_is_switched_off_needs_no_account(folder: Path) -> None:
    """Its settings wait for the day on which they are complete; its adapter is not even imported."""
    text = TEXT.replace("concurrency_max: 3", "enabled: false").replace(__name__, "adapters.none")
    (folder / "platforms" / "sample.yaml").write_text(text, encoding="utf-8")
    (folder / "secrets" / "sample.key").unlink()
    assert () == load(folder, environ={}).platforms


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("concurrency_max: 3", "concurency_max: 3", "3: concurency_max: unknown key — did you mean 'concurrency_max'?"),
        ("settings:", "setings:", "4: setings: unknown key — did you mean 'settings'?"),
        ("  url: http", "  ulr: http", "4: settings.url: is required"),
        ("  wire:", "  wires:", "9: settings.wires: unknown key — did you mean 'wire'?"),
        ("    ca_file:", "    ca_fil:", "10: settings.wire.ca_fil: unknown key — did you mean 'ca_file'?"),
        ("secrets/ca.pem", "secrets/x.pem", "10: settings.wire.ca_file: there is no file secrets/x.pem"),
        (
            "file:secrets/sample.key",
            "sesame",
            "6: settings.password: a secret does not stand in the file: write ${NAME} or file:path",
        ),
        ("  url:", "  tries_max: many\n  url:", "5: settings.tries_max: must be a whole number"),
        (f"adapter: {__name__}", "adapter: os", "2: adapter: 'os' is no adapter: it offers no CONFIG and build"),
        (
            f"adapter: {__name__}",
            "adapter: adapters.databases.populaton",
            (
                "2: adapter: there is no module 'adapters.databases.populaton'"
                " — did you mean 'adapters.databases.population'?"
            ),
        ),
        (f"adapter: {__name__}", "adapter: ../evil", "2: adapter: must match pattern"),
        ("name: sample", "name: Sample", "1: name: must match pattern"),
        (
            "concurrency_max: 3",
            "lookup: {attempts_max: 0}",
            "3: lookup.attempts_max: must be greater than or equal to 1",
        ),
        (
            "concurrency_max: 3",
            "lookup: {attempts_max: 11}",
            "3: lookup.attempts_max: must be less than or equal to 10",
        ),
        ("concurrency_max: 3", "lookup: {first_s: 0}", "3: lookup.first_s: must be greater than 0"),
        ("concurrency_max: 3", "lookup: {first_s: 3}", "3: lookup: max_s must not be less than first_s"),
        ("concurrency_max: 3", "lookup: {age_max_s: 3}", "3: lookup.age_max_s: unknown key"),
    ],
)
def test_each_mistake_has_file_line_and_key(folder: Path, old: str, new: str, problem: str) -> None:
    """The adapter's section is told with the same care as the hub's own."""
    assert _spoil(folder, old, new)[0].startswith(f"platforms/sample.yaml:{problem}")


def test_two_platforms_have_two_names(folder: Path) -> None:
    """The second file with a name is refused, and says where the first is."""
    (folder / "platforms" / "second.yaml").write_text(TEXT, encoding="utf-8")
    with pytest.raises(ConfigInvalid) as caught:
        load(folder, environ={})
    assert "platforms/second.yaml:1: name: stands twice; first in platforms/sample.yaml" == caught.value.hint


def test_how_a_source_is_asked_is_said_by_its_file(folder: Path) -> None:
    """Three tries unless it says otherwise; the rest keeps its default."""
    text = TEXT.replace("concurrency_max: 3", "lookup: {attempts_max: 1}")
    assert (3, 0.2, 2.0) == _tries(folder)
    (folder / "platforms" / "sample.yaml").write_text(text, encoding="utf-8")
    assert (1, 0.2, 2.0) == _tries(folder)


def _tries(folder: Path) -> tuple[int, float, float]:
    (platform,) = load(folder, environ={}).platforms
    lookup = platform.section.lookup
    return lookup.attempts_max, lookup.first_s, lookup.max_s
