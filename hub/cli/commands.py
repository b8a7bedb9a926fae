"""The commands of `hub`. An expected error is one clear line on stderr and exit code 1; wrong usage exits with 2."""

import asyncio
import importlib
import importlib.resources
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from rich.console import Console

from hub.cli.admin import ask_to_stop, show_status, statuses
from hub.cli.dead import app as dead
from hub.cli.following import fetch_timeline, read_key, show
from hub.cli.migrate import migrate
from hub.cli.options import Config, KeyFile, Url
from hub.cli.ordering import discard, replay, settle, supersede
from hub.cli.orders import app as orders
from hub.cli.policies import policy_line
from hub.cli.reconcile import reconcile
from hub.cli.topics import lacking, topics
from hub.clock import SystemClock
from hub.errors import ConfigInvalid, HubError
from hub.settings import Installation, load
from hub.settings.founding import found
from hub.settings.keys import add_key
from hub.settings.sections import read_listen

SAMPLE_AGENCY = "H56.14"
SAMPLE_SYSTEM = "mot-cua"

app = typer.Typer(
    name="hub", help="The data-sharing bus of a province.", no_args_is_help=True, pretty_exceptions_enable=False
)
key = typer.Typer(help="API keys of the systems that call.", no_args_is_help=True)
app.add_typer(key, name="key")

app.add_typer(dead, name="dead")
app.add_typer(orders, name="orders")
for ordering in (replay, discard, supersede, settle):
    app.command(ordering.__name__)(ordering)
app.command("topics")(topics)
app.command("reconcile")(reconcile)
app.command("migrate")(migrate)

_FORWARD = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


def _named(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]{0,32}", name):
        raise typer.BadParameter("small letters, digits and hyphens, at most 32")
    return name


Listening = Annotated[str | None, typer.Option("--listen", help="host:port instead of the configured door.")]
ProcessName = Annotated[
    str,
    typer.Option("--name", help="Tells processes of one machine apart; api-1, worker-2.", callback=_named),
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or does not exist yet.")],
    listen: Annotated[str | None, typer.Option(help="host:port of the hub's door.")] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Point it to the platforms of `hub sandbox`.")] = False,
) -> None:
    """Make an installation: commented files, fresh secrets, and an API key for the sample system."""
    with importlib.resources.as_file(importlib.resources.files("ops")) as ops:
        overlay = [ops / "sandbox" / "installation"] if sandbox else []
        found(folder, [ops / "config", *overlay], listen, sandbox=sandbox)
    token = _add_key(load(folder, environ={}), SAMPLE_AGENCY, SAMPLE_SYSTEM)
    typer.echo(f"Made {folder}. Keep {folder}/secrets safe: without master.key no sealed body can be opened again.")
    _show_token(SAMPLE_AGENCY, SAMPLE_SYSTEM, token)
    called = _called()
    if sandbox:
        typer.echo(f"Next, side by side: {called} sandbox --folder <another folder>; {called} run --config {folder}")
    else:
        typer.echo(f"Next: {called} check-config --config {folder}; {called} run --config {folder}")


@key.command("new")
def key_new(
    agency: Annotated[str, typer.Option(help="Code of the system's agency, such as H56.14.")],
    system: Annotated[str, typer.Option(help="Name of the system in systems.yaml.")],
    config: Config = Path(),
) -> None:
    """Make an API key for a system and put its digest into systems.yaml; a running hub reads it at its next start."""
    _show_token(agency, system, _add_key(load(config), agency, system))
    typer.echo("A hub that is running knows it after a restart.", err=True)


@app.command("check-config")
def check_config(config: Config = Path()) -> None:
    """Read everything and say everything that is wrong; on Kafka, with the topics and brokers too."""
    try:
        installation = load(config)
    except ConfigInvalid as error:
        typer.echo(error.hint, err=True)
        count = len(error.hint.splitlines())
        _fail(f"{count} problem{'s' if count > 1 else ''} in {config.absolute()}")
    _warn(installation)
    if lines := lacking(installation.hub):
        typer.echo("\n".join(lines), err=True)
        _fail(f"{len(lines)} problem{'s' if len(lines) > 1 else ''} at {installation.hub.log}")
    _summarise(installation)


@app.command()
def run(config: Config = Path()) -> None:
    """Run the whole hub in one process until it is told to stop."""
    _serve(config, "run")


@app.command()
def api(config: Config = Path(), listen: Listening = None, name: ProcessName = "") -> None:
    """Run one door: on Kafka and PostgreSQL, beside any number of others."""
    _serve(config, "api", listen, name)


@app.command()
def worker(config: Config = Path(), listen: Listening = None, name: ProcessName = "") -> None:
    """Run one worker, which delivers: on Kafka and PostgreSQL, beside any number of others. --listen: its health."""
    _serve(config, "worker", listen, name)


@app.command()
def status(config: Config = Path()) -> None:
    """Show every process of the hub that runs on this machine; exit code 1 when there is none."""
    found = list(statuses(load(config).hub.sockets))
    for one in found:
        show_status(one, Console())
    if not found:
        _fail("no process of this installation runs here")


@app.command()
def stop(config: Config = Path(), name: Annotated[str, typer.Argument(help="As hub status shows it.")] = "run") -> None:
    """Ask a process to end in good order: calls under way get their time, what is finished is committed."""
    ask_to_stop(load(config).hub.sockets, name)


@app.command()
def adopt(config: Config = Path()) -> None:
    """Let a store or keys that are an older copy belong to the log again; what the store misses is read from there."""
    installation = load(config)
    given_up = asyncio.run(_part("hub.app.upkeep", "adopt")(installation))
    typer.echo("The store belongs to this log from here on. Keys of requests that it had forgotten are not recognised.")
    if given_up:
        typer.echo(
            "Messages that were sealed with keys which are lost end as dead letters (hub.unsealable): hub dead list"
        )


@app.command()
def rebuild(config: Config = Path()) -> None:
    """Make the read models anew from the log; the hub must not be running on an embedded log."""
    asyncio.run(_part("hub.app.upkeep", "rebuild")(load(config), typer.echo))


@app.command()
def follow(
    code: Annotated[str, typer.Argument(help="The dossier's code, such as H56.14-261122-0001.")],
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
) -> None:
    """Show what became of a dossier, hop by hop, in Vietnamese time."""
    token = read_key(key_file, os.environ)
    address = url or load(config).hub.listen.address
    show(fetch_timeline(address, code, token), Console())


@app.command(context_settings=_FORWARD, add_help_option=False)
def sandbox(context: typer.Context) -> None:
    """Run the sandbox platforms; --folder DIR says where their ledgers are kept."""
    raise typer.Exit(_part("ops.sandbox.__main__", "main")(context.args))


@app.command(context_settings=_FORWARD, add_help_option=False)
def demo(context: typer.Context) -> None:
    """Run the whole thing on this machine with sandbox platforms; --exit ends when the story is told."""
    raise typer.Exit(_part("ops.demo", "main")(context.args))


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; the arguments of the process when none are given."""
    try:
        app(arguments)
    except HubError as error:
        _fail(error.hint or error.problem_code)
    except OSError as error:
        _fail(": ".join(part for part in (error.filename, error.strerror) if part) or type(error).__name__)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(0)


def _serve(config: Path, role: str, listen: str | None = None, name: str = "") -> None:
    installation = load(config)
    # Imported late, so that a wrong configuration is told at once.
    serve, roles = _part("hub.app", "serve"), _part("hub.app", "Role")
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(installation, role=roles(role), name=name, listen=read_listen(listen) if listen else None))


def _called() -> str:
    """Return the name under which the program was called, so that what is shown can be typed."""
    return sys.argv[0] if Path(sys.argv[0]).name == "hub" else "hub"


def _add_key(installation: Installation, agency: str, system: str) -> str:
    pepper = installation.hub.secrets.api_key_pepper.get_secret_value()
    return add_key(installation.folder, agency, system, pepper)


def _show_token(agency: str, system: str, token: str) -> None:
    typer.echo(f"API key of {agency}/{system}; it is shown this once and kept nowhere:")
    typer.echo(token)


def _warn(installation: Installation) -> None:
    for warning in installation.warnings:
        typer.echo(f"warning: {warning}", err=True)


def _summarise(installation: Installation) -> None:
    hub = installation.hub
    platforms = ", ".join(platform.name for platform in installation.platforms) or "none is switched on"
    keys = sum(len(system.keys) for system in installation.systems)
    typer.echo(f"{installation.folder}: everything is in order")
    typer.echo(f"  door        {hub.listen.address}")
    typer.echo(f"  home        {hub.home}")
    typer.echo(f"  log, store  {hub.log}, {hub.store}, {hub.keys}")
    typer.echo(f"  agencies    {len(installation.agencies)}")
    typer.echo(f"  systems     {len(installation.systems)} with {keys} API key(s)")
    typer.echo(f"  procedures  {len(installation.procedures)}")
    typer.echo(f"  platforms   {platforms}")
    for platform in installation.platforms:
        typer.echo(f"    {policy_line(platform.section, SystemClock().now())}")


def _part(module: str, name: str) -> Any:
    """Return a part of the project that is only needed now, and may have been left out of an installation."""
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            raise ConfigInvalid(f"{module} is not part of this installation") from None
        raise


def _fail(text: str) -> NoReturn:
    typer.echo(text, err=True)
    sys.exit(1)
