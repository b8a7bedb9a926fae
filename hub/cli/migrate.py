"""`hub migrate`: from the files of one machine to Kafka and PostgreSQL."""

import asyncio
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from hub.clock import SystemClock
from hub.errors import ConfigInvalid
from hub.settings import load
from hub.settings.address import Address, LogAddress, StoreAddress, has_password

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_address(form: Any, option: str, text: str, environ: Mapping[str, str]) -> Address:
    """Read where something is going to be. ConfigInvalid when it is no such address, or tells a password to everybody.

    `${NAME}` stands for a variable of the environment: other users of a machine see a command, not its environment.
    """
    variable = _VARIABLE.fullmatch(text)
    if variable and not environ.get(variable[1]):
        raise ConfigInvalid(f"{option}: the environment variable {variable[1]} is not set")
    if not variable and has_password(text):
        raise ConfigInvalid(f"{option}: a password does not stand in a command: write '${{NAME}}', in single quotes")
    try:
        address: Address = TypeAdapter(form).validate_python(environ[variable[1]] if variable else text)
    except ValidationError as error:
        reason = error.errors(include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise ConfigInvalid(f"{option}: {reason}") from None
    if address.embedded:
        raise ConfigInvalid(f"{option}: a file is no place to move to")
    return address


def migrate(
    config: Annotated[Path, typer.Option("--config", envvar="HUB_CONFIG", help="The installation folder.")] = Path(),
    log: Annotated[str, typer.Option(help="kafka://host:port[,host:port]")] = "",
    store: Annotated[str, typer.Option(help="postgresql://user@host/database, or '${NAME}'")] = "",
    keys: Annotated[str, typer.Option(help="As --store, where the keys go; the same database if left out.")] = "",
    undo_mark: Annotated[
        bool, typer.Option("--undo-mark", help="Give up a move whose target was never used: this home starts again.")
    ] = False,
    target_is_gone: Annotated[
        bool, typer.Option("--target-is-gone", help="With --undo-mark: the target cannot be asked, and never starts.")
    ] = False,
) -> None:
    """Move log, store and keys from this machine's files to Kafka and PostgreSQL; the hub stands still meanwhile.

    Cut off at any point, the same command goes on. At the end both sides are compared, and this home starts no more.
    """
    hub = load(config).hub
    # Imported late: who never moves needs none of it.
    from hub.app.moving.move import give_up, move  # noqa: PLC0415 - see above
    from hub.app.moving.proof import table  # noqa: PLC0415 - see above
    from hub.app.moving.target import Addresses  # noqa: PLC0415 - see above

    if target_is_gone and not undo_mark:
        raise ConfigInvalid("--target-is-gone goes with --undo-mark")
    addresses = None
    if not target_is_gone:
        if not (log and store):
            raise ConfigInvalid("where to? --log kafka://host:port --store postgresql://user@host/database")
        addresses = Addresses(
            read_address(LogAddress, "--log", log, os.environ),
            read_address(StoreAddress, "--store", store, os.environ),
            read_address(StoreAddress, "--keys", keys or store, os.environ),
        )
    if undo_mark:
        asyncio.run(give_up(hub, addresses, SystemClock()))
        typer.echo("This home starts again. What was copied stays where it is, and starts no more.")
    elif addresses is not None and (lines := asyncio.run(move(hub, addresses, SystemClock(), typer.echo))):
        typer.echo(table(lines))
        typer.echo(
            f"Moved. This home starts no more; put into hub.yaml: log {addresses.log}, store {addresses.store}, keys "
            f"{addresses.keys} (passwords by the environment), then start hub api and hub worker."
        )
