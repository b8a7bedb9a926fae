"""Runs the sandbox platforms: `hub sandbox --folder DIR`, or `python -m ops.sandbox --folder DIR`.

Prints one line of JSON with the addresses once all ports listen, and ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path

import orjson
import uvloop
from pydantic import BaseModel, ConfigDict, ValidationError

from ops.sandbox.emc.sandbox import EmcSandbox
from ops.sandbox.emc.settings import EmcSettings
from ops.sandbox.ledger import LedgerInUse
from ops.sandbox.population.sandbox import PopulationSandbox
from ops.sandbox.population.settings import PopulationSettings
from ops.sandbox.portal.sandbox import PortalSandbox
from ops.sandbox.portal.settings import PortalSettings
from ops.sandbox.ports import PORTS
from ops.sandbox.sandbox import Placement, Sandbox, running

_PORT_MAX = 65_535


class Settings(BaseModel):
    """The file given with `--settings`: JSON, every value optional."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    portal: PortalSettings = PortalSettings()
    population: PopulationSettings = PopulationSettings()
    emc: EmcSettings = EmcSettings()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to stop; 2 when the sandboxes cannot start as asked."""
    options = _parser().parse_args(arguments)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options))
    except (OSError, LedgerInUse, ValidationError) as refused:
        sys.stderr.write(f"SANDBOX cannot start: {refused}\n")
        return 2
    return 0


def _port(text: str) -> int:
    if not (text.isdecimal() and int(text) <= _PORT_MAX):
        raise argparse.ArgumentTypeError(f"a port lies between 0 and {_PORT_MAX}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hub sandbox", description="SANDBOX platforms, invented data only")
    parser.add_argument("--folder", type=Path, required=True, help="where the ledgers are kept")
    parser.add_argument("--settings", type=Path, help="JSON file with settings of the platforms")
    parser.add_argument("--seed", type=int, default=0, help="decides every chance")
    for name, port in PORTS.items():
        parser.add_argument(f"--{name}-port", type=_port, default=port, help=f"{port}; 0 chooses a free one")
    return parser


def _sandboxes(options: argparse.Namespace) -> dict[str, Sandbox]:
    settings = Settings() if options.settings is None else Settings.model_validate_json(options.settings.read_bytes())

    def placement(name: str) -> Placement:
        ports = (getattr(options, f"{name}_port"), getattr(options, f"{name}_control_port"))
        return Placement(options.folder, *ports, seed=options.seed)

    return {
        "portal": PortalSandbox(placement("portal"), settings.portal),
        "population": PopulationSandbox(placement("population"), settings.population),
        "emc": EmcSandbox(placement("emc"), settings.emc),
    }


async def _run(options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        addresses = {
            name: asdict(await stack.enter_async_context(running(sandbox)))
            for name, sandbox in _sandboxes(options).items()
        }
        sys.stdout.write(orjson.dumps({"sandbox": "SANDBOX", **addresses}).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
