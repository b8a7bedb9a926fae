"""Sessions of the portal: handed out at login, carried in the body of each call. They do not survive a restart."""

import random

from ops.sandbox.clock import Clock


class Sessions:
    """Bounded; the oldest session gives way."""

    def __init__(self, age_max_s: float, sessions_max: int, clock: Clock, seed: int) -> None:
        self._age_max_s = age_max_s
        self._sessions_max = sessions_max
        self._clock = clock
        self._chance = random.Random(f"{seed}:sessions:{clock.now().isoformat()}")
        self._begun: dict[str, float] = {}

    def begin(self) -> str:
        """Hand out a session."""
        session = f"SANDBOX-{self._chance.getrandbits(128):032x}"
        self._begun[session] = self._clock.monotonic()
        if len(self._begun) > self._sessions_max:
            del self._begun[next(iter(self._begun))]
        return session

    def valid(self, session: object) -> bool:
        """Whether a session was handed out and is not too old."""
        begun_s = self._begun.get(session) if isinstance(session, str) else None
        return begun_s is not None and self._clock.monotonic() - begun_s < self._age_max_s

    def expire(self) -> int:
        """End all sessions and return how many there were."""
        count = len(self._begun)
        self._begun.clear()
        return count

    def __len__(self) -> int:
        return len(self._begun)
