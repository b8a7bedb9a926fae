"""How configuration names systems, their keys and their grants."""

from enum import StrEnum
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from hub.access.principal import Principal
from schemas.agency import AgencyCode
from schemas.event import EventKind
from schemas.model import ConfigModel
from schemas.text import Title, Token

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def _agency(value: object) -> object:
    return AgencyCode.parse(value) if isinstance(value, str) else value


AgencyEntry = Annotated[AgencyCode, BeforeValidator(_agency)]
"""An agency code in either spelling."""


class Service(StrEnum):
    """What the hub does for a caller."""

    CITIZEN_LOOKUP = "citizen.lookup"
    DOSSIER_SUBMIT = "dossier.submit"
    DOSSIER_FOLLOW = "dossier.follow"
    EVENTS = "events"
    DELIVERY_OPERATE = "delivery.operate"
    DELIVERY_APPROVE = "delivery.approve"

    @property
    def states_purpose(self) -> bool:
        """Whether each request must state a purpose (Luat 91/2025/QH15: personal data only for a stated purpose)."""
        return self is Service.CITIZEN_LOOKUP


class KeyEntry(ConfigModel):
    """One API key: its id in clear and the keyed digest of its secret. Two keys of a system allow a change of keys."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,32}$")]
    digest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Grant(ConfigModel):
    """Leave to use one service; where the service wants a purpose, for the purposes listed and no others.

    `agencies` is for `events`: whose dossiers one is told of, with those of the agencies below them; one's own agency
    when nothing stands there.
    """

    service: Service
    purposes: tuple[Token, ...] = ()
    agencies: tuple[AgencyEntry, ...] = ()

    @model_validator(mode="after")
    def _purposes_where_stated(self) -> Self:
        if self.service.states_purpose != bool(self.purposes):
            raise ValueError("purposes")
        if self.agencies and self.service is not Service.EVENTS:
            raise ValueError("agencies are for the service events")
        return self


def _callback_url(value: str) -> str:
    """Pass an https address, or an http one on this machine: what is said must not travel in clear."""
    parts = urlsplit(value)
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    if not parts.hostname or parts.username is not None or parts.fragment or not (plain or parts.scheme == "https"):
        raise ValueError("must be an https address, or an http one on this machine")
    return value


class CallbackEntry(ConfigModel):
    """Where the hub tells a system what became of its messages, and what it tells.

    `secret` signs what is sent. An event that could not be told for `give_up_after_s` is given up.
    """

    url: Annotated[str, Field(max_length=2000), AfterValidator(_callback_url)]
    secret: Annotated[SecretStr, Field(min_length=16)]
    kinds: Annotated[tuple[EventKind, ...], Field(min_length=1)] = (
        EventKind.LATE,
        EventKind.DEAD,
        EventKind.WITHDRAWN,
    )
    timeout_s: Annotated[float, Field(gt=0, le=60)] = 10.0
    give_up_after_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 86400.0


class CallerQuota(ConfigModel):
    """How often a system may come: writes and lookups a second in each process, and lookups on a day in Vietnam.

    `burst` is one second's requests where nothing stands. Nothing at all: as often as it likes.
    """

    requests_per_s: Annotated[float, Field(gt=0, le=10_000)] | None = None
    burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    lookups_per_day: Annotated[int, Field(ge=1, le=100_000_000)] | None = None

    @property
    def calls_burst(self) -> int:
        """How many requests may come at once."""
        return self.burst or max(1, round(self.requests_per_s or 1))


class SystemEntry(ConfigModel):
    """One system of one agency, with its keys and grants. What is not granted is denied."""

    agency: AgencyEntry
    system: Token
    name: Title = "-"
    keys: tuple[KeyEntry, ...] = ()
    grants: tuple[Grant, ...] = ()
    callback: CallbackEntry | None = None
    quota: CallerQuota = CallerQuota()

    @property
    def principal(self) -> Principal:
        """Return who the system is once it is authenticated."""
        return Principal(self.agency, self.system)
