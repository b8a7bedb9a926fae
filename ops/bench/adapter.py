"""An adapter for measurements: it takes the dossiers of some procedures to a platform of `ops.bench.platform`.

An installation names it `ops.bench.adapter`. It goes the way of every real adapter, over `adapters.wire`.
"""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import httpx
import orjson
from pydantic import Field

from adapters.wire.client import WireClient, make_client
from adapters.wire.exchange import exchange
from adapters.wire.settings import WireSettings
from hub.ports import CitizenSource, Clock, DoubtRule, Effect, Finding, Job, Operation, OutcomeRule, Reply
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierSubmission
from schemas.model import ConfigModel

_REPLY_BYTES_MAX = 1000
_HEADERS = {"content-type": "application/json"}


class Config(ConfigModel):
    """`name` is that of the platform; only the dossiers of its procedures go there."""

    name: str
    url: str
    procedures: tuple[str, ...]
    wire: Annotated[WireSettings, Field(default_factory=WireSettings)]


class Taking:
    """`POST /take`: the platform knows the key of a message, so that it may be sent again."""

    effect = Effect.KEYED
    on_doubt = DoubtRule.RESEND
    rules: Sequence[OutcomeRule] = (OutcomeRule(OutcomeClass.DELIVERED, http_status=(200, 299)),)

    def __init__(self, config: Config, client: WireClient) -> None:
        self.name = f"{config.name}.take"
        self.platform = config.name
        self._config = config
        self._client = client

    def parts(self, submission: DossierSubmission) -> int:
        """One for the procedures of the platform, none for others."""
        return int(submission.procedure in self._config.procedures)

    async def send(self, job: Job) -> Reply:
        """Send the dossier under the id of its message."""
        wire = self._config.wire
        answer = await exchange(
            self._client,
            "POST",
            self._config.url,
            headers=_HEADERS,
            content=orjson.dumps({"key": job.message_id, "code": job.submission.code}),
            deadline=asyncio.get_running_loop().time() + wire.deadline_s,
            reply_bytes_max=_REPLY_BYTES_MAX,
        )
        return Reply(answer.status, "", "")

    async def inquire(self, job: Job) -> Finding:
        """Raise: what is in doubt is sent again."""
        raise NotImplementedError


class BenchAdapter:
    """The `Adapter` port."""

    citizens: CitizenSource | None = None

    def __init__(self, config: Config, client: WireClient) -> None:
        self.name = config.name
        self.operations: Sequence[Operation] = (Taking(config, client),)
        self._client = client

    async def aclose(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


def build(config: Config, clock: Clock, transport: httpx.AsyncBaseTransport | None = None) -> BenchAdapter:  # noqa: ARG001 - what every adapter is built with
    """Return the adapter."""
    return BenchAdapter(config, make_client(config.wire, transport))


CONFIG = Config
