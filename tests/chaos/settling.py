"""The end of a run, in either home: wait until nothing is under way, and hold the hub's own story against ours."""

from collections.abc import Sequence

from tests.chaos.load import STATES, Dossier
from tests.chaos.read_model import Told, judge_counts, owed, read_timelines, settled
from tests.chaos.sender import Sender
from tests.chaos.status_events import judge_events, read_events


async def settle(sender: Sender, load: Sequence[Dossier], quiet_s: float, again: Sequence[Dossier] = ()) -> Told:
    """Repeat the requests of some dossiers, and ask the hub what it knows once nothing moves any more."""
    known = sender.history.acknowledged
    async with sender.session() as session:
        repeated = [flaw async for flaw in sender.repeated(session, again)]
        counts = await settled(session, STATES * len(load), quiet_s)
        told = await read_timelines(session, load, sender.history, tracked=True)
        events = await read_events(session, set(known.values()), quiet_s)
    told.note(counts, STATES * len(load))
    told.events = len({event["id"] for event in events})
    deliveries = {(one.code, state.revision): owed(state, tracked=True) for one in load for state in one.states}
    told.flaws.extend([*repeated, *judge_counts(counts, load, tracked=True), *judge_events(events, known, deliveries)])
    return told
