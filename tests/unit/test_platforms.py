"""What the configuration says of platforms is what the hub does with them."""

from typing import Any, cast

from hub.app.platforms import Platforms
from hub.ingress.patient_source import Manners
from hub.pipeline.decide import Backoff
from hub.pipeline.expiry import TimeLimits
from hub.pipeline.persistence import Persistence
from hub.settings import Platform
from hub.settings.sections import PlatformSection, Retry
from schemas.model import ConfigModel
from tests.fakes.citizens import MemoryCitizens

SECTION = {"name": "population", "adapter": "adapters.databases.population"}


def _platforms(**section: Any) -> Platforms:
    """Return the platforms of an installation that looks citizens up; its hub.yaml allows a minute of quiet."""
    found = PlatformSection.model_validate({**SECTION, **section})
    platform = Platform(found, module=cast("Any", None), settings=ConfigModel())
    return Platforms((), MemoryCitizens(), {"population": platform}, Retry(retry_after_max_s=60), TimeLimits(None, {}))


def test_a_source_is_asked_as_its_file_says() -> None:
    """Tries, waits, circuit and quiet; what the file leaves out has the documented default, or that of the hub."""
    said = _platforms(
        lookup={"attempts_max": "2", "first_s": "0.5", "max_s": "4"},
        circuit_open_s="3",
        circuit_open_max_s="9",
        retry={"retry_after_max_s": "20"},
    )
    assert (
        Manners(
            persistence=Persistence(2, Backoff(first_s=0.5, max_s=4.0)),
            circuit_open_s=3.0,
            circuit_open_max_s=9.0,
            quiet_max_s=20.0,
        )
        == said.manners
    )
    assert (
        Manners(
            persistence=Persistence(3, Backoff(first_s=0.2, max_s=2.0)),
            circuit_open_s=1.0,
            circuit_open_max_s=30.0,
            quiet_max_s=60.0,
        )
        == _platforms().manners
    )


def test_where_nobody_knows_citizens_nothing_is_repeated() -> None:
    """One try: there is nobody to ask."""
    assert 1 == Platforms((), MemoryCitizens(), {}, Retry(), TimeLimits(None, {})).manners.persistence.attempts_max
