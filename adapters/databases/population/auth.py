"""How the hub names itself to service 037: X-Road client, API key, and a hash that is bound to a moment.

`Authorization: Basic base64(user:hash)` with hash = hex SHA-256(validation address + user + epoch ms + secret key);
the same epoch milliseconds travel in `Timestamp`, so a clock that is off is refused with HTTP 401.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from adapters.databases.population.config import PopulationConfig

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def call_headers(config: PopulationConfig, now: datetime) -> Mapping[str, str]:
    """Return the HTTP headers of one call made at `now` (aware)."""
    stamp = str((now - _EPOCH) // timedelta(milliseconds=1))
    seal = auth_hash(config.validation_url, config.user, stamp, config.secret_key.get_secret_value())
    return {
        "Content-Type": "application/xml",
        "Timestamp": stamp,
        "X-Road-Client": config.x_road_client,
        "ApiKey": config.api_key.get_secret_value(),
        "SOAPAction": '""',
        "Authorization": f"Basic {b64encode(f'{config.user}:{seal}'.encode()).decode()}",
    }


def auth_hash(validation_url: str, user: str, timestamp: str, secret_key: str) -> str:
    """Return the hash, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(f"{validation_url}{user}{timestamp}{secret_key}".encode()).hexdigest()
