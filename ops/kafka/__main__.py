"""`python -m ops.kafka [FOLDER]`: a broker in the foreground, on 127.0.0.1:9092 unless `--port` says otherwise."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from ops.kafka.broker import Broker
from ops.kafka.jars import NoBroker, jars

_POLL_S = 0.5


async def _serve(broker: Broker) -> None:
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    await broker.start()
    sys.stdout.write(f"kafka://{broker.bootstrap}  (Ctrl-C ends it)\n")
    sys.stdout.flush()
    try:
        while not ending.is_set() and broker.pid is not None:
            try:
                await asyncio.wait_for(ending.wait(), _POLL_S)
            except TimeoutError:
                continue
    finally:
        await broker.stop()


def main() -> int:
    """Run until a signal comes. 1 when the broker cannot be had."""
    parser = argparse.ArgumentParser(prog="python -m ops.kafka", description="A Kafka broker on this machine.")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("demo-home/kafka"), help="where its data lies")
    parser.add_argument("--port", type=int, default=9092)
    parser.add_argument("--jars", action="store_true", help="only fetch what the broker needs, unless it is there")
    options = parser.parse_args()
    try:
        if options.jars:
            jars()
            return 0
        asyncio.run(_serve(Broker(options.folder.resolve(), port=options.port)))
    except NoBroker as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
