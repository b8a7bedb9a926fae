"""What follows from the log: read models, status events, and the jobs that one process does for all."""

from hub.app.ground import Ground
from hub.events.ledger import EventLedger
from hub.events.publisher import Publisher
from hub.settings.sections import Profile
from hub.store.events import SqlEvents
from hub.store.lateness import SqlLateness
from hub.streams.alarms import LateDeliveries, SilentPlatforms
from hub.streams.engine import Engine, KafkaEngine, LogEngine
from hub.streams.jobs import Every, Job
from hub.streams.projector import AUDIT, COMMANDS, OUTCOMES, Projector
from hub.streams.streams import Streams
from hub.streams.windows import Windows

_LOOK_EVERY_S = 15.0
_SOURCE = "urn:vn:lgsp:hub"
_REPLICATION = {Profile.PRODUCTION: 3, Profile.DEMO: 1}


class Processing:
    """The stream processors and the publisher of one process."""

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
        silent = SilentPlatforms(homes.read_models, clock, metrics, silence_after_s=deadlines.silence_after_s)
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
                Job("late deliveries", Every(_LOOK_EVERY_S), late.check, late.stand_by),
                Job("silent platforms", Every(_LOOK_EVERY_S), silent.check, silent.stand_by),
                Job("windows", Every(_LOOK_EVERY_S), self.windows.show, everywhere=True),
            ),
        )


def _engine(ground: Ground) -> Engine:
    hub = ground.installation.hub
    if hub.log.embedded:
        return LogEngine(ground.homes.log)
    return KafkaEngine(hub.log.bootstrap, _REPLICATION[hub.kafka.profile])
