"""What operators hear of a run: counts by cause, and one alarm when there is too much or the run was stopped."""

from collections import Counter

from hub.errors import PlatformFault
from hub.telemetry import Metrics, logger
from schemas.reconciliation import Cause, Reconciliation, RunState

_log = logger("reconciliation")


class Report:
    """Tells; it decides nothing."""

    def __init__(self, metrics: Metrics, alarm_above: int) -> None:
        self._metrics = metrics
        self._alarm_above = alarm_above

    def found(self, platform: str, cause: Cause) -> None:
        """Count a difference."""
        self._metrics.differences_total.inc(platform, cause.value)

    def resent(self, platform: str) -> None:
        """Count a dossier whose sending again was ordered."""
        self._metrics.resent_total.inc(platform)

    def failed(self, run: Reconciliation, fault: PlatformFault) -> None:
        """Tell that the platform could not be asked."""
        _log.warning("reconciliation_call_failed", task=run.id, platform=run.platform, code=fault.problem_code)

    def finished(self, run: Reconciliation) -> None:
        """Tell the end of a run, show its numbers, and raise the alarm or end it. A dry run tells and shows alike."""
        counts = Counter(dict.fromkeys(Cause, 0))
        for each in run.differences:
            counts[each.cause] += each.dossiers
        for cause, count in counts.items():
            self._metrics.differences.set(count, run.platform, cause.value)
        alarm = run.state is RunState.STOPPED or counts.total() > self._alarm_above
        self._metrics.reconciliation_alarm.set(alarm, run.platform)
        write = _log.warning if alarm else _log.info
        write(
            "reconciliation_alarm" if alarm else "reconciliation_done",
            task=run.id,
            platform=run.platform,
            state=run.state.value,
            code=run.reason.value if run.reason else "",
            count=counts.total(),
        )
