"""What follows from the log: read models, status events, and the jobs that one process does for all."""

from collections.abc import Sequence

from hub.app.desk import order_job
from hub.app.ground import Ground
from hub.app.reconciling import nightly_job
from hub.delivery.worker import GROUP
from hub.events.callbacks import callers
from hub.events.ledger import EventLedger
from hub.events.publisher import Publisher
from hub.settings.sections import Profile
from hub.store.alarms import SqlAlarms
from hub.store.events.events import SqlEvents
from hub.store.lateness import SqlLateness
from hub.store.retention.records import OldRecords
from hub.store.retention.retention import Retention, policy_of
from hub.store.retention.rows import OldRows
from hub.streams.alarms import LateDeliveries, SilentPlatforms
from hub.streams.engine import Engine, KafkaEngine, LogEngine
from hub.streams.jobs import Every, Job
from hub.streams.projector import Projector
from hub.streams.refusing import RefusingPlatforms
from hub.streams.streams import Streams
from hub.streams.windows import Windows
from schemas.topics import AUDIT, COMMANDS, EVENTS, OUTCOMES

_LOOK_EVERY_S = 15.0
_REFUSING_EVERY_S = 5.0
_SOURCE = "urn:vn:lgsp:hub"
_REPLICATION = {Profile.PRODUCTION: 3, Profile.DEMO: 1}


class Processing:
    """The stream processors, the publisher and the callers of one process."""

    def __init__(self, ground: Ground) -> None:
        homes, clock, metrics = ground.homes, ground.clock, ground.metrics
        deadlines = ground.installation.hub.deadlines
        store = SqlEvents(homes.store, ground.installation.hub.public_url or _SOURCE)
        self.publisher = Publisher(homes.log, store, clock)
        self.ledger = EventLedger(homes.log, store, clock, wake=self.publisher.wake)
        self.windows = Windows(homes.log, clock, metrics)
        told = Projector(homes.log, self.ledger, clock, metrics)
        measured = Projector(homes.log, self.windows, clock, metrics, shared=False)
        late = LateDeliveries(
            SqlLateness(homes.store), self.ledger.note_late, clock, metrics, late_after_s=deadlines.late_after_s
        )
        self.callers = callers(ground.installation.systems, homes.log, clock, metrics)
        silent = SilentPlatforms(
            homes.read_models,
            clock,
            metrics,
            silence_after_s=deadlines.silence_after_s,
            closures=ground.platforms.closures,
        )
        refusing = RefusingPlatforms(homes.log, SqlAlarms(homes.store), clock, metrics)
        self.streams = Streams(
            log=homes.log,
            engine=_engine(ground),
            projectors={
                COMMANDS: (ground.projector, told),
                OUTCOMES: (ground.projector, told, measured),
                AUDIT: (ground.projector,),
            },
            clock=clock,
            metrics=metrics,
            jobs=(
                *_retention(ground, list(self.callers)),
                *nightly_job(ground),
                order_job(ground),
                Job("late deliveries", Every(_LOOK_EVERY_S), late.check, late.stand_by),
                Job("silent platforms", Every(_LOOK_EVERY_S), silent.check, silent.stand_by),
                Job("refusing platforms", Every(_REFUSING_EVERY_S), refusing.check, refusing.stand_by),
                Job("windows", Every(_LOOK_EVERY_S), self.windows.show, everywhere=True),
            ),
        )


def _engine(ground: Ground) -> Engine:
    hub = ground.installation.hub
    if hub.log.embedded:
        return LogEngine(ground.homes.log)
    return KafkaEngine(hub.log.bootstrap, _REPLICATION[hub.kafka.profile])


def _retention(ground: Ground, callback_groups: Sequence[str]) -> Sequence[Job]:
    """Return the job that lets go of what is old and that every group has read; none where retention is off."""
    homes, section = ground.homes, ground.installation.hub.retention
    if not section.enabled:
        return ()
    policy = policy_of(section)
    records = OldRecords(
        log=homes.log,
        trimming=homes.trimming,
        database=homes.store,
        topics_days=policy.topics_days,
        groups={COMMANDS: [GROUP], EVENTS: callback_groups},
        clock=ground.clock,
    )
    rows = OldRows(database=homes.store, erasure=homes.keys, policy=policy, clock=ground.clock)
    retention = Retention(records, rows, ground.metrics)

    async def run() -> None:
        await retention.run_once()

    return (Job("retention", Every(section.every_s), run),)
