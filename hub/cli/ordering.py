"""`hub replay`, `discard`, `supersede`, `settle`: an order about deliveries that wait for a person, and its end."""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from pydantic import JsonValue, ValidationError
from rich.console import Console

from hub.cli.dead import (
    Agency,
    Code,
    Dossier,
    OlderThan,
    OperationName,
    Platform,
    desk,
    filter_of,
)
from hub.cli.desk_client import DeskClient
from hub.cli.options import Config, KeyFile, Officer, Url
from hub.cli.orders import summary, told
from hub.cli.terminal import show_lines
from hub.errors import ConfigInvalid
from schemas.order import DELIVERIES_MAX, Order, OrderAction, OrderRequest, OrderState

LOOK_EVERY_S = 0.5
LINGER_S = 10.0
"""How long one goes on looking when all is decided and some deliveries still wait."""
_ENDED = (OrderState.STOPPED, OrderState.DONE, OrderState.REFUSED)
_NAME = re.compile(r"([^/]+)/([^/]+)/([0-9]{1,5})")
_OPTIONS = {"rate_per_s": "rate", "accepted_before": "older-than"}
_BROKEN = {
    "fixed": "a correction leaves code and revision as they are",
    "too_deep": "the correction is nested too deep, or has too many values",
    "range": "the correction has a number that is none",
}

Named = Annotated[
    str | None,
    typer.Argument(help="MESSAGE/OPERATION/PART, as hub dead list shows it; without it a filter says which."),
]
Reason = Annotated[str, typer.Option(help="Why; it is kept sealed, and shown to operators.")]
Rate = Annotated[float, typer.Option(help="Deliveries a second.")]
Most = Annotated[int, typer.Option("--max", min=1, max=DELIVERIES_MAX, help="How many at most, oldest first.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what it would touch.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for its end.")]


def replay(  # noqa: PLR0913 - one argument per option
    name: Named = None,
    *,
    reason: Reason,
    officer: Officer,
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", help="FIELD=VALUE corrects a field; the value is JSON, or else a text.")
    ] = None,
    patch: Annotated[Path | None, typer.Option(help="File with a JSON Merge Patch (RFC 7396) of the body.")] = None,
    platform: Platform = None,
    operation: OperationName = None,
    code: Code = None,
    agency: Agency = None,
    dossier: Dossier = None,
    older_than: OlderThan = None,
    rate: Rate = 20.0,
    most: Most = 1000,
    dry_run: DryRun = False,
    no_wait: NoWait = False,
) -> None:
    """Try dead deliveries again, with their body as it was or corrected."""
    wanted = filter_of(platform, operation, code, agency, dossier, older_than)
    request = _request(
        OrderAction.REPLAY, name, wanted, reason, officer, rate_per_s=rate, deliveries_max=most, dry_run=dry_run
    )
    correction = _correction(sets or [], patch)
    if correction:
        request["correction"] = correction
    with desk(config, url, key_file) as client:
        _carry_out(client, request, wait=not no_wait)


def _giving_up(called: str, action: OrderAction, promise: str) -> Callable[..., None]:
    """Return the command that gives deliveries up under an action; `promise` is its help."""

    def command(  # noqa: PLR0913 - one argument per option
        name: Named = None,
        *,
        reason: Reason,
        officer: Officer,
        config: Config = Path(),
        url: Url = None,
        key_file: KeyFile = None,
        platform: Platform = None,
        operation: OperationName = None,
        code: Code = None,
        agency: Agency = None,
        dossier: Dossier = None,
        older_than: OlderThan = None,
        rate: Rate = 20.0,
        most: Most = 1000,
        dry_run: DryRun = False,
        no_wait: NoWait = False,
    ) -> None:
        wanted = filter_of(platform, operation, code, agency, dossier, older_than)
        request = _request(action, name, wanted, reason, officer, rate_per_s=rate, deliveries_max=most, dry_run=dry_run)
        with desk(config, url, key_file) as client:
            _carry_out(client, request, wait=not no_wait)

    command.__name__, command.__doc__ = called, promise
    return command


discard = _giving_up("discard", OrderAction.DISCARD, "Give dead deliveries up; what waits behind them goes on.")
supersede = _giving_up(
    "supersede",
    OrderAction.SUPERSEDED,
    "Give dead deliveries up because a newer state of their dossier says it all.",
)


def settle(
    name: Annotated[str, typer.Argument(help="MESSAGE/OPERATION/PART, as hub dead list shows it.")],
    *,
    arrived: Annotated[bool, typer.Option("--arrived/--not-arrived", help="Whether it is at the platform.")],
    reason: Reason,
    officer: Officer,
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    no_wait: NoWait = False,
) -> None:
    """Settle a doubt: you have seen the delivery at the platform, or that it is not there; then it is sent."""
    action = OrderAction.ARRIVED if arrived else OrderAction.NOT_ARRIVED
    with desk(config, url, key_file) as client:
        _carry_out(client, _request(action, name, {}, reason, officer), wait=not no_wait)


def _request(
    action: OrderAction, name: str | None, wanted: dict[str, str], reason: str, officer: str, **stated: Any
) -> dict[str, Any]:
    """Return an order as JSON has it."""
    select: dict[str, Any] = {"deliveries_max": stated.pop("deliveries_max", 1)}
    if name is not None and wanted:
        raise typer.BadParameter("name a delivery or give a filter, not both")
    if name is not None:
        select["delivery"] = _named(name)
    elif wanted:
        select["matching"] = wanted
    else:
        raise typer.BadParameter("name a delivery, or give a filter such as --platform")
    return {"action": action.value, "select": select, "reason": reason, "officer": officer, **stated}


def _named(name: str) -> dict[str, Any]:
    match = _NAME.fullmatch(name)
    if match is None:
        raise typer.BadParameter("a delivery is named MESSAGE/OPERATION/PART")
    return {"message_id": match[1], "operation": match[2], "part": int(match[3])}


def _correction(sets: list[str], file: Path | None) -> dict[str, JsonValue]:
    """Return the correction that a file and single fields state; fields go over the file."""
    correction: dict[str, Any] = _patch(file) if file else {}
    for each in sets:
        field, equals, text = each.partition("=")
        if not field or not equals:
            raise typer.BadParameter("--set wants FIELD=VALUE")
        *above, last = field.split(".")
        place = correction
        for step in above:
            place = place.setdefault(step, {})
            if not isinstance(place, dict):
                raise typer.BadParameter(f"--set {field}: {step} has no fields")
        place[last] = _value(text)
    return correction


def _patch(file: Path) -> dict[str, Any]:
    try:
        read = orjson.loads(file.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        raise ConfigInvalid(f"{file} cannot be read as JSON") from None
    if not isinstance(read, dict):
        raise ConfigInvalid(f"{file}: a correction is a JSON object")
    return read


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value


def _carry_out(client: DeskClient, stated: dict[str, Any], *, wait: bool) -> None:
    try:
        request = OrderRequest.model_validate_json(orjson.dumps(stated))
    except orjson.JSONEncodeError:
        raise typer.BadParameter(_BROKEN["too_deep"]) from None
    except ValidationError as error:
        raise _senseless(error) from None
    order = client.place(request)
    if wait and order.state not in (OrderState.TRIAL, OrderState.PROPOSED):
        order = _followed(client, order)
    show_lines(*told(order))
    if order.state is OrderState.PROPOSED:
        show_lines(f"Another account has to approve it: hub orders approve {order.id} --officer ...")


def _senseless(error: ValidationError) -> typer.BadParameter:
    """Return what is wrong with an order, by the option that says it."""
    first = error.errors(include_url=False, include_input=False)[0]
    said = first["msg"].removeprefix("Value error, ")
    if not first["loc"]:
        return typer.BadParameter(_BROKEN.get(said, said))
    field = str(first["loc"][-1])
    return typer.BadParameter(said, param_hint=f"--{_OPTIONS.get(field, field)}")


def _followed(client: DeskClient, order: Order) -> Order:
    """Show how far an order is until it has ended, and its deliveries with it; Ctrl-C ends the looking only."""
    console = Console(stderr=True)
    until_s = None
    with console.status("") as status:
        try:
            while until_s is None or (order.counts.waiting and time.monotonic() < until_s):
                status.update(f"{order.id}: {summary(order)}")
                time.sleep(LOOK_EVERY_S)
                order = client.order(order.id)
                if until_s is None and order.state in _ENDED:
                    until_s = time.monotonic() + LINGER_S
        except KeyboardInterrupt:
            console.print(f"The order goes on; hub orders stop {order.id} stops it.", highlight=False)
    return order
