"""A process that has imported the hub and gives birth to hubs on command: `python -m tests.chaos.nursery_process`.

Starting Python and importing the hub takes seconds; a fork of this takes none. A line of JSON on stdin names a module,
its arguments and a log file; lines on stdout tell {"born": pid}, and {"pid": ..., "code": ...} at the end of each.
"""

import ctypes
import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

MAINS = {"hub": "hub.cli.commands", "tests.chaos.hub_process": "tests.chaos.hub_process"}
"""Where the `main` of a module is."""

_LATER = (
    "hub.app",
    "hub.log.kafka.log",
    "hub.store.postgres.database",
    "adapters.national_portal",
    "adapters.databases.population",
    "adapters.monitoring.emc",
)
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Serve until stdin ends."""
    for name in (*MAINS.values(), *_LATER):
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _tell({"ready": True})
    pending = b""
    while True:
        readable, _, _ = select.select([0, awake], [], [])
        if awake in readable:
            os.read(awake, 4096)
            _bury()
        if 0 in readable:
            said = os.read(0, 65536)
            if not said:
                return
            *orders, pending = (pending + said).split(b"\n")
            for order in orders:
                _tell({"born": _bear(json.loads(order), (awake, wake))})


def _bear(order: dict[str, Any], ours: tuple[int, int]) -> int:
    """Fork, and return the number of the child."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        _become(order, ours)
        cast("Callable[[], None]", importlib.import_module(MAINS[order["module"]]).main)()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end of a process
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _become(order: dict[str, Any], ours: tuple[int, int]) -> None:
    """Be a process of its own, but for its parent: it dies with it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in ours:
        os.close(number)
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(old, new)
    os.close(log)
    os.close(nothing)
    sys.argv = [order["module"], *order["arguments"]]


def _bury() -> None:
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            _tell({"pid": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(document: dict[str, Any]) -> None:
    os.write(1, json.dumps(document).encode() + b"\n")


if __name__ == "__main__":
    main()
