"""Room in the window of each partition: what takes long, or waits long, is written down so that the gate moves on."""

from collections.abc import Collection, Mapping

from hub.delivery.admission.share import Share
from hub.delivery.admission.shares import Shares
from hub.delivery.lanes.holding import Holding
from hub.delivery.lanes.parking import ParkingPlace
from hub.ports import Clock


class Room:
    """Makes room by parking. Calls that last longer than `park_after_s` are slow."""

    def __init__(
        self, clock: Clock, shares: Shares, place: ParkingPlace, platforms: Collection[str], park_after_s: float
    ) -> None:
        self._clock = clock
        self._shares = shares
        self._place = place
        self._platforms = platforms
        self._park_after_s = park_after_s

    def make(self, holdings: Mapping[int, Holding]) -> None:
        """Write down what has been under way too long, and what waits behind such calls."""
        now_s = self._clock.monotonic()
        for share in self._shares.opened.values():
            self._write_down_overdue(holdings, share, now_s)
        for share in self._shares.opened.values():
            # Looking through the lanes takes long when many are stored, and those are not what stands in the way.
            if share.busy and share.hot:
                self._make_way(holdings, share, now_s)

    def _write_down_overdue(self, holdings: Mapping[int, Holding], share: Share, now_s: float) -> None:
        for lane in share.overdue(now_s, self._park_after_s):
            holding = holdings.get(lane.partition)
            if holding is not None:
                self._place.store(holding, lane)

    def _make_way(self, holdings: Mapping[int, Holding], share: Share, now_s: float) -> None:
        """What waits for a runner leaves the gate when calls are slow, or when it keeps work from other platforms."""
        slow = share.slow(now_s, self._park_after_s)
        for holding in holdings.values():
            if slow or (holding.crowded and self._others_idle(share)):
                self._store_waiting(holding, share)

    def _others_idle(self, share: Share) -> bool:
        """Whether another platform could do more than it has to."""
        opened = self._shares.opened
        return any(name not in opened or opened[name].idle for name in self._platforms if name != share.platform)

    def _store_waiting(self, holding: Holding, share: Share) -> None:
        for lane in holding.lanes.values():
            if lane.key.platform == share.platform and lane.hot:
                self._place.store(holding, lane)
