"""What log and stores need: keys, and how a Kafka cluster is used."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from hub.settings.sections.values import Key
from schemas.model import ConfigModel


class Secrets(ConfigModel):
    """The hub's own keys: for data keys, API keys, fingerprints of bodies, and digests of persons in the audit."""

    master_key: Key
    api_key_pepper: Key
    fingerprint_key: Key
    subject_key: Key


class Profile(StrEnum):
    """What is asked of a Kafka cluster: production wants every record on three machines, demo takes one broker."""

    PRODUCTION = "production"
    DEMO = "demo"


class Kafka(ConfigModel):
    """How the hub uses Kafka. A worker that is silent for `session_timeout_s` loses its partitions to others.

    With `static_members` a worker that has a name (`--name`) and is back within that time gets its partitions back, and
    nobody else is disturbed; the price is that nobody takes them over any sooner, either.
    """

    profile: Profile = Profile.PRODUCTION
    static_members: bool = False
    session_timeout_s: Annotated[float, Field(ge=1, le=300)] = 30.0
