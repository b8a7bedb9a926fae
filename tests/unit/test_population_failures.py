"""What the hub makes of the answers by which service 037 refuses or fails, and what of that is told."""

import asyncio
import logging
from typing import Any

import pytest
from pydantic import ValidationError

from adapters.databases.population import CONFIG
from adapters.databases.population.slots import Slots
from hub.errors import HubError, NotSent, PlatformFault, RefusedUs, ReplyLost, ReplyUnreadable
from schemas.delivery import OutcomeClass
from tests.contracts.test_population_responder import (
    FULL_NAME,
    NUMBER,
    PERSON,
    Answering,
    adapter_of,
    collection,
    fault,
    query,
    settings,
    source_of,
)

PAGE = b"\xef\xbb\xbf\n<!DOCTYPE HTML><html><body>Blocked</body></html>"


async def error_of(platform: Answering, config: Any = None) -> HubError:
    """Look somebody up and return the error."""
    async with source_of(config or settings(), platform) as source:
        with pytest.raises(HubError) as failed:
            await source.lookup(query(), "000001")
    return failed.value


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, RefusedUs),
        (302, RefusedUs),
        (400, ReplyUnreadable),
        (401, RefusedUs),
        (403, RefusedUs),
        (404, RefusedUs),
        (405, RefusedUs),
        (429, NotSent),
        (500, ReplyUnreadable),
        (502, ReplyLost),
        (503, NotSent),
        (504, ReplyLost),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<a/>", collection(PERSON)], ids=["empty", "xml", "person"])
async def test_the_status_decides(status: int, expected: type[PlatformFault], body: bytes) -> None:
    """Refused clock or hash, wrong road, overload and breakdown; a good body does not heal a bad status."""
    assert expected is type(await error_of(Answering(body, status)))


@pytest.mark.parametrize(
    ("status", "expected"),
    [(200, RefusedUs), (403, RefusedUs), (503, NotSent), (502, ReplyLost), (500, ReplyUnreadable)],
)
@pytest.mark.parametrize("media_type", ["text/html; charset=utf-8", "text/xml"])
async def test_a_page_for_people_means_that_the_road_refuses(
    status: int, expected: type[PlatformFault], media_type: str
) -> None:
    """A firewall's page, by its media type or its first bytes, stands in the way; a server's page says the status."""
    assert expected is type(await error_of(Answering(PAGE, status, media_type)))


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(
    ("code", "expected", "problem"),
    [
        ("soap:Client.AuthenticationFailed", RefusedUs, "platform.refused_us"),
        ("Server.ServerProxy.AccessDenied", RefusedUs, "platform.refused_us"),
        ("Server.ClientProxy.UnknownMember", RefusedUs, "platform.refused_us"),
        ("VersionMismatch", RefusedUs, "platform.refused_us"),
        ("soap:Client", PlatformFault, "platform.refused"),
        ("soap:Server", ReplyUnreadable, "platform.unreadable"),
        ("", ReplyUnreadable, "platform.unreadable"),
    ],
)
async def test_faults_are_judged_by_their_table(
    status: int, code: str, expected: type[PlatformFault], problem: str
) -> None:
    """Whoever the code blames; the server's own trouble is told as an answer without use."""
    error = await error_of(Answering(fault(code, "x"), status))
    assert (expected, problem) == (type(error), error.problem_code)


async def test_the_table_of_faults_can_be_configured() -> None:
    """First match wins, over code and text."""
    rules = [
        {"code": "^Server", "text": "bảo trì", "outcome": "unavailable"},
        {"code": "^Server", "outcome": "refused_us"},
    ]
    config = settings(faults=rules)
    assert type(await error_of(Answering(fault("s:Server", "đang ba\u0309o tri\u0300"), 500), config)) is NotSent
    assert type(await error_of(Answering(fault("s:Server", "x"), 500), config)) is RefusedUs


def test_a_fault_is_never_a_success() -> None:
    """A table that calls a fault delivered is refused at start."""
    with pytest.raises(ValidationError):
        settings(faults=[{"outcome": OutcomeClass.DELIVERED}])


async def test_no_answer_within_the_deadline_is_a_lost_reply() -> None:
    """The deadline of a lookup ends it, however patient the road is."""
    wire = {"plain_http": "true", "connect_timeout_s": "0.01", "ready_timeout_s": "0.01", "deadline_s": "0.05"}
    error = await error_of(Answering(collection(), pause=lambda: asyncio.sleep(30)), settings(wire=wire))
    assert type(error) is ReplyLost


async def test_so_many_lookups_and_no_more_run_at_the_same_time() -> None:
    """Ten lookups through three slots: three at a time, and all answered."""
    platform = Answering(collection(), pause=lambda: asyncio.sleep(0.005))
    async with source_of(settings(lookups_max="3"), platform) as source:
        answers = await asyncio.gather(*(source.lookup(query(), f"{number}") for number in range(10)))
    assert ([()] * 10, 3) == (answers, platform.running_max)


async def test_who_finds_no_slot_is_told_that_nothing_was_sent() -> None:
    """One lookup runs and nobody may wait: the next one is turned away, and the platform never saw it."""
    gate = asyncio.Event()
    platform = Answering(collection(), pause=gate.wait)
    async with source_of(settings(lookups_max="1", waiting_max="0"), platform) as source:
        running = asyncio.create_task(source.lookup(query(), "1"))
        await asyncio.sleep(0)
        with pytest.raises(NotSent):
            await source.lookup(query(), "2")
        gate.set()
        assert not await running
    assert len(platform.requests) == 1


async def test_nobody_waits_for_a_slot_beyond_the_deadline() -> None:
    """The slot stays taken: who waits is told in time that nothing was sent, and leaves the queue to the next."""
    slots = Slots(1, 1)
    now = asyncio.get_running_loop().time
    async with slots.slot(now()):
        for _ in range(2):
            with pytest.raises(NotSent, match="deadline"):
                async with slots.slot(now() + 0.01):
                    pass
    async with slots.slot(now() + 30):
        pass


async def test_a_lookup_that_is_called_off_gives_its_slot_back() -> None:
    """Cancellation passes through, and the next lookup finds its slot."""
    gate = asyncio.Event()
    async with source_of(settings(lookups_max="1"), Answering(collection(), pause=gate.wait)) as source:
        given_up = asyncio.create_task(source.lookup(query(), "1"))
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        gate.set()
        assert not await source.lookup(query(), "2")


async def test_nothing_personal_is_logged_or_told(caplog: pytest.LogCaptureFixture) -> None:
    """With every log at its most talkative: no name, number, date, secret or word of the platform's."""
    caplog.set_level(logging.DEBUG)
    bodies = [
        collection(PERSON),
        collection(PERSON.replace("20000131", "20000231")),
        collection(PERSON.replace(NUMBER, "001000000009")),
        fault(f"soap:Client.{NUMBER}", f"{FULL_NAME} 20000131"),
        collection(PERSON)[:-30],
        f"<{FULL_NAME.replace(' ', '_')}".encode(),
        f"<!DOCTYPE a [<!ENTITY b '{FULL_NAME}'>]><a>&b;</a>".encode(),
    ]
    told = []
    for body in bodies:
        async with source_of(settings(), Answering(body)) as source:
            answers = await asyncio.gather(source.lookup(query(), "1"), return_exceptions=True)
        told += [f"{answer!r} {answer.__cause__!r}" for answer in answers if isinstance(answer, BaseException)]
    assert len(told) == len(bodies) - 1
    everything = "\n".join([*told, caplog.text, repr(settings())])
    for secret in (NUMBER, "NGUYEN", "Nguyễn", "20000", "2000-01", "SECRET-TEST", "KEY-TEST", "94449f7d"):
        assert secret not in everything


async def test_the_adapter_is_asked_and_never_told() -> None:
    """No operations; one name for configuration, audit and metrics."""
    async with adapter_of(settings(), Answering(b"")) as adapter:
        assert adapter.citizens is not None
        assert ("population", "population", 0) == (
            adapter.name,
            adapter.citizens.platform,
            len(adapter.operations),
        )


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://dancu.example/", "wire": {}},
        {"url": "dancu.example"},
        {"user": "a:b"},
        {"user": "a\nb"},
        {"api_key": ""},
        {"request_prefix": "H00 "},
        {"genders": {"1": "man"}},
        {"lookups_max": "0"},
        {"unknown": "1"},
    ],
    ids=str,
)
def test_a_wrong_configuration_is_refused(change: dict[str, Any]) -> None:
    """Plain http without leave, what no header carries, unknown words and keys."""
    with pytest.raises(ValidationError):
        settings(**change)


def test_bounds_are_short_unless_the_operator_says_otherwise() -> None:
    """Naming one bound of the wire leaves the others as they are for this platform."""
    assert (9.0, 3.0, 256 * 1024) == (
        (wire := settings(wire={"plain_http": "true", "deadline_s": "9"}).wire).deadline_s,
        wire.connect_timeout_s,
        wire.reply_bytes_max,
    )


def test_the_adapter_names_its_configuration() -> None:
    """What the composition root asks a module for."""
    assert {"url", "validation_url", "user", "secret_key", "api_key", "x_road_client"} <= set(CONFIG.model_fields)
