"""The reconciliation, put together: the part that works on runs, the job that orders the nightly one, and the desk."""

import secrets
import socket

from hub.access import Grants
from hub.app.ground import Ground
from hub.audit.log_audit import LogAudit
from hub.ingress.reconciling import Reconciling, ReconcilingRooms
from hub.pipeline.reconciliation import Policy
from hub.ports import Comparable, PlatformLeave
from hub.reconciliation.bodies import Bodies
from hub.reconciliation.comparing import Comparing
from hub.reconciliation.inquiry import Inquiries
from hub.reconciliation.nightly import Nightly
from hub.reconciliation.reconciler import Reconciler
from hub.reconciliation.report import Report
from hub.reconciliation.resending import Resends, Rulings
from hub.reconciliation.tenure import Tenure
from hub.settings.sections import Reconciliation
from hub.store.reconciliation import SqlReconciliation
from hub.streams.jobs import Cron, Job


def comparable(ground: Ground) -> tuple[Comparable, ...]:
    """Return the operations whose platforms can be asked what they have."""
    return tuple(operation for operation in ground.platforms.operations if isinstance(operation, Comparable))


def policy_of(section: Reconciliation) -> Policy:
    """Return the policy that a configuration states."""
    return Policy(
        days_back=section.days_back,
        calls_per_s=section.calls_per_s,
        calls_max=section.calls_max,
        settled_s=section.settled_s,
        resend=section.resend,
        resend_max=section.resend_max,
        lacking_percent_max=section.lacking_percent_max,
    )


def reconciler(ground: Ground, leave: PlatformLeave) -> Reconciler:
    """Return the part that works on runs. `leave` is asked before each call."""
    homes, clock = ground.homes, ground.clock
    store = SqlReconciliation(homes.store)
    tenure = Tenure(store, clock, _holder(ground))
    bodies = Bodies(homes.log, homes.keys)
    inquiries = Inquiries(LogAudit(homes.log), clock, leave)
    report = Report(ground.metrics, ground.installation.hub.reconciliation.alarm_above)
    return Reconciler(
        store=store,
        tenure=tenure,
        comparing=Comparing(store, bodies, inquiries, clock, ground.catalogue.procedure_of),
        resends=Resends(
            store=store,
            tenure=tenure,
            bodies=bodies,
            rulings=Rulings(homes.log, homes.keys, clock),
            inquiries=inquiries,
            report=report,
        ),
        operations=comparable(ground),
        clock=clock,
        report=report,
    )


def _holder(ground: Ground) -> str:
    """Return a name that a process has again after a crash, so that it goes on at once with what it had.

    Of an embedded hub there is one process; on a machine nobody runs twice under a `--name`; others have none.
    """
    if not ground.installation.hub.shared:
        return "run"
    return f"{socket.gethostname()}.{ground.name}" if ground.name else secrets.token_hex(8)


def reconciling(ground: Ground, grants: Grants) -> Reconciling:
    """Return what operators order and read."""
    rooms = ReconcilingRooms(
        grants=grants,
        store=SqlReconciliation(ground.homes.store),
        operations=comparable(ground),
        policy=policy_of(ground.installation.hub.reconciliation),
        clock=ground.clock,
    )
    return Reconciling(rooms)


def nightly_job(ground: Ground) -> tuple[Job, ...]:
    """Return the job that orders the nightly runs; none where they are off."""
    section = ground.installation.hub.reconciliation
    if not section.enabled:
        return ()
    nightly = Nightly(
        SqlReconciliation(ground.homes.store),
        comparable(ground),
        policy_of(section),
        ground.clock,
    )
    return (Job("reconciliation", Cron(f"{section.at.minute} {section.at.hour} * * *"), nightly.order),)
