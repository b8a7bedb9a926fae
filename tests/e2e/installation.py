"""An installation as `hub init --sandbox` makes it, pointed at running sandboxes."""

import importlib.resources
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.settings import load
from hub.settings.founding import found
from hub.settings.keys import add_key

GRANTED = ("H56.14", "mot-cua")
"""A system with every grant."""
UNGRANTED = ("H56.15", "ho-tich")
"""A system that has a key and no grant."""


@dataclass(frozen=True, slots=True)
class Platforms:
    """Addresses of the sandboxes' data ports."""

    portal: str
    population: str


@dataclass(frozen=True, slots=True)
class Installed:
    """A founded installation: its folder, where its door will be, and the API keys of two systems."""

    folder: Path
    address: str
    token: str
    ungranted_token: str


def install(folder: Path, platforms: Platforms, port: int, changes: Mapping[str, str] | None = None) -> Installed:
    """Found an installation in a fresh folder. `changes` replaces values of `hub.yaml` by their key."""
    with importlib.resources.as_file(importlib.resources.files("ops")) as ops:
        found(folder, [ops / "config", ops / "sandbox" / "installation"], f"127.0.0.1:{port}", sandbox=True)
    replace_value(folder / "platforms" / "national_portal.yaml", "adapter_url", platforms.portal)
    replace_value(folder / "platforms" / "population.yaml", "url", f"{platforms.population}/037")
    for key, value in (changes or {}).items():
        replace_value(folder / "hub.yaml", key, value)
    pepper = load(folder, environ={}).hub.secrets.api_key_pepper.get_secret_value()
    tokens = [add_key(folder, agency, system, pepper) for agency, system in (GRANTED, UNGRANTED)]
    return Installed(folder, f"http://127.0.0.1:{port}", *tokens)


def replace_value(file: Path, key: str, value: str) -> None:
    """Replace the value of a key that stands in a file once."""
    text, count = re.subn(rf"^( *{key}:) .*$", rf"\1 {value}", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1, f"{key} stands {count} times in {file.name}"
    file.write_text(text, encoding="utf-8")
