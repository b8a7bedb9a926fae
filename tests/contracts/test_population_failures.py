"""Failures of service 037 and of the road to it, over real sockets."""

from collections.abc import Mapping, Sequence

from adapters.databases.population import build
from hub.errors import NotSent, RefusedUs, ReplyLost, ReplyUnreadable
from hub.ports import Adapter, OutcomeRule, Reply
from tests.clock import ManualClock
from tests.contracts.adapter_suite import WIRE, AdapterSuite, Case, Verdict, http
from tests.contracts.test_population_responder import (
    MOMENT,
    NUMBER,
    PERSON,
    Listening,
    collection,
    query,
    says,
    settings,
    source_of,
)

JUDGED: Mapping[Case, Verdict] = {
    Case.PAGE: RefusedUs,
    Case.GARBAGE: ReplyUnreadable,
    Case.EMPTY: ReplyUnreadable,
    Case.NOT_UTF8: ReplyUnreadable,
    Case.MOVED: RefusedUs,
    Case.UNAUTHORISED: RefusedUs,
    Case.FORBIDDEN: RefusedUs,
    Case.NO_PATH: RefusedUs,
    Case.TOO_MANY: NotSent,
    Case.BROKEN: ReplyUnreadable,
    Case.BAD_GATEWAY: ReplyLost,
    Case.BUSY: NotSent,
    Case.LATE_GATEWAY: ReplyLost,
}


class TestLookup(AdapterSuite):
    """Asking for a person."""

    judged = JUDGED
    private = (NUMBER, "Nguyễn", "NGUYEN", "20000131", "2000-01-31", "app01", "SECRET-TEST", "KEY-TEST")

    def build(self, url: str) -> Adapter:
        """Return the adapter."""
        return build(settings(url=f"{url}/tracuu", wire=dict(WIRE)), ManualClock(MOMENT))

    async def act(self, adapter: Adapter) -> Reply | None:
        """Look the person of the example up."""
        assert adapter.citizens is not None
        assert 1 == len(await adapter.citizens.lookup(query(), "000001"))
        return None

    def rules(self, adapter: Adapter) -> Sequence[OutcomeRule]:
        """Return none: a lookup answers or raises."""
        return ()

    def preamble(self, request: bytes) -> bytes | None:
        """Nothing comes before a lookup."""
        return None

    def good_reply(self) -> bytes:
        """One person."""
        return http(collection(PERSON), media_type="text/xml")


async def test_the_head_of_a_request_is_that_of_the_interface() -> None:
    """The lines as they stand on the wire; the quotes of the empty action included."""
    async with Listening(says(http(collection()))) as platform, source_of(settings(url=platform.url)) as source:
        await source.lookup(query(), "1")
    lines = [line.partition(": ") for line in platform.heads[0].split("\r\n")[1:]]
    heads = {name.lower(): value for name, _, value in lines}
    assert platform.heads[0].startswith("POST /tracuu HTTP/1.1\r\n")
    assert ("application/xml", '""', "1756690200000") == (
        heads["content-type"],
        heads["soapaction"],
        heads["timestamp"],
    )
