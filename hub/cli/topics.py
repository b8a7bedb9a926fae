"""`hub topics`: what the topics on Kafka lack, and making those that are missing."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hub.errors import ConfigInvalid
from hub.settings import HubSection, load


def lacking(hub: HubSection) -> list[str]:
    """Return what the topics and brokers lack, one line each; nothing for a log that is a file. Errors: Unavailable."""
    if hub.log.embedded:
        return []
    # Imported late: an installation without Kafka needs none of it.
    from hub.app.homes import declared  # noqa: PLC0415 - see above
    from hub.log.kafka.topics import check_topics  # noqa: PLC0415 - see above

    return asyncio.run(check_topics(hub.log.bootstrap, declared(hub), hub.kafka.profile))


def topics(
    config: Annotated[Path, typer.Option("--config", envvar="HUB_CONFIG", help="The installation folder.")] = Path(),
    create: Annotated[bool, typer.Option("--create", help="Make the topics that do not exist.")] = False,
) -> None:
    """Compare the topics on Kafka with what the hub promises; exit code 1 when something is lacking."""
    hub = load(config).hub
    if hub.log.embedded:
        typer.echo("The log is a file of this machine; it has no topics to make.")
        return
    # Imported late: an installation without Kafka needs none of it.
    from hub.app.homes import declared  # noqa: PLC0415 - see above
    from hub.log.kafka.topics import ensure_topics  # noqa: PLC0415 - see above

    wanted = declared(hub)
    if create:
        for made in asyncio.run(ensure_topics(hub.log.bootstrap, wanted, hub.kafka.profile)):
            typer.echo(f"made {made}")
    elif lines := lacking(hub):
        raise ConfigInvalid("\n".join(lines))
    typer.echo(f"{len(wanted)} topics are as they must be ({hub.kafka.profile})")
