"""What a topic must be so that Kafka keeps the hub's promises: a pure decision, and its two effects.

Source: design of the log, "durable has a definition"; the names are Kafka's topic and broker settings.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from hub.errors import ConfigInvalid, Unavailable
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.link import NO_ACCESS, KafkaAccess, hush
from hub.settings.sections import Profile

OFFSETS_RETENTION_MINUTES_MIN = 30 * 24 * 60
_FOREVER = -1
_REPLICAS_MIN = {Profile.PRODUCTION: 3, Profile.DEMO: 1}
_IN_SYNC_MIN = {Profile.PRODUCTION: 2, Profile.DEMO: 1}
_BATCH_OVERHEAD_BYTES = 1024
_REQUEST_WAIT_MS = 10_000
_EXISTS = 36
_OFFSETS_RETENTION = "offsets.retention.minutes"
_OFFSETS_REPLICAS = "offsets.topic.replication.factor"
_UNKNOWN = -2


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as the brokers have it. `replicas` is that of its weakest partition, `settings` are those in force."""

    partitions: int
    replicas: int
    settings: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str) -> int:
        """Return a setting as a number."""
        return _number(self.settings, name)


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the brokers say: topics by name, None for those that do not exist, and the settings of one broker."""

    topics: Mapping[str, TopicState | None]
    settings: Mapping[str, str]


def lacking(cluster: Cluster, partitions: Mapping[str, int], profile: Profile, limits: KafkaLimits) -> list[str]:
    """Return what stands between the topics and the hub's promises, one line each; nothing when all is well."""
    lines = _lacking_of_brokers(cluster.settings) if profile is Profile.PRODUCTION else []
    for topic, count in partitions.items():
        state = cluster.topics.get(topic)
        if state is None:
            lines.append(f"topic {topic} does not exist; `hub topics --create` makes it")
            continue
        lines += [f"topic {topic}: {line}" for line in _lacking_of_topic(state, count, profile, limits)]
    return lines


def _lacking_of_brokers(settings: Mapping[str, str]) -> list[str]:
    lines = []
    if _number(settings, _OFFSETS_REPLICAS) < _REPLICAS_MIN[Profile.PRODUCTION]:
        lines.append(f"brokers: {_OFFSETS_REPLICAS} must be 3 or more, or committed offsets can be lost")
    if _number(settings, _OFFSETS_RETENTION) < OFFSETS_RETENTION_MINUTES_MIN:
        lines.append(
            f"brokers: {_OFFSETS_RETENTION} must be {OFFSETS_RETENTION_MINUTES_MIN} or more: a group whose offsets are "
            "forgotten while the hub stands still begins at the start again"
        )
    return lines


def _lacking_of_topic(state: TopicState, count: int, profile: Profile, limits: KafkaLimits) -> list[str]:
    lines = []
    if state.partitions != count:
        lines.append(f"has {state.partitions} partitions, declared are {count}; the number never changes")
    if state.replicas < _REPLICAS_MIN[profile]:
        lines.append(f"has {state.replicas} replicas, needed are {_REPLICAS_MIN[profile]}")
    in_sync = state.number("min.insync.replicas")
    if in_sync < _IN_SYNC_MIN[profile]:
        lines.append(f"min.insync.replicas is {in_sync}, needed is {_IN_SYNC_MIN[profile]}")
    if in_sync > state.replicas:
        lines.append(
            f"min.insync.replicas is {in_sync}, more than its {state.replicas} replicas: nothing can be written"
        )
    if state.settings.get("unclean.leader.election.enable") != "false":
        lines.append("unclean.leader.election.enable must be false, or acknowledged records can be lost")
    if state.settings.get("cleanup.policy") != "delete":
        lines.append("cleanup.policy must be delete: compaction removes records that were not read yet")
    lines += [
        f"{name} must be -1: the hub lets go of records itself, and never of what is owed"
        for name in ("retention.ms", "retention.bytes")
        if state.number(name) != _FOREVER
    ]
    needed = max(limits.record_bytes_max, limits.batch_bytes_max) + _BATCH_OVERHEAD_BYTES
    if state.number("max.message.bytes") < needed:
        lines.append(f"max.message.bytes is {state.number('max.message.bytes')}, needed is {needed}")
    return lines


def settings_of(profile: Profile, limits: KafkaLimits) -> dict[str, str]:
    """Return the settings that a topic is made with."""
    return {
        "min.insync.replicas": str(_IN_SYNC_MIN[profile]),
        "unclean.leader.election.enable": "false",
        "cleanup.policy": "delete",
        "retention.ms": str(_FOREVER),
        "retention.bytes": str(_FOREVER),
        "max.message.bytes": str(max(limits.record_bytes_max, limits.batch_bytes_max) + _BATCH_OVERHEAD_BYTES),
    }


async def check_topics(
    bootstrap: str,
    partitions: Mapping[str, int],
    profile: Profile,
    limits: KafkaLimits | None = None,
    access: KafkaAccess = NO_ACCESS,
) -> list[str]:
    """Ask the brokers, and return what is lacking. Errors: Unavailable."""
    admin = await _admin(bootstrap, access)
    try:
        return lacking(await _cluster(admin, list(partitions)), partitions, profile, limits or KafkaLimits())
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"the brokers do not tell about topics: {type(error).__name__}") from error
    finally:
        await admin.close()


async def ensure_topics(
    bootstrap: str,
    partitions: Mapping[str, int],
    profile: Profile,
    limits: KafkaLimits | None = None,
    access: KafkaAccess = NO_ACCESS,
) -> list[str]:
    """Make the topics that do not exist, and return their names. What exists is not changed.

    Errors: ConfigInvalid whose hint lists what is lacking afterwards, Unavailable.
    """
    limits = limits or KafkaLimits()
    admin = await _admin(bootstrap, access)
    try:
        cluster = await _cluster(admin, list(partitions))
        missing = [topic for topic in partitions if cluster.topics[topic] is None]
        for topic in missing:
            await _make(admin, topic, partitions[topic], profile, limits)
        found = await _settled(admin, list(partitions))
    except (KafkaError, OSError, TimeoutError) as error:
        raise Unavailable(f"the brokers do not tell about topics: {type(error).__name__}") from error
    finally:
        await admin.close()
    if lines := lacking(found, partitions, profile, limits):
        raise ConfigInvalid("\n".join(lines))
    return missing


async def _admin(bootstrap: str, access: KafkaAccess) -> AIOKafkaAdminClient:
    hush()
    admin = AIOKafkaAdminClient(
        bootstrap_servers=bootstrap.split(","), request_timeout_ms=_REQUEST_WAIT_MS, **access.options()
    )
    try:
        await admin.start()
    except (KafkaError, OSError) as error:
        await admin.close()
        raise Unavailable(f"no broker answers at {bootstrap}: {type(error).__name__}") from error
    return admin


async def _make(admin: Any, topic: str, count: int, profile: Profile, limits: KafkaLimits) -> None:
    new = NewTopic(topic, count, _REPLICAS_MIN[profile], topic_configs=settings_of(profile, limits))
    answer = await admin.create_topics([new])
    for _, code, reason in answer.topic_errors:
        if code not in {0, _EXISTS}:
            raise ConfigInvalid(f"topic {topic} cannot be made: {reason or f'code {code} of Kafka'}")


async def _settled(admin: Any, topics: Sequence[str]) -> Cluster:
    """Describe topics of which some were just made: each broker hears of them a little later."""
    for _ in range(50):
        cluster = await _cluster(admin, topics)
        if all(state is not None and state.settings for state in cluster.topics.values()):
            return cluster
        await asyncio.sleep(0.1)
    return cluster


async def _cluster(admin: Any, topics: Sequence[str]) -> Cluster:
    described = {entry["topic"]: entry for entry in await admin.describe_topics(topics)}
    present = [topic for topic in topics if described[topic]["error_code"] == 0]
    settings = await _settings(admin, ConfigResourceType.TOPIC, present)
    states: dict[str, TopicState | None] = dict.fromkeys(topics)
    for topic in present:
        parts = described[topic]["partitions"]
        weakest = min((len(part["replicas"]) for part in parts), default=0)
        states[topic] = TopicState(len(parts), weakest, settings.get(topic, {}))
    node = str((await admin.describe_cluster())["brokers"][0]["node_id"])
    return Cluster(states, (await _settings(admin, ConfigResourceType.BROKER, [node])).get(node, {}))


async def _settings(admin: Any, kind: ConfigResourceType, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return the settings in force, by resource; a resource that a broker does not know (yet) is left out."""
    if not names:
        return {}
    answers = await admin.describe_configs([ConfigResource(kind, name) for name in names])
    return {
        name: {entry[0]: entry[1] or "" for entry in entries}
        for answer in answers
        for code, _, _, name, entries in answer.resources
        if code == 0
    }


def _number(settings: Mapping[str, str], name: str) -> int:
    """Read a number; one that nobody told counts as too small for anything."""
    return int(settings.get(name) or _UNKNOWN)
