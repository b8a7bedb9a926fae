"""The template of the portal's configuration says what is true."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.national_portal import CONFIG
from adapters.national_portal.rules import progress_rules, sync_rules
from adapters.wire.settings import WireSettings
from hub.settings.document import read
from hub.settings.problems import Problems
from hub.settings.sections import PlatformSection

TEMPLATE = Path(__file__).parents[2] / "ops/config/platforms/national_portal.yaml"


def as_it_stands(folder: Path, text: str) -> dict[str, Any]:
    """Read a template as the hub reads it."""
    (folder / "national_portal.yaml").write_text(text)
    problems = Problems()
    document = read(folder, "national_portal.yaml", problems)
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
    """As it stands it can be read, and nothing is sent before an operator says so."""
    section = PlatformSection.model_validate(plain)
    config = CONFIG.model_validate(plain["settings"])

    assert ("national_portal", "adapters.national_portal", False) == (section.name, section.adapter, section.enabled)
    assert not config.wire.plain_http


def test_what_the_template_shows_as_default_is_the_default(plain: dict[str, Any], shown: dict[str, Any]) -> None:
    """With every commented key switched on, nothing changes but the examples and the files."""
    apart: Mapping[str, bool | set[str]] = {
        "sync_rules": True,
        "progress_rules": True,
        "database_codes": True,
        "wire": {"ca_file", "cert_file", "key_file"},
    }
    without, with_defaults = (CONFIG.model_validate(template["settings"]) for template in (plain, shown))

    assert without.model_dump(exclude=apart) == with_defaults.model_dump(exclude=apart)
    assert tuple(sync_rules(without)) == tuple(sync_rules(with_defaults))
    assert tuple(progress_rules(without)) == tuple(progress_rules(with_defaults))


def test_the_template_shows_every_key(shown: dict[str, Any]) -> None:
    """Nothing can be set that the template does not name."""
    assert set(CONFIG.model_fields) == set(shown["settings"])
    assert set(WireSettings.model_fields) == set(shown["settings"]["wire"])
    assert {"outcome", "http_status", "code", "text"} == {key for row in shown["settings"]["sync_rules"] for key in row}
