"""The template of the population database's configuration says what is true."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.databases.population import CONFIG
from adapters.databases.population.config import PopulationWire
from hub.settings.document import read
from hub.settings.problems import Problems
from hub.settings.sections import PlatformSection

TEMPLATE = Path(__file__).parents[2] / "ops/config/platforms/population.yaml"
NO_DEFAULTS: Mapping[str, bool | set[str]] = {
    "service_codes": True,
    "officers": True,
    "wire": {"ca_file", "cert_file", "key_file"},
}


def as_it_stands(folder: Path, text: str) -> dict[str, Any]:
    """Read a template as the hub reads it."""
    (folder / "population.yaml").write_text(text)
    problems = Problems()
    document = read(folder, "population.yaml", problems)
    problems.stop()
    assert document is not None
    return dict(document.data)


@pytest.fixture(name="plain")
def plain_template(tmp_path: Path) -> dict[str, Any]:
    """Return the template as it stands."""
    return as_it_stands(tmp_path, TEMPLATE.read_text())


@pytest.fixture(name="shown")
def shown_template(tmp_path: Path) -> dict[str, Any]:
    """Return the template with every commented key switched on."""
    return as_it_stands(tmp_path, re.sub(r"(?m)^( *)#(?=\S)", r"\1", TEMPLATE.read_text()))


def test_the_template_is_a_configuration_that_is_switched_off(plain: dict[str, Any]) -> None:
    """As it stands it can be read, and nothing is asked before an operator says so."""
    section = PlatformSection.model_validate(plain)
    assert ("population", "adapters.databases.population", False) == (section.name, section.adapter, section.enabled)
    CONFIG.model_validate(plain["settings"])


def test_what_the_template_shows_as_default_is_the_default(plain: dict[str, Any], shown: dict[str, Any]) -> None:
    """With every commented key switched on, nothing changes but the examples and the files."""
    with_defaults, without = (CONFIG.model_validate(template["settings"]) for template in (shown, plain))
    assert without.model_dump(exclude=NO_DEFAULTS) == with_defaults.model_dump(exclude=NO_DEFAULTS)
    assert {"1.001193": "G15-TP110"} == with_defaults.service_codes


def test_the_template_shows_every_key(shown: dict[str, Any]) -> None:
    """Nothing can be set that the template does not name, idle connections and plain http apart."""
    assert set(CONFIG.model_fields) == set(shown["settings"])
    assert {"plain_http", "idle_s"} == set(PopulationWire.model_fields) - set(shown["settings"]["wire"])
