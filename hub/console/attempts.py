"""Wrong keys at the sign-in form: after a few for one key id, that id has to wait."""

from collections import OrderedDict
from dataclasses import dataclass

from hub.errors import CallerError
from hub.ports import Clock

_NAME_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    since_s: float


class Attempts:
    """At most `tries_max` wrong secrets for one key id in `window_s`; the last `ids_max` ids are remembered.

    Counted by key id and not by address, for behind a TLS server everybody has one address, and nobody should be able
    to lock out somebody whose id he does not know. Each process counts for itself.
    """

    def __init__(self, clock: Clock, *, tries_max: int = 5, window_s: float = 300.0, ids_max: int = 10_000) -> None:
        self._clock = clock
        self._tries_max = tries_max
        self._window_s = window_s
        self._ids_max = ids_max
        self._failures: OrderedDict[str, _Failures] = OrderedDict()

    def admit(self, token: str) -> None:
        """Pass, or raise CallerError `caller.rate` with the time to wait."""
        failures = self._current(_key_id(token))
        if failures.count >= self._tries_max:
            left_s = failures.since_s + self._window_s - self._clock.monotonic()
            raise CallerError("too many wrong keys", code="caller.rate", retry_after_s=max(1, round(left_s)))

    def failed(self, token: str) -> None:
        """Count a wrong key."""
        key_id = _key_id(token)
        failures = self._current(key_id)
        self._failures[key_id] = _Failures(failures.count + 1, failures.since_s)
        self._failures.move_to_end(key_id)
        if len(self._failures) > self._ids_max:
            self._failures.popitem(last=False)

    def _current(self, key_id: str) -> _Failures:
        now_s = self._clock.monotonic()
        found = self._failures.get(key_id)
        return found if found and now_s - found.since_s < self._window_s else _Failures(0, now_s)


def _key_id(token: str) -> str:
    """Return the id inside `hk_<id>_<secret>`; "" for what is no key and cannot become one by guessing."""
    parts = token.split("_", 2)
    return parts[1][:_NAME_CHARS_MAX] if len(parts) == 3 else ""  # noqa: PLR2004 - the three parts of a key
