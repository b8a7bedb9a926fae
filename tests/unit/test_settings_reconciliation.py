"""How an installation says when and how it is reconciled."""

from datetime import time
from itertools import takewhile
from pathlib import Path

import pytest

from hub.app.reconciling import policy_of
from hub.errors import ConfigInvalid
from hub.settings import load
from hub.settings.sections import Reconciliation
from tests.fakes.installation_folder import change, write_installation
from tests.fakes.reconciliations import POLICY

TEMPLATE = Path(__file__).parents[2] / "ops/config/hub.yaml"


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    """Every night at half past two, what was received in the last eight days, two calls a second."""
    section = load(write_installation(tmp_path / "hub"), environ={}).hub.reconciliation

    assert (True, time(2, 30), 10) == (section.enabled, section.at, section.alarm_above)
    assert POLICY == policy_of(section)


def test_the_template_says_what_the_defaults_are(tmp_path: Path) -> None:
    """So that nobody has to look for them in the code."""
    folder = write_installation(tmp_path / "hub")
    stated = TEMPLATE.read_text(encoding="utf-8").partition("\nreconciliation:\n")[2]
    section = "".join(takewhile(lambda line: line.startswith("  "), stated.splitlines(keepends=True)))
    change(folder, "hub.yaml", "home: data\n", f"home: data\nreconciliation:\n{section}")

    assert Reconciliation() == load(folder, environ={}).hub.reconciliation


@pytest.mark.parametrize(
    "line", ["at: 2:30", "at: 24:00", "calls_per_s: 0", "calls_max: 0", "lacking_percent_max: 101", "days_back: 0"]
)
def test_nonsense_is_refused(tmp_path: Path, line: str) -> None:
    """By its key."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "home: data\n", f"home: data\nreconciliation:\n  {line}\n")

    with pytest.raises(ConfigInvalid, match=f"reconciliation.{line.partition(':')[0]}"):
        load(folder, environ={})
