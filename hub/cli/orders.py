"""`hub orders`: what operators have ordered about deliveries that wait for a person, and what became of it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from hub.cli.dead import desk
from hub.cli.options import Config, KeyFile, Officer, Url
from hub.cli.terminal import local, printable, show_lines
from schemas.order import Order, OrderDecision, OrderState

OrderId = Annotated[str, typer.Argument(help="Id of the order.")]

app = typer.Typer(help="Orders about deliveries that wait for a person.", invoke_without_command=True)


@app.callback()
def orders(context: typer.Context, config: Config = Path(), url: Url = None, key_file: KeyFile = None) -> None:
    """List the newest orders, or look after one of them."""
    if context.invoked_subcommand is None:
        list_orders(config, url, key_file)


@app.command("list")
def list_orders(
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    state: Annotated[OrderState | None, typer.Option(help="Only those in this state.")] = None,
) -> None:
    """List orders, newest first."""
    with desk(config, url, key_file) as client:
        found = client.orders({"state": state.value} if state else {}).orders
    for order in found:
        show_lines(f"{order.id}  {local(order.proposed_at)}  {order.by} ({order.officer})  {summary(order)}")
    if not found:
        show_lines("there are no orders")


@app.command("show")
def show_order(order_id: OrderId, config: Config = Path(), url: Url = None, key_file: KeyFile = None) -> None:
    """Show an order with what became of it."""
    with desk(config, url, key_file) as client:
        show_lines(*told(client.order(order_id)))


@app.command("approve")
def approve(
    order_id: OrderId,
    officer: Officer,
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    *,
    refuse: Annotated[bool, typer.Option("--refuse", help="Refuse it instead.")] = False,
) -> None:
    """Approve an order that somebody else has proposed."""
    decision = OrderDecision(officer=officer, approve=not refuse)
    with desk(config, url, key_file) as client:
        show_lines(*told(client.decide(order_id, decision)))


@app.command("stop")
def stop(
    order_id: OrderId, officer: Officer, config: Config = Path(), url: Url = None, key_file: KeyFile = None
) -> None:
    """Stop an order; what it has decided stays so."""
    with desk(config, url, key_file) as client:
        show_lines(*told(client.stop(order_id, officer)))


def summary(order: Order) -> str:
    """Return how far an order is, as half a line."""
    counts = order.counts
    decided = f"{counts.appended + counts.refused + counts.void} of {counts.selected}"
    became = {
        "delivered": counts.delivered,
        "dead again": counts.dead_again,
        "ended": counts.ended,
        "waiting": counts.waiting,
        "refused": counts.refused,
        "void": counts.void,
    }
    return f"{order.action} {order.state}, {decided}" + "".join(
        f", {count} {it}" for it, count in became.items() if count
    )


def told(order: Order) -> Iterator[str]:
    """Yield the lines that tell of an order."""
    if order.state is OrderState.TRIAL:
        yield f"{order.action}: would touch {order.counts.selected}, the correction does not fit {order.counts.refused}"
    else:
        yield f"{order.id}  {summary(order)}"
        yield f"    by {order.by} ({order.officer}), {local(order.proposed_at)}{_until(order.ended_at)}"
    if not order.counts.selected:
        yield "    nothing that waits matches it"
    if order.approved_by:
        word = "refused" if order.state is OrderState.REFUSED else "approved"
        yield f"    {word} by {order.approved_by} ({order.approving_officer})"
    if order.stopped_by:
        yield f"    stopped by {order.stopped_by} ({order.stopping_officer})"
    if order.reason:
        yield f"    why: {printable(order.reason)}"
    if order.fields:
        yield f"    corrects: {', '.join(order.fields)}"
    for each in order.refusals:
        yield f"    does not fit {each.message_id}/{each.operation}/{each.part}: {each.path} {each.rule}"


def _until(moment: datetime | None) -> str:
    return f", ended {local(moment)}" if moment else ""
