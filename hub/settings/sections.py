"""The sections of the configuration files; adapters and access define theirs themselves.

Units stand last in the names; the defaults are what one machine with one hub does well with.
"""

from datetime import time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, Field, SecretBytes, ValidationError, field_validator, model_validator

from hub.access import AgencyEntry, Grant, SystemEntry
from hub.errors import ConfigInvalid
from hub.settings.address import Address, LogAddress, StoreAddress
from schemas.calendar import ClockTime
from schemas.maintenance import Maintenance
from schemas.model import ConfigModel
from schemas.procedure import Procedure
from schemas.text import Name, Token

_Entry = TypeVar("_Entry")
_KEY_BYTES = 32


def _key(secret: SecretBytes) -> SecretBytes:
    try:
        key = bytes.fromhex(secret.get_secret_value().decode())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise ValueError(f"must be {2 * _KEY_BYTES} hexadecimal digits")
    return SecretBytes(key)


def _some(entries: tuple[_Entry, ...]) -> tuple[_Entry, ...]:
    if not entries:
        raise ValueError("must not be empty")
    return entries


Key = Annotated[SecretBytes, AfterValidator(_key)]
"""A key of 32 bytes, written as 64 hexadecimal digits."""

Seconds = Annotated[float, Field(gt=0, le=86400)]


class Listen(ConfigModel):
    """Where the hub's door is. Port 0 lets the system choose."""

    host: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[0-9A-Za-z.:_-]+$")]
    port: Annotated[int, Field(ge=0, le=65535)]

    @model_validator(mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        host, colon, port = value.rpartition(":")
        if not colon or not port.isdecimal():
            raise ValueError("must be host:port, such as 127.0.0.1:8080")
        return {"host": host.strip("[]"), "port": port}

    @property
    def address(self) -> str:
        """Where a client on this machine finds the door."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


def read_listen(text: str) -> Listen:
    """Read host:port as a command line gives it. ConfigInvalid says what is wrong."""
    try:
        return Listen.model_validate(text)
    except ValidationError as error:
        raise ConfigInvalid(f"--listen {text}: {error.errors()[0]['msg']}") from None


class Limits(ConfigModel):
    """Bounds of the whole hub. Lower `window_records` only after a clean stop; `partitions` never change."""

    body_bytes_max: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)] = 1024 * 1024
    requests_in_flight_max: Annotated[int, Field(ge=1, le=100_000)] = 512
    window_records: Annotated[int, Field(ge=1, le=100_000)] = 1000
    inflight_park_after_s: Seconds = 1.0
    disk_free_bytes_min: Annotated[int, Field(ge=0)] = 512 * 1024 * 1024
    partitions: Annotated[int, Field(ge=1, le=256)] = 8
    backlog_max: Annotated[int, Field(ge=1)] = 1_000_000
    platform_backlog_max: Annotated[int, Field(ge=1)] = 200_000


class Retry(ConfigModel):
    """Waiting between the tries of a delivery: any time below a ceiling, which doubles from `first_s` to `max_s`.

    What fails `attempts_max` times, or once more `age_max_s` after its acceptance, is given up and waits for a person;
    only tries count that fail while the platform takes others. Nothing is given up where nothing stands. A platform
    that asks to be left alone (Retry-After) is left alone for `retry_after_max_s` at most.
    """

    first_s: Seconds = 1.0
    max_s: Seconds = 300.0
    attempts_max: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    age_max_s: Annotated[float, Field(gt=0, le=366 * 86400)] | None = None
    retry_after_max_s: Annotated[float, Field(ge=1, le=86400)] = 3600.0

    @field_validator("max_s")
    @classmethod
    def _in_order(cls, value: float, info: Any) -> float:
        if value < info.data.get("first_s", 0):
            raise ValueError("must not be less than first_s")
        return value


class Deadlines(ConfigModel):
    """How long somebody waits: a caller for an acceptance or a lookup, a stop for the calls under way.

    A delivery that is not final after `late_after_s` is late, and its sender is told; a platform to which something is
    owed and that took nothing for `silence_after_s` is silent, and operators are.
    """

    accept_s: Seconds = 10.0
    lookup_s: Seconds = 30.0
    drain_s: Seconds = 10.0
    late_after_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 4 * 3600.0
    silence_after_s: Annotated[float, Field(gt=0, le=30 * 86400)] = 900.0


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


Days = Annotated[int, Field(ge=1, le=36_500)]


class Retention(ConfigModel):
    """For how many days what is kept at least, and every how many seconds somebody looks. What is owed always stays.

    The first five are topics of the log; `ledger_days` is for messages and all that is known of them in the store,
    `inbox_days` for the keys by which a repeated request is recognised, `orders_days` for what operators ordered,
    counted from its end, `reconciliation_days` for runs of the reconciliation. With `erase_keys` the data key of a
    dossier is destroyed with its last message; that of an order always goes with it.
    """

    enabled: bool = True
    every_s: Seconds = 300.0
    commands_days: Days = 30
    outcomes_days: Days = 30
    events_days: Days = 90
    audit_log_days: Days = 365
    control_days: Days = 30
    ledger_days: Days = 5 * 365 + 2
    inbox_days: Days = 90
    audit_days: Days = 10 * 365 + 3
    orders_days: Days = 5 * 365 + 2
    reconciliation_days: Days = 400
    erase_keys: bool = False

    @model_validator(mode="after")
    def _store_outlives_log(self) -> Self:
        if self.ledger_days < max(self.commands_days, self.outcomes_days):
            raise ValueError("ledger_days must not be less than commands_days and outcomes_days")
        if self.audit_days < self.audit_log_days:
            raise ValueError("audit_days must not be less than audit_log_days")
        if self.orders_days < self.ledger_days:
            raise ValueError("orders_days must not be less than ledger_days")
        return self


class Reconciliation(ConfigModel):
    """The comparison of what was delivered with what platforms show, every night `at` (time of the province).

    A run looks at what was received in the last `days_back` days, but not in the last `settled_s`, with `calls_max`
    calls at most. What is missing is sent again, unless it is more than `resend_max`, or ten and more than
    `lacking_percent_max` of what was compared: then a person has to look first. More than `alarm_above` differences
    raise an alarm.
    """

    enabled: bool = True
    at: ClockTime = time(2, 30)
    days_back: Annotated[int, Field(ge=1, le=3650)] = 8
    settled_s: Annotated[float, Field(ge=0, le=7 * 86400)] = 900.0
    calls_per_s: Annotated[float, Field(ge=0.01, le=100)] = 2.0
    calls_max: Annotated[int, Field(ge=1, le=1_000_000)] = 30_000
    resend: bool = True
    resend_max: Annotated[int, Field(ge=0, le=100_000)] = 100
    lacking_percent_max: Annotated[int, Field(ge=0, le=100)] = 20
    alarm_above: Annotated[int, Field(ge=0, le=1_000_000)] = 10


class Operators(ConfigModel):
    """What is asked of operators' orders.

    With `approvals` 1 another account must approve orders that touch more than `approve_bulk_above` deliveries, within
    `order_ttl_s`.
    """

    approvals: Annotated[int, Field(ge=0, le=1)] = 0
    approve_bulk_above: Annotated[int, Field(ge=0, le=20_000)] = 0
    order_ttl_s: Annotated[float, Field(gt=0, le=90 * 86400)] = 7 * 86400.0


class HubSection(ConfigModel):
    """`hub.yaml`. `home` is where the hub keeps its files; relative to the installation folder.

    `sandbox` says that the platforms are not the real ones, and the screens say so too. `public_url` is the address
    under which others reach the door.
    """

    title: Name = "Trục tích hợp, chia sẻ dữ liệu"
    listen: Listen = Listen(host="127.0.0.1", port=8080)
    home: Path
    log: LogAddress = Address("sqlite:///log.db")
    store: StoreAddress = Address("sqlite:///store.db")
    keys: StoreAddress = Address("sqlite:///keys.db")
    kafka: Kafka = Kafka()
    secrets: Secrets
    limits: Limits = Limits()
    retry: Retry = Retry()
    deadlines: Deadlines = Deadlines()
    retention: Retention = Retention()
    operators: Operators = Operators()
    reconciliation: Reconciliation = Reconciliation()
    sandbox: bool = False
    public_url: Annotated[str, Field(max_length=255, pattern=r"^https?://[^\s?#]+[^/\s?#]$")] | None = None

    def file(self, address: Address) -> Path:
        """Return the file of an embedded log or store."""
        return self.home / address.path

    @property
    def sockets(self) -> Path:
        """Where the running processes have their admin sockets, `<name>.sock`."""
        return self.home / "run"

    @property
    def shared(self) -> bool:
        """Whether several processes can work on the log and the stores at once."""
        return not (self.log.embedded or self.store.embedded or self.keys.embedded)


class Agency(ConfigModel):
    """One agency that the hub knows."""

    code: AgencyEntry
    name: Name


class AgenciesFile(ConfigModel):
    """`agencies.yaml`."""

    agencies: Annotated[tuple[Agency, ...], Field(max_length=10_000), AfterValidator(_some)]


class SystemsFile(ConfigModel):
    """`systems.yaml`: who may call, with the digests of their keys."""

    systems: Annotated[tuple[SystemEntry, ...], Field(max_length=10_000)] = ()


class SystemGrants(ConfigModel):
    """What one system may use."""

    agency: AgencyEntry
    system: Token
    grants: tuple[Grant, ...]


class GrantsFile(ConfigModel):
    """`grants.yaml`: what is not listed here is denied."""

    grants: Annotated[tuple[SystemGrants, ...], Field(max_length=10_000)] = ()


class ProceduresFile(ConfigModel):
    """`procedures.yaml`: every version of every procedure, each with the days on which it holds."""

    procedures: Annotated[tuple[Procedure, ...], Field(max_length=20_000), AfterValidator(_some)]


class Quota(ConfigModel):
    """How often the hub may call a platform: on average, at once, and on one day in Vietnam; all processes together.

    `burst` is one second's calls where nothing stands. Nothing at all: as often as one likes.
    """

    calls_per_s: Annotated[float, Field(gt=0, le=10_000)] | None = None
    burst: Annotated[int, Field(ge=1, le=100_000)] | None = None
    calls_per_day: Annotated[int, Field(ge=1, le=100_000_000)] | None = None

    @model_validator(mode="after")
    def _burst_of_a_rate(self) -> Self:
        if self.burst is not None and self.calls_per_s is None:
            raise ValueError("burst needs calls_per_s")
        return self

    @property
    def calls_burst(self) -> int:
        """How many calls may begin at once."""
        return self.burst or max(1, round(self.calls_per_s or 1))


class LookupTries(ConfigModel):
    """How often the source of lookups is asked within one lookup, when a try finds no answer; 1: once.

    Between tries: any time below a ceiling, which doubles from `first_s` to `max_s`. All of them together last
    `deadlines.lookup_s` at most.
    """

    attempts_max: Annotated[int, Field(ge=1, le=10)] = 3
    first_s: Annotated[float, Field(gt=0, le=60)] = 0.2
    max_s: Annotated[float, Field(gt=0, le=60)] = 2.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max_s < self.first_s:
            raise ValueError("max_s must not be less than first_s")
        return self


class PlatformSection(ConfigModel):
    """One file of `platforms/`: which adapter speaks to the platform, and how much of the hub it may use.

    `settings` belongs to the adapter, whose module says what may stand there. The titles are what screens show. What
    has not arrived `deliver_within_working_hours` after its acceptance expires; that needs `calendar.yaml`. During its
    `maintenance` nobody calls the platform. `lookup` is for the one that citizens are looked up in.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    adapter: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$", max_length=200)]
    enabled: bool = True
    title_vi: Name | None = None
    title_en: Name | None = None
    concurrency_max: Annotated[int, Field(ge=1, le=1000)] = 32
    hot_max: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    circuit_open_s: Seconds = 1.0
    circuit_open_max_s: Seconds = 30.0
    retry: Retry | None = None
    lookup: LookupTries = LookupTries()
    refusals_equal_max: Annotated[int, Field(ge=0, le=1000)] = 10
    quota: Quota = Quota()
    maintenance: Maintenance = Maintenance()
    deliver_within_working_hours: Annotated[float, Field(gt=0, le=2000)] | None = None
    settings: Annotated[dict[str, Any], Field(default_factory=dict)]
