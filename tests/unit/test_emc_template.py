"""The template of EMC's configuration says what is true."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from adapters.monitoring.emc import CONFIG
from adapters.monitoring.emc.config import EmcConfig
from adapters.monitoring.emc.rules import tracking_rules
from adapters.wire.settings import WireSettings
from hub.errors import ConfigInvalid
from hub.settings import load
from hub.settings.document import read
from hub.settings.founding import found
from hub.settings.problems import Problems
from hub.settings.sections import PlatformSection
from tests.fakes.installation_folder import change, write_secret

OPS = Path(__file__).parents[2] / "ops"
TEMPLATE = OPS / "config/platforms/emc.yaml"
KEY = "0123456789abcdef" * 2


def as_it_stands(folder: Path, text: str) -> dict[str, Any]:
    """Read a template as the hub reads it."""
    (folder / "emc.yaml").write_text(text, encoding="utf-8")
    problems = Problems()
    document = read(folder, "emc.yaml", problems)
    problems.stop()
    assert document is not None
    return dict(document.data)


def configured(template: Mapping[str, Any]) -> EmcConfig:
    """The settings of a template, with a key in place of the file."""
    return CONFIG.model_validate({**template["settings"], "pseudonym_key": KEY})


@pytest.fixture(name="plain")
def plain_template(tmp_path: Path) -> dict[str, Any]:
    """Return the template as it stands."""
    return as_it_stands(tmp_path, TEMPLATE.read_text(encoding="utf-8"))


@pytest.fixture(name="shown")
def shown_template(tmp_path: Path) -> dict[str, Any]:
    """Return the template with every commented key switched on."""
    return as_it_stands(tmp_path, re.sub(r"(?m)^( *)#(?=\S)", r"\1", TEMPLATE.read_text(encoding="utf-8")))


def test_the_template_is_a_configuration_that_is_switched_off(plain: dict[str, Any]) -> None:
    """As it stands it can be read, nothing is sent before an operator says so, and no site is registered."""
    section = PlatformSection.model_validate(plain)
    config = configured(plain)

    assert ("emc", "adapters.monitoring.emc", False) == (section.name, section.adapter, section.enabled)
    assert (None, "pseudonym", False) == (config.site_id, config.user_identity.value, config.wire.plain_http)


def test_what_the_template_shows_as_default_is_the_default(plain: dict[str, Any], shown: dict[str, Any]) -> None:
    """With every commented key switched on, nothing changes but the examples and the files."""
    apart: Mapping[str, bool | set[str]] = {
        "rules": True,
        "levels": True,
        "wire": {"ca_file", "cert_file", "key_file"},
    }
    without, with_defaults = configured(plain), configured(shown)

    assert without.model_dump(exclude=apart) == with_defaults.model_dump(exclude=apart)
    assert tuple(tracking_rules(without)) == tuple(tracking_rules(with_defaults))


def test_the_template_shows_every_key(shown: dict[str, Any]) -> None:
    """Nothing can be set that the template does not name."""
    assert set(CONFIG.model_fields) == set(shown["settings"])
    assert set(WireSettings.model_fields) == set(shown["settings"]["wire"])


def test_the_sandbox_installation_needs_one_word_to_track(tmp_path: Path) -> None:
    """`enabled: true` is all that is missing there; its identity stays a pseudonym."""
    folder = tmp_path / "hub"
    found(folder, [OPS / "config", OPS / "sandbox" / "installation"])
    assert "emc" not in {platform.name for platform in load(folder, environ={}).platforms}
    change(folder, "platforms/emc.yaml", "enabled: false", "enabled: true")
    emc = next(platform for platform in load(folder, environ={}).platforms if platform.name == "emc")

    assert isinstance(emc.settings, EmcConfig)
    assert (5638, "pseudonym") == (emc.settings.site_id, emc.settings.user_identity.value)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("  site_id: null", "  site_id: abc", "site_id: must be a whole number"),
        ("  #user_identity: pseudonym", "  user_identity: open", "user_identity"),
        ("    #1.001193: online_full", "    1.001193: full", "levels"),
        ("  #on_doubt: resend", "  on_doubt: inquire", "on_doubt"),
        ("  pseudonym_key: file:secrets/emc-pseudonym.key", "", "pseudonym_key of at least 32 characters"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    """The operator is told the file, the key and the rule, and never the secret."""
    folder = tmp_path / "hub"
    found(folder, [OPS / "config"])
    write_secret(folder, "emc-pseudonym.key", KEY)
    change(folder, "platforms/emc.yaml", "enabled: false", "enabled: true")
    change(folder, "platforms/emc.yaml", old, new)

    with pytest.raises(ConfigInvalid, match=complaint) as refused:
        load(folder, environ={})
    assert "platforms/emc.yaml" in refused.value.hint
    assert KEY not in refused.value.hint
