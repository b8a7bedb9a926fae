"""What a topic lacks before Kafka can keep the hub's promises."""

import logging
from dataclasses import replace

import pytest

from hub.errors import Unavailable
from hub.log.kafka.limits import KafkaLimits
from hub.log.kafka.topics import Cluster, TopicState, check_topics, lacking, settings_of
from hub.settings.sections import Profile

LIMITS = KafkaLimits(record_bytes_max=2_000_000)
GOOD = TopicState(
    8,
    3,
    {
        "min.insync.replicas": "2",
        "unclean.leader.election.enable": "false",
        "cleanup.policy": "delete",
        "retention.ms": "-1",
        "retention.bytes": "-1",
        "max.message.bytes": "2001024",
    },
)
BROKER = {"offsets.retention.minutes": "43200", "offsets.topic.replication.factor": "3"}


def found(state: TopicState | None, broker: dict[str, str] | None = None, profile: Profile = Profile.PRODUCTION) -> str:
    """Say what is lacking of one topic that should have 8 partitions."""
    cluster = Cluster({"hub.commands": state}, BROKER if broker is None else broker)
    return "\n".join(lacking(cluster, {"hub.commands": 8}, profile, LIMITS))


def with_setting(name: str, value: str) -> TopicState:
    """Return the good topic with one setting changed."""
    return replace(GOOD, settings={**GOOD.settings, name: value})


def test_a_good_topic_lacks_nothing() -> None:
    """Three replicas, two in sync, and nothing goes unless the hub lets it go."""
    assert found(GOOD) == ""


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (None, "hub topics --create"),
        (replace(GOOD, partitions=4), "has 4 partitions, declared are 8"),
        (replace(GOOD, partitions=9), "has 9 partitions, declared are 8"),
        (replace(GOOD, replicas=2), "has 2 replicas, needed are 3"),
        (with_setting("min.insync.replicas", "1"), "min.insync.replicas is 1"),
        (with_setting("min.insync.replicas", "4"), "nothing can be written"),
        (with_setting("unclean.leader.election.enable", "true"), "unclean.leader.election.enable"),
        (with_setting("cleanup.policy", "compact"), "cleanup.policy"),
        (with_setting("cleanup.policy", "compact,delete"), "cleanup.policy"),
        (with_setting("retention.bytes", "1000000"), "retention.bytes"),
        (with_setting("retention.ms", "604800000"), "retention.ms must be -1"),
        (with_setting("max.message.bytes", "2001023"), "max.message.bytes is 2001023, needed is 2001024"),
        (replace(GOOD, settings={}), "max.message.bytes"),
    ],
)
def test_production_refuses_less(state: TopicState | None, word: str) -> None:
    """Each shortcoming is told in a line of its own that names what to change."""
    (line,) = [line for line in found(state).splitlines() if word in line]

    assert "hub.commands" in line


def test_production_refuses_offsets_on_one_machine() -> None:
    """Committed offsets must survive the loss of a broker, and thirty days in which the hub stands still."""
    assert "offsets.retention.minutes" in found(GOOD, {**BROKER, "offsets.retention.minutes": "43199"})
    assert "offsets.topic.replication.factor" in found(GOOD, {**BROKER, "offsets.topic.replication.factor": "1"})


def test_a_demo_may_have_one_broker_and_nothing_else() -> None:
    """A single replica is enough; the rest of the promises stands."""
    alone = replace(with_setting("min.insync.replicas", "1"), replicas=1)

    assert found(alone, {}, Profile.DEMO) == ""
    assert "partitions" in found(replace(alone, partitions=4), {}, Profile.DEMO)


@pytest.mark.parametrize("profile", list(Profile))
def test_what_is_made_lacks_nothing(profile: Profile) -> None:
    """A topic with the settings that the hub gives, on enough brokers that keep offsets for long enough, is good."""
    assert found(TopicState(8, 3, settings_of(profile, LIMITS)), BROKER, profile) == ""


async def test_brokers_that_are_away_are_told_once_and_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """By the error alone: the client's own complaints are no second line."""
    logging.getLogger("aiokafka").setLevel(logging.NOTSET)

    with pytest.raises(Unavailable, match=r"^.*no broker answers at 127\.0\.0\.1:1: KafkaConnectionError$") as caught:
        await check_topics("127.0.0.1:1", {"hub.commands": 8}, Profile.DEMO)

    assert caught.value.hint.startswith("no broker answers at")
    assert [] == caplog.records
