"""How an installation says for how long what is kept."""

from pathlib import Path

import pytest

from hub.errors import ConfigInvalid
from hub.settings import load
from hub.store.retention.retention import policy_of
from tests.fakes.installation_folder import change, write_installation


def test_without_a_word_the_defaults_hold(tmp_path: Path) -> None:
    """The log for a month, what ministries read for three, the ledger for five years, the audit for ten."""
    policy = policy_of(load(write_installation(tmp_path / "hub"), environ={}).hub.retention)

    assert {"hub.commands": 30, "hub.outcomes": 30, "hub.events": 90, "hub.audit": 365, "hub.control": 30} == (
        policy.topics_days
    )
    assert (1827, 90, 3653, False) == (policy.ledger_days, policy.inbox_days, policy.audit_days, policy.erase_keys)
    assert (1827, 400) == (policy.orders_days, policy.reconciliation_days)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ledger_days: 29", "ledger_days must not be less than commands_days"),
        ("commands_days: 1828", "ledger_days must not be less than commands_days"),
        ("audit_days: 364", "audit_days must not be less than audit_log_days"),
        ("orders_days: 1826", "orders_days must not be less than ledger_days"),
        ("inbox_days: 0", "inbox_days"),
        ("dead_letters_days: 3", "dead_letters_days"),
    ],
)
def test_the_store_remembers_longer_than_the_log(tmp_path: Path, line: str, problem: str) -> None:
    """What contradicts itself, or says for how long the undelivered is kept, is refused."""
    folder = write_installation(tmp_path / "hub")
    change(folder, "hub.yaml", "home: data\n", f"home: data\nretention:\n  {line}\n")

    with pytest.raises(ConfigInvalid, match=problem):
        load(folder, environ={})
