"""Lets go of what was kept long enough: first in the log, then in the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.pipeline.retention import Hold, Policy
from hub.settings.sections import Retention as RetentionSection
from hub.store.retention.records import OldRecords
from hub.store.retention.rows import OldRows
from hub.telemetry import Metrics, logger
from schemas.topics import AUDIT, COMMANDS, CONTROL, EVENTS, OUTCOMES

_OWN_WAY = (Hold.AGE, Hold.TAIL, Hold.TURN)
_log = logger("retention")


@dataclass(frozen=True, slots=True)
class Purged:
    """What one run let go: records by topic, rows by kind. `kept`: how many partitions a (topic, reason) keeps."""

    records: Mapping[str, int] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)
    kept: Mapping[tuple[str, str], int] = field(default_factory=dict)


class Retention:
    """A job for one process of an installation; two at a time do no harm, and a run that was cut off is gone on with.

    The log goes first: rows of what it still holds stay, for reading it again would bring them back.
    """

    def __init__(self, records: OldRecords, rows: OldRows, metrics: Metrics) -> None:
        self._records = records
        self._rows = rows
        self._metrics = metrics
        self._kept: set[tuple[str, str]] = set()

    async def run_once(self) -> Purged:
        """Let go of what may go, as much as one run does. Errors: those of log and store; what went by then is gone."""
        ends = await self._records.ends()
        records, held_by = await self._records.let_go()
        kept = {place: count for place, count in held_by.items() if place[1] not in _OWN_WAY}
        self._show(kept)
        self._tell("records_let_go", records)
        rows = await self._rows.let_go(await self._records.starts(), ends)
        self._tell("rows_let_go", rows)
        return Purged(_some(records), _some(rows), kept)

    def _show(self, kept: Mapping[tuple[str, str], int]) -> None:
        self._kept |= kept.keys()
        for topic, held_by in self._kept:
            self._metrics.kept_partitions.set(kept.get((topic, held_by), 0), topic, held_by)

    def _tell(self, event: str, gone: Mapping[str, int]) -> None:
        for kind, count in _some(gone).items():
            self._metrics.let_go_total.inc(kind, by=count)
            _log.info(event, kind=kind, count=count)


def _some(counts: Mapping[str, int]) -> Mapping[str, int]:
    return {kind: count for kind, count in counts.items() if count}


def policy_of(section: RetentionSection) -> Policy:
    """Return the policy that a configuration states."""
    return Policy(
        topics_days={
            COMMANDS: section.commands_days,
            OUTCOMES: section.outcomes_days,
            EVENTS: section.events_days,
            AUDIT: section.audit_log_days,
            CONTROL: section.control_days,
        },
        ledger_days=section.ledger_days,
        inbox_days=section.inbox_days,
        audit_days=section.audit_days,
        orders_days=section.orders_days,
        reconciliation_days=section.reconciliation_days,
        erase_keys=section.erase_keys,
    )
