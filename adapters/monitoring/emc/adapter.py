"""EMC behind its wire format, and how it is built from configuration."""

import asyncio
import unicodedata
from collections.abc import Sequence

import httpx
import orjson

from adapters.monitoring.emc.config import EmcConfig
from adapters.monitoring.emc.rules import tracking_rules
from adapters.monitoring.emc.tracking import event
from adapters.wire.client import WireClient, make_client
from adapters.wire.exchange import exchange
from hub.errors import RefusedUs, ReplyLost
from hub.ports import CitizenSource, Clock, DoubtRule, Effect, Finding, Job, Operation, OutcomeRule, Reply
from schemas.dossier import DossierSubmission

PLATFORM = "emc"
TEXT_CHARS_MAX = 2000
_HEADERS = {"accept": "application/json", "content-type": "application/json"}


class DossierTracking:
    """`POST /TrackingMCDT`: an event is added; EMC neither recognises a repeat nor can be asked."""

    name = f"{PLATFORM}.dossier_tracking"
    platform = PLATFORM
    effect = Effect.APPEND

    def __init__(self, config: EmcConfig, client: WireClient) -> None:
        self._config = config
        self._client = client
        self._url = str(config.url)
        self.on_doubt = DoubtRule(config.on_doubt.value)
        self.rules: Sequence[OutcomeRule] = tracking_rules(config)

    def parts(self, submission: DossierSubmission) -> int:  # noqa: ARG002 - the port asks
        """One event per accepted state; none while the site has no registration."""
        return 0 if self._config.site_id is None else 1

    async def send(self, job: Job) -> Reply:
        """Tell the event once. RefusedUs when the registration was taken away after the event was accepted."""
        if self._config.site_id is None:
            raise RefusedUs("EMC has no site_id")
        answer = await exchange(
            self._client,
            "POST",
            self._url,
            headers=_HEADERS,
            content=orjson.dumps(event(job.submission, job.procedure, self._config)),
            deadline=asyncio.get_running_loop().time() + self._config.wire.deadline_s,
            reply_bytes_max=self._config.wire.reply_bytes_max,
        )
        return Reply(answer.status, "", _text(answer.body), answer.retry_after_s)

    async def inquire(self, job: Job) -> Finding:  # noqa: ARG002 - the port asks
        """Raise ReplyLost: no service of EMC tells which events it has."""
        raise ReplyLost("EMC cannot be asked about events")


class EmcAdapter:
    """The `Adapter` port for EMC."""

    name = PLATFORM
    citizens: CitizenSource | None = None

    def __init__(self, config: EmcConfig, client: WireClient) -> None:
        self._client = client
        self.operations: Sequence[Operation] = (DossierTracking(config, client),)

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def build(config: EmcConfig, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> EmcAdapter:  # noqa: ARG001 - what every adapter is built with
    """Return the adapter. Nothing is sent before the first event."""
    return EmcAdapter(config, make_client(config.wire, transport))


def _text(body: bytes) -> str:
    """Return the beginning of an answer, in NFC."""
    return unicodedata.normalize("NFC", body[: 4 * TEXT_CHARS_MAX].decode("utf-8", errors="replace")[:TEXT_CHARS_MAX])
