"""What follows from the log: read models, status events, and the jobs that one process does for all."""

from hub.app.ground import Ground
from hub.events.ledger import EventLedger
from hub.events.publisher import Publisher
from hub.settings.sections import Profile
from hub.store.events import SqlEvents
from hub.streams.engine import Engine, KafkaEngine, LogEngine
from hub.streams.projector import AUDIT, COMMANDS, OUTCOMES, Projector
from hub.streams.streams import Streams

_SOURCE = "urn:vn:lgsp:hub"
_REPLICATION = {Profile.PRODUCTION: 3, Profile.DEMO: 1}


class Processing:
    """The stream processors and the publisher of one process."""

    def __init__(self, ground: Ground) -> None:
        homes, clock = ground.homes, ground.clock
        store = SqlEvents(homes.store, ground.installation.hub.public_url or _SOURCE)
        self.publisher = Publisher(homes.log, store, clock)
        self.ledger = EventLedger(homes.log, store, clock, wake=self.publisher.wake)
        told = Projector(homes.log, self.ledger, clock, ground.metrics)
        self.streams = Streams(
            log=homes.log,
            engine=_engine(ground),
            projectors={
                COMMANDS: (ground.projector, told),
                OUTCOMES: (ground.projector, told),
                AUDIT: (ground.projector,),
            },
            clock=clock,
            metrics=ground.metrics,
        )


def _engine(ground: Ground) -> Engine:
    hub = ground.installation.hub
    if hub.log.embedded:
        return LogEngine(ground.homes.log)
    return KafkaEngine(hub.log.bootstrap, _REPLICATION[hub.kafka.profile])
