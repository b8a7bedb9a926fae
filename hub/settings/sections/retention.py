"""For how long what is kept."""

from typing import Self

from pydantic import model_validator

from hub.settings.sections.values import Days, Seconds
from schemas.model import ConfigModel


class Retention(ConfigModel):
    """For how many days what is kept at least, and every how many seconds somebody looks. What is owed always stays.

    The first five are topics of the log; `ledger_days` is for messages and all that is known of them in the store,
    `inbox_days` for the keys by which a repeated request is recognised, `orders_days` for what operators ordered,
    counted from its end, `reconciliation_days` for runs of the reconciliation. With `erase_keys` the data key of a
    dossier is destroyed with its last message; that of an order always goes with it.
    """

    enabled: bool = True
    every_s: Seconds = 300.0
    commands_days: Days = 30
    outcomes_days: Days = 30
    events_days: Days = 90
    audit_log_days: Days = 365
    control_days: Days = 30
    ledger_days: Days = 5 * 365 + 2
    inbox_days: Days = 90
    audit_days: Days = 10 * 365 + 3
    orders_days: Days = 5 * 365 + 2
    reconciliation_days: Days = 400
    erase_keys: bool = False

    @model_validator(mode="after")
    def _store_outlives_log(self) -> Self:
        if self.ledger_days < max(self.commands_days, self.outcomes_days):
            raise ValueError("ledger_days must not be less than commands_days and outcomes_days")
        if self.audit_days < self.audit_log_days:
            raise ValueError("audit_days must not be less than audit_log_days")
        if self.orders_days < self.ledger_days:
            raise ValueError("orders_days must not be less than ledger_days")
        return self
