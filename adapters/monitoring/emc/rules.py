"""What EMC's replies mean: the outcome table that applies where the configuration gives none.

Known: its senders tell an event and take any success of HTTP for an answer. The form of the answer is not known, so
nothing is read from it. All rows but that of success are assumed.
"""

from collections.abc import Sequence

from adapters.monitoring.emc.config import EmcConfig
from hub.ports import OutcomeRule
from schemas.delivery import OutcomeClass as Is

HTML = r"^\s*<(!doctype|html|head|body)"


def tracking_rules(config: EmcConfig) -> Sequence[OutcomeRule]:
    """Return the table of `TrackingMCDT`."""
    return tuple(rule.row() for rule in config.rules) if config.rules else ASSUMED


ASSUMED: Sequence[OutcomeRule] = (
    OutcomeRule(Is.REFUSED_US, http_status=(200, 299), text=HTML),  # a firewall's page instead of EMC
    OutcomeRule(Is.DELIVERED, http_status=(200, 299)),
    OutcomeRule(Is.REFUSED_US, http_status=(300, 399)),  # moved: the address is wrong
    OutcomeRule(Is.REFUSED_MESSAGE, http_status=(400, 400)),
    OutcomeRule(Is.UNKNOWN, http_status=(408, 408)),
    OutcomeRule(Is.REFUSED_MESSAGE, http_status=(413, 413)),
    OutcomeRule(Is.REFUSED_MESSAGE, http_status=(422, 422)),
    OutcomeRule(Is.UNAVAILABLE, http_status=(429, 429)),
    OutcomeRule(Is.REFUSED_US, http_status=(400, 499)),  # site, address, path
    OutcomeRule(Is.UNAVAILABLE, http_status=(503, 503)),  # by its definition, not handled
)
"""First match wins; none means unknown, which is what other server errors are."""
