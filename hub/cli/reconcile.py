"""`hub reconcile`: has a running hub compare its ledger with the platform, and shows what it found."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import orjson
import typer
from pydantic import ValidationError
from rich.console import Console

from hub.cli.following import UNKNOWN_KEY, read_key
from hub.cli.options import Config, KeyFile, Url
from hub.cli.rest_client import RestClient
from hub.cli.terminal import ZONE
from hub.errors import CallerError, Forbidden, NotFound, Overloaded, Unauthenticated, Unavailable
from hub.settings import load
from schemas.reconciliation import (
    Cause,
    Difference,
    Follows,
    Reconciliation,
    ReconciliationOrder,
    ReconciliationReport,
    Reconciliations,
    RunState,
)

_LOOK_EVERY_S = 1.0
_DIFFERENCES = 1000
_PATH = "/v1/reconciliations"

WORDS = {
    Cause.MISSING: "missing at the platform",
    Cause.OLDER: "older at the platform",
    Cause.FOREIGN: "a state that was never sent",
    Cause.DIFFERENT_CONTENT: "other values in some fields",
    Cause.NOT_COMPARABLE: "cannot be compared",
}
FOLLOWS = {
    Follows.TO_RESEND: "to be sent again",
    Follows.RESENT: "sent again",
    Follows.OVERTAKEN: "overtaken by something newer",
    Follows.NEEDS_PERSON: "needs a person",
}


class Desk:
    """A running hub, asked with an operator's key. Errors: those that its answers stand for."""

    def __init__(self, address: str, token: str, transport: httpx.BaseTransport | None = None) -> None:
        self._hub = RestClient(address, token, _refusal, transport)

    def order(self, order: ReconciliationOrder) -> Reconciliation:
        """Order a run; it is ordered once, however often the connection is lost."""
        key = uuid4().hex
        content = order.model_dump_json(exclude_none=True)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return self._hub.ask(Reconciliation, "POST", _PATH, content=content, headers=headers)

    def runs(self) -> Reconciliations:
        """Return the newest runs."""
        return self._hub.ask(Reconciliations, "GET", _PATH)

    def report(self, run_id: str, after: str = "") -> ReconciliationReport:
        """Return a run and a page of what it found."""
        path = f"{_PATH}/{quote(run_id, safe='')}"
        return self._hub.ask(
            ReconciliationReport,
            "GET",
            path,
            params={"limit": str(_DIFFERENCES), **({"after": after} if after else {})},
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._hub.close()


def _refusal(answer: httpx.Response) -> Exception:
    match answer.status_code:
        case httpx.codes.UNAUTHORIZED:
            return Unauthenticated(UNKNOWN_KEY)
        case httpx.codes.FORBIDDEN:
            return Forbidden(
                "this API key may not do that: grants.yaml says who may (delivery.operate), and the dossier must be "
                "one of its agency"
            )
        case httpx.codes.NOT_FOUND:
            return NotFound("there is no such run, or no platform that can be asked what it has")
        case httpx.codes.TOO_MANY_REQUESTS | httpx.codes.SERVICE_UNAVAILABLE:
            return Overloaded("the hub cannot take the order right now; try again later")
        case httpx.codes.BAD_REQUEST | httpx.codes.UNPROCESSABLE_ENTITY | httpx.codes.CONFLICT:
            return CallerError(f"the hub refused the order: {_said(answer)}")
    return Unavailable(f"the hub answered with HTTP {answer.status_code}")


def _said(answer: httpx.Response) -> str:
    try:
        return str(orjson.loads(answer.content)["detail_en"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"HTTP {answer.status_code}, and no hub's words"


def reconcile(  # noqa: PLR0913 - one argument per option
    config: Config = Path(),
    *,
    since: Annotated[
        str | None, typer.Option(help="A day: what was received from then on; else hub.yaml says since when.")
    ] = None,
    dossier: Annotated[str | None, typer.Option(help="The code of one dossier, whenever it was received.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list; send nothing again.")] = False,
    rate: Annotated[float | None, typer.Option(help="Calls a second, at most.")] = None,
    calls_max: Annotated[int | None, typer.Option(help="Calls, at most.")] = None,
    resend_max: Annotated[
        int | None, typer.Option(help="Your word: send up to so many again, however large their share is.")
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="Show a run that was ordered before.")] = None,
    runs: Annotated[bool, typer.Option("--list", help="List the newest runs.")] = False,
    wait: Annotated[bool, typer.Option(help="Wait for the end of the run.")] = True,
    url: Url = None,
    key_file: KeyFile = None,
) -> None:
    """Compare what was delivered with what the platform shows, and have sent again what is missing there."""
    order = order_of(since, dossier, rate, calls_max, resend_max, dry_run=dry_run)
    if run == "":
        raise typer.BadParameter("the id of a run", param_hint="--run")
    if (runs and run) or ((runs or run) and order != ReconciliationOrder()):
        raise typer.BadParameter("--list and --run only show; they go with no other option")
    desk = Desk(url or load(config).hub.listen.address, read_key(key_file, os.environ))
    console = Console()
    try:
        if runs:
            console.print("\n".join(told(desk.runs())), markup=False, highlight=False, soft_wrap=True)
            return
        run_id = run or desk.order(order).id
        if not run:
            typer.echo(f"ordered: {run_id}", err=True)
        report = awaited(desk, run_id, console, time.sleep) if wait and not run else desk.report(run_id)
        show(desk, report, console)
    finally:
        desk.close()
    if report.run.state is RunState.STOPPED:
        raise typer.Exit(1)


def order_of(
    since: str | None,
    dossier: str | None,
    rate: float | None,
    calls_max: int | None,
    resend_max: int | None,
    *,
    dry_run: bool,
) -> ReconciliationOrder:
    """Return the order that the options state. BadParameter names the option that makes no sense."""
    try:
        return ReconciliationOrder(
            since=date.fromisoformat(since) if since is not None else None,
            dossier=dossier,
            dry_run=dry_run,
            calls_per_s=rate,
            calls_max=calls_max,
            resend_max=resend_max,
        )
    except ValueError as error:
        field = str(error.errors()[0]["loc"][0]) if isinstance(error, ValidationError) else "since"
        option = {"calls_per_s": "rate"}.get(field, field).replace("_", "-")
        raise typer.BadParameter(f"--{option} has no lawful value") from None


def awaited(desk: Desk, run_id: str, console: Console, sleep: Callable[[float], None]) -> ReconciliationReport:
    """Return the report of a run once it has ended."""
    with console.status("") as line:
        while not (report := desk.report(run_id)).run.state.final:
            found = sum(each.dossiers for each in report.run.differences)
            line.update(f"{report.run.state}: {report.run.compared} compared, {found} different")
            sleep(_LOOK_EVERY_S)
    return report


def show(desk: Desk, report: ReconciliationReport, console: Console) -> None:
    """Print a run and everything that it found; times are those of Viet Nam."""
    lines = [*_summary(report.run)]
    while True:
        lines += [line for each in report.differences for line in _difference(each)]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
        if report.next is None:
            return
        report, lines = desk.report(report.run.id, report.next), []


def _summary(run: Reconciliation) -> Iterator[str]:
    what = run.dossier or f"received {_local(run.since)} to {_local(run.until)}"
    yield f"Reconciliation {run.id} with {run.platform}: {what}{', dry run' if run.dry_run else ''}"
    reason = f" ({run.reason})" if run.reason else ""
    yield f"  {run.state}{reason}: {run.calls} calls, {run.compared} compared, {run.alike} alike"
    if run.in_progress:
        yield f"  {run.in_progress} passed over: something of them is still owed"
    for each in run.differences:
        yield f"  {each.dossiers:6} {WORDS[each.cause]}: {FOLLOWS[each.follows]}"


def _difference(each: Difference) -> Iterator[str]:
    shown = f", shows {each.shown}" if each.shown else ""
    yield f"{each.dossier_code}  {each.cause}{shown}: {FOLLOWS[each.follows]}  (message {each.message_id})"
    if each.fields:
        yield f"    {', '.join(each.fields)}"


def told(found: Reconciliations) -> Iterator[str]:
    """Return a line for each run."""
    if not found.runs:
        yield "no run so far"
    for run in found.runs:
        count = sum(each.dossiers for each in run.differences)
        reason = f" ({run.reason})" if run.reason else ""
        yield f"{_local(run.requested_at)}  {run.state}{reason}  {run.compared} compared, {count} different  {run.id}"


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(ZONE)):%d/%m/%Y %H:%M}"
