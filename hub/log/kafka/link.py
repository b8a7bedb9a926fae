"""Connections to the brokers: one request, one answer, and an honest word about what came of it."""

import logging
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Self

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, NodeNotReadyError
from aiokafka.structs import TopicPartition

from hub.errors import ConfigInvalid, Unavailable, WriteInDoubt
from hub.telemetry import logger

_BACKOFF_MS = 100
_METADATA_AGE_MS = 60_000


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """How the brokers are reached: over TLS, and as whom (SASL). By default neither."""

    tls: ssl.SSLContext | None = None
    mechanism: str = ""
    user: str = ""
    password: str = ""

    def options(self) -> dict[str, Any]:
        """Return what aiokafka calls it."""
        protocol = ("SASL_" if self.mechanism else "") + ("SSL" if self.tls else "PLAINTEXT")
        options: dict[str, Any] = {"security_protocol": protocol, "ssl_context": self.tls}
        if self.mechanism:
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options


NO_ACCESS = KafkaAccess()
_log = logger("kafka")


def hush() -> None:
    """Let the client be silent: it complains many times a second while a broker is away; the hub says so once."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


async def connect(
    bootstrap: str, topics: Collection[str], request_wait_s: float, access: KafkaAccess = NO_ACCESS
) -> AIOKafkaClient:
    """Return a client that knows the brokers and where the topics lie. Errors: Unavailable."""
    hush()
    client = AIOKafkaClient(
        bootstrap_servers=bootstrap.split(","),
        client_id="hub",
        request_timeout_ms=round(request_wait_s * 1000),
        retry_backoff_ms=_BACKOFF_MS,
        metadata_max_age_ms=_METADATA_AGE_MS,
        **access.options(),
    )
    try:
        await client.bootstrap()
        if topics:
            await client.set_topics(topics)
    except (KafkaError, OSError) as error:
        await client.close()
        raise Unavailable(f"no broker answers at {bootstrap}: {type(error).__name__}") from error
    except BaseException:
        await client.close()
        raise
    return client


class Link:
    """One connection to each broker. Requests over one link are answered in their order: a patient one holds up others.

    A link repairs itself; whoever meets an error tries again.
    """

    def __init__(self, client: AIOKafkaClient, purpose: str) -> None:
        self._client = client
        self._purpose = purpose
        self._away: set[int] = set()

    @classmethod
    async def open(
        cls,
        purpose: str,
        bootstrap: str,
        topics: Collection[str],
        request_wait_s: float,
        access: KafkaAccess = NO_ACCESS,
    ) -> Self:
        """As `connect`. `purpose` is a word for the log."""
        return cls(await connect(bootstrap, topics, request_wait_s, access), purpose)

    def leader(self, topic: str, partition: int) -> int | None:
        """Return the broker that leads a partition; None when nobody does or is known to."""
        node: int | None = self._client.cluster.leader_for_partition(TopicPartition(topic, partition))
        if node is None or node < 0:
            self.refresh()
            return None
        return node

    def anyone(self) -> int | None:
        """Return one of the brokers."""
        node: int | None = self._client.get_random_node()
        return node

    def partitions(self, topic: str) -> int:
        """Return the number of partitions that the brokers have of a topic; 0 when they do not know it."""
        return len(self._client.cluster.partitions_for_topic(topic) or ())

    def refresh(self) -> None:
        """Have it looked up soon where the partitions lie."""
        self._client.force_metadata_update()

    async def looked_up(self) -> None:
        """Look up where the partitions lie, and return when that was tried."""
        await self._client.force_metadata_update()

    async def send(self, node: int, request: Any) -> Any:
        """Return the answer of a broker.

        Errors: Unavailable (the request did not leave), WriteInDoubt (it left, and no answer came), ConfigInvalid.
        """
        try:
            answer = await self._client.send(node, request)
        except NodeNotReadyError as error:
            self._note(node, away=True)
            raise Unavailable("the broker cannot be reached") from error
        except IncompatibleBrokerVersion as error:
            raise ConfigInvalid("the broker speaks none of the versions that the hub knows") from error
        # KeyError: aiokafka closes the connection of a late request by its name, and another task may have removed it.
        except (KafkaError, OSError, KeyError) as error:
            self._note(node, away=True)
            raise WriteInDoubt(f"the broker did not answer: {type(error).__name__}") from error
        self._note(node, away=False)
        return answer

    def _note(self, node: int, *, away: bool) -> None:
        """Log a change, once."""
        if away and node not in self._away:
            self._away.add(node)
            _log.warning("broker_away", host=str(node), task=self._purpose)
        elif not away and node in self._away:
            self._away.discard(node)
            _log.info("broker_back", host=str(node), task=self._purpose)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()
