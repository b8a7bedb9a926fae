"""What an installation says about deliveries to one platform."""

from dataclasses import dataclass

from hub.pipeline.decide import Backoff


@dataclass(frozen=True, slots=True)
class Terms:
    """`backoff`: the waits between tries. `refusals_equal_max`: how many dossiers in a row may be refused alike before
    that concerns the hub and not them; 0: however many.
    """

    backoff: Backoff
    refusals_equal_max: int = 10
