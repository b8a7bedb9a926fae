"""What an installation says about deliveries to one platform."""

from dataclasses import dataclass

from hub.pipeline.decide import Backoff, Patience

_FOR_EVER = Patience()


@dataclass(frozen=True, slots=True)
class Terms:
    """`backoff`: the waits between tries. `patience`: when a delivery that fails by itself is given up.

    `refusals_equal_max`: how many dossiers in a row may be refused alike before that concerns the hub and not them; 0:
    however many. `retry_after_max_s`: for how long a platform may ask to be left alone.
    """

    backoff: Backoff
    refusals_equal_max: int = 10
    patience: Patience = _FOR_EVER
    retry_after_max_s: float = 3600.0
