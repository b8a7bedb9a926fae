"""`hub reconcile`: what it asks a running hub, and what it prints."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from rich.console import Console
from typer import BadParameter

from hub.cli import main
from hub.cli.reconcile import Desk, awaited, order_of, show, told
from hub.errors import CallerError, Forbidden, HubError, NotFound, Overloaded, Unauthenticated, Unavailable
from hub.ingress.examples import RECONCILIATION, RECONCILIATION_REPORT
from schemas.reconciliation import ReconciliationOrder, ReconciliationReport, Reconciliations

CODE = "H56.14-261121-0001"


def desk(answer: Callable[[httpx.Request], httpx.Response]) -> Desk:
    """A desk whose hub answers so."""
    return Desk("http://hub.test", "hk_key", httpx.MockTransport(answer))


def report(**changes: Any) -> dict[str, Any]:
    """The example report, with changes of its run."""
    return {**RECONCILIATION_REPORT, "run": {**RECONCILIATION, **changes}}


def printed(action: Callable[[Console], object]) -> str:
    """Return what an action prints."""
    console = Console(width=300, record=True, force_terminal=False)
    action(console)
    return console.export_text()


def test_an_order_states_what_was_given_and_nothing_else() -> None:
    """With a key of its own, and the operator's."""
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(202, json=RECONCILIATION)

    run = desk(answer).order(order_of("2026-11-01", CODE, 0.5, None, None, dry_run=True))

    assert RECONCILIATION["id"] == run.id
    assert {"since": "2026-11-01", "dossier": CODE, "dry_run": True, "calls_per_s": 0.5} == json.loads(seen[0].content)
    assert "Bearer hk_key" == seen[0].headers["authorization"]
    assert 32 == len(seen[0].headers["idempotency-key"])


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"since": "yesterday"}, "--since"),
        ({"since": ""}, "--since"),
        ({"since": "1999-01-01"}, "--since"),
        ({"dossier": "H56"}, "--dossier"),
        ({"rate": 0.0}, "--rate"),
        ({"calls_max": 0}, "--calls-max"),
        ({"resend_max": -1}, "--resend-max"),
    ],
)
def test_what_makes_no_sense_is_told_by_its_option(wrong: dict[str, Any], option: str) -> None:
    """Before any hub is asked."""
    given = {"since": None, "dossier": None, "rate": None, "calls_max": None, "resend_max": None, **wrong}

    with pytest.raises(BadParameter, match=option):
        order_of(**given, dry_run=False)


def test_a_report_is_a_table_by_cause_and_a_line_per_dossier() -> None:
    """Times are those of Viet Nam."""
    answers = desk(lambda _: httpx.Response(200, json=RECONCILIATION_REPORT))

    text = printed(lambda console: show(answers, answers.report("r"), console))

    assert "received 14/11/2026 00:00 to 22/11/2026 02:15" in text
    assert "done: 2640 calls, 2640 compared, 2639 alike" in text
    assert "12 passed over: something of them is still owed" in text
    assert "1 missing at the platform: sent again" in text
    assert f"{CODE}  missing: sent again  (message 019aa8f2-5d00-7000-8000-000000000001)" in text


def test_a_long_report_is_read_page_by_page() -> None:
    """Each behind the one before; what a run says stands once."""
    asked: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.params.get("after"))
        return httpx.Response(200, json={**RECONCILIATION_REPORT, "next": None if len(asked) > 1 else CODE})

    answers = desk(answer)
    text = printed(lambda console: show(answers, answers.report("r"), console))

    assert [None, CODE] == asked
    assert (1, 2) == (text.count("Reconciliation nightly"), text.count(f"{CODE}  missing"))


def test_it_waits_for_the_end() -> None:
    """Looking once a second."""
    states = ["waiting", "comparing", "resending", "done"]
    waits: list[float] = []
    answers = desk(lambda _: httpx.Response(200, json=report(state=states.pop(0))))

    found = awaited(answers, "r", Console(quiet=True), waits.append)

    assert ("done", [1.0, 1.0, 1.0]) == (found.run.state, waits)


def test_runs_are_listed_with_why_they_ended() -> None:
    """Newest first, as the hub gives them."""
    stopped = {**RECONCILIATION, "state": "stopped", "reason": "too_many_lacking"}

    lines = list(told(Reconciliations.model_validate_json(json.dumps({"runs": [stopped]}))))

    assert [f"22/11/2026 02:30  stopped (too_many_lacking)  2640 compared, 1 different  {stopped['id']}"] == lines
    assert ["no run so far"] == list(told(Reconciliations(runs=())))


def test_what_terminals_obey_is_not_in_a_report() -> None:
    """Fields are names that the adapter gives; brackets are no markup."""
    strange = {**RECONCILIATION_REPORT["differences"][0], "cause": "different_content", "fields": ["[red]GhiChu"]}
    read = ReconciliationReport.model_validate_json(json.dumps({**RECONCILIATION_REPORT, "differences": [strange]}))

    assert "[red]GhiChu" in printed(lambda console: show(desk(lambda _: httpx.Response(500)), read, console))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Unauthenticated),
        (403, Forbidden),
        (404, NotFound),
        (409, CallerError),
        (422, CallerError),
        (429, Overloaded),
        (503, Overloaded),
        (500, Unavailable),
    ],
)
def test_a_refusal_is_one_clear_error(status: int, error: type[HubError]) -> None:
    """By the status of the answer."""
    with pytest.raises(error):
        desk(lambda _: httpx.Response(status, json={"detail_en": "no"})).order(ReconciliationOrder())


def test_a_refusal_by_something_else_is_one_clear_error() -> None:
    """Such as a proxy that speaks HTML."""
    with pytest.raises(CallerError, match="HTTP 400"):
        desk(lambda _: httpx.Response(400, text="<html>")).order(ReconciliationOrder())


@pytest.mark.parametrize("options", [("--run", ""), ("--list", "--run", "x"), ("--list", "--dry-run")])
def test_looking_at_runs_orders_none(options: tuple[str, ...]) -> None:
    """A variable that is empty by mistake is wrong usage, and not an order to send everything again."""
    with pytest.raises(SystemExit) as ended:
        main(["reconcile", *options])
    assert 2 == ended.value.code


def test_no_hub_and_no_hubs_answer() -> None:
    """Both are told apart from a refusal."""

    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unavailable, match="is it running"):
        desk(gone).runs()
    with pytest.raises(Unavailable, match="not a hub"):
        desk(lambda _: httpx.Response(200, json={})).runs()
