"""The operators' commands ask a running hub, and say plainly what it answers."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from hub.cli.commands import main
from hub.cli.orders import told
from hub.ports import DeliveryId
from schemas.order import OrderAction, OrderCounts, OrderState
from tests.fakes.desk import KNOWN, ORDER_ID, order
from tests.fakes.rest import House
from tests.fakes.served import served

NAME = f"{KNOWN.message_id}/{KNOWN.operation}/{KNOWN.part}"
WHO = ("--officer", "vh01")
WHY = ("--reason", "đã kiểm tra", *WHO)


class Terminal:
    """Runs commands against a house behind a real server; `said` and `complained` are what the last one wrote."""

    def __init__(self, house: House, address: str, key: Path) -> None:
        self.house = house
        self._hub = ("--url", address, "--key", str(key))
        self.said = ""
        self.complained = ""

    async def run(self, *arguments: str, group: int = 1) -> int:
        """Run a command, with the options of the hub behind its name; return its exit code."""
        return await asyncio.to_thread(self._run, [*arguments[:group], *self._hub, *arguments[group:]])

    def _run(self, arguments: list[str]) -> int:
        said, complained = io.StringIO(), io.StringIO()
        with redirect_stdout(said), redirect_stderr(complained), pytest.raises(SystemExit) as ended:
            main(arguments)
        # The house logs in the same process.
        lines = said.getvalue().splitlines(keepends=True)
        self.said = "".join(line for line in lines if "component=" not in line)
        self.complained = complained.getvalue()
        return int(ended.value.code or 0)


@pytest.fixture
async def terminal(tmp_path: Path) -> AsyncIterator[Terminal]:
    """A terminal with the key of an operator."""
    house = House()
    key = tmp_path / "key"
    key.write_text(house.tokens["motcua"])
    async with served(house.app) as address:
        yield Terminal(house, address, key)


async def test_dead_list_shows_names_that_can_be_typed(terminal: Terminal) -> None:
    """And passes the filter on."""
    assert 0 == await terminal.run("dead", "list", "--platform", "national_portal", "--state", "dead", group=2)

    assert terminal.said.splitlines()[0] == NAME
    assert "accepted 22/11/2026 08:00:00" in terminal.said
    ((state, wanted, after, _),) = terminal.house.letters.asked
    assert ("dead", "national_portal", None) == (state, wanted.platform, after)


async def test_dead_show_states_who_reads(terminal: Terminal) -> None:
    """The officer and the purpose travel in headers."""
    assert 0 == await terminal.run("dead", "show", NAME, *WHO, "--purpose", "khieu-nai", group=2)

    assert [(KNOWN, "vh01", "khieu-nai")] == [read[:3] for read in terminal.house.letters.read]
    assert "the platform said: vì" in terminal.said


async def test_replay_corrects_fields(terminal: Terminal, tmp_path: Path) -> None:
    """A file first, single fields over it; values are JSON, or else text."""
    patch = tmp_path / "patch.json"
    patch.write_text('{"summary": "Một", "applicant": {"phone": "1"}}')
    fields = ("--set", "applicant.phone=null", "--set", "processing_unit=UBND phường", "--set", 'note="7"')
    options = ("--patch", str(patch), *fields, "--rate", "5", "--max", "7", "--platform", "national_portal")

    assert 0 == await terminal.run("replay", *WHY, *options, "--no-wait")

    ((request, key),) = terminal.house.orders.placed
    assert len(key) >= 16
    expected = {
        "summary": "Một",
        "applicant": {"phone": None},
        "processing_unit": "UBND phường",
        "note": "7",
    }
    assert (expected, 5.0, 7) == (request.correction, request.rate_per_s, request.select.deliveries_max)
    assert f"{ORDER_ID}  replay approved, 0 of 1, 1 waiting" == terminal.said.splitlines()[0]


@pytest.mark.parametrize(
    ("command", "action"),
    [
        (("replay", NAME), OrderAction.REPLAY),
        (("discard", NAME), OrderAction.DISCARD),
        (("supersede", NAME), OrderAction.SUPERSEDED),
        (("settle", NAME, "--arrived"), OrderAction.ARRIVED),
        (("settle", NAME, "--not-arrived"), OrderAction.NOT_ARRIVED),
    ],
)
async def test_each_command_has_its_action(terminal: Terminal, command: tuple[str, ...], action: OrderAction) -> None:
    """About the delivery that is named."""
    assert 0 == await terminal.run(*command, *WHY, "--no-wait")

    ((request, _),) = terminal.house.orders.placed
    name = request.select.delivery
    assert name is not None
    assert (action, KNOWN) == (request.action, DeliveryId(name.message_id, name.operation, name.part))


async def test_a_dry_run_says_what_it_would_touch(terminal: Terminal) -> None:
    """And waits for nothing."""
    assert 0 == await terminal.run("replay", *WHY, "--platform", "national_portal", "--dry-run")

    assert "replay: would touch 1, the correction does not fit 0" == terminal.said.splitlines()[0]


async def test_an_order_is_followed_to_its_end(terminal: Terminal) -> None:
    """The command ends with the order, and says what became of it."""
    terminal.house.orders.state = OrderState.DONE

    assert 0 == await terminal.run("discard", NAME, *WHY)

    assert f"{ORDER_ID}  replay done, 1 of 1, 1 delivered" == terminal.said.splitlines()[0]


async def test_orders_are_looked_after(terminal: Terminal) -> None:
    """List, show, approve, refuse, stop."""
    for command, words in (
        (("orders",), "H56.14/motcua (vanhanh01)"),
        (("orders", "list"), "replay approved"),
        (("orders", "show", ORDER_ID), "why: vì"),
        (("orders", "approve", ORDER_ID, *WHO), "replay approved"),
        (("orders", "approve", ORDER_ID, *WHO, "--refuse"), "replay refused"),
        (("orders", "stop", ORDER_ID, *WHO), "replay stopping"),
    ):
        assert 0 == await terminal.run(*command, group=min(2, len(command))), terminal.complained
        assert words in terminal.said


def test_an_order_that_touches_nothing_says_so() -> None:
    """An operator whose filter is mistyped learns it."""
    empty = order().model_copy(update={"counts": OrderCounts()})
    assert "    nothing that waits matches it" in told(empty)
    assert "    nothing that waits matches it" not in told(order())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("replay", *WHY), "name a delivery, or give a filter"),
        (("replay", NAME, *WHY, "--platform", "x"), "not both"),
        (("replay", "abc", *WHY), "MESSAGE/OPERATION/PART"),
        (("replay", NAME, *WHY, "--set", "code=x"), "leaves code and revision as they are"),
        (("replay", f"{KNOWN.message_id}/{KNOWN.operation}/99999999999999999999", *WHY), "MESSAGE/OPERATION/PART"),
        (("replay", "--platform", "x", *WHY, "--max", "99999999999999999999"), "--max"),
        (("replay", "--platform", "x", *WHY, "--code", ""), "--code"),
        (("replay", NAME, "--officer", "vh01", "--reason", "x"), "--reason"),
        (("replay", NAME, *WHY, "--set", "summary"), "FIELD=VALUE"),
        (("replay", NAME, *WHY, "--set", "a=1", "--set", "a.b=2"), "a has no fields"),
        (("replay", NAME, *WHY, "--rate", "0"), "--rate"),
        (("discard", "--platform", "x", "--older-than", "2 weeks", *WHY), "such as 6h"),
        (("discard", "--platform", "x", "--older-than", "999999d", *WHY), "such as 6h"),
        (("discard", "--platform", "x", "--reason", "đã kiểm tra", "--officer", "Lê Thị Á"), "unaccented letters"),
        (("discard", "--platform", "x", *WHY, "--url", "http://[::1"), "an address such as"),
        (("discard", "--platform", "x", *WHY, "--url", "lgsp.example"), "an address such as"),
    ],
)
async def test_wrong_usage_is_told_before_anything_is_asked(
    terminal: Terminal, arguments: tuple[str, ...], words: str
) -> None:
    """Exit code 2, and no order is placed."""
    assert 2 == await terminal.run(*arguments)

    assert words in " ".join(terminal.complained.replace("│", " ").split())
    assert [] == terminal.house.orders.placed


async def test_a_correction_that_cannot_be_written_down_is_told(terminal: Terminal, tmp_path: Path) -> None:
    """Nested deeper than JSON is written."""
    (tmp_path / "deep.json").write_text('{"a":' * 600 + "1" + "}" * 600)

    assert 2 == await terminal.run("replay", NAME, *WHY, "--patch", str(tmp_path / "deep.json"))

    assert "the correction is nested too deep" in terminal.complained


@pytest.mark.parametrize(
    "arguments", [("dead", "show", NAME), ("orders", "stop", ORDER_ID), ("orders", "approve", ORDER_ID)]
)
async def test_an_officer_is_an_account_and_not_a_person(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    """A full name is refused by the option's name, and is not repeated."""
    assert 2 == await terminal.run(*arguments, "--officer", "Lê Thị Á", group=2)

    assert "--officer" in terminal.complained
    assert "Thị" not in terminal.complained


async def test_a_file_that_holds_more_than_a_key_is_told(terminal: Terminal, tmp_path: Path) -> None:
    """Such as everything that hub init has printed, or a word that no header can carry."""
    for held in ("API key of H56:\nhk_0000_a", "khóa"):
        (tmp_path / "key").write_text(held, encoding="utf-8")
        assert 1 == await terminal.run("dead", "list", group=2)
        assert 1 == terminal.complained.count("\n")
        assert "API key" in terminal.complained


async def test_a_refusal_is_one_line_with_its_code(terminal: Terminal, tmp_path: Path) -> None:
    """What the hub said, in English, and exit code 1."""
    assert 1 == await terminal.run("orders", "show", "0" * 32, group=2)
    assert "the hub has no such delivery or order, or it belongs to another agency\n" == terminal.complained
    (tmp_path / "key").write_text(terminal.house.tokens["nobody"])
    assert 1 == await terminal.run("dead", "list", group=2)
    assert "(caller.no_grant)" in terminal.complained
    (tmp_path / "key").write_text("hk_0000_wrong")
    assert 1 == await terminal.run("dead", "list", group=2)
    assert terminal.complained.startswith("the hub does not know this API key; ")


async def test_an_answer_that_is_lost_is_asked_for_under_the_same_key(terminal: Terminal) -> None:
    """So the order is placed once."""
    terminal.house.orders.unavailable = 2

    assert 0 == await terminal.run("discard", NAME, *WHY, "--no-wait")

    assert (3, 1) == (len(terminal.house.orders.placed), len({key for _, key in terminal.house.orders.placed}))
