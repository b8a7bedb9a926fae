"""Runs a module as a process that obeys permissions, even for root: `python -m tests.e2e.as_ordinary MODULE ...`.

Root reads and writes whatever the bits of a file say (capabilities(7): CAP_DAC_OVERRIDE); this drops that right first.
"""

import ctypes
import os
import sys

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE = 1


def main() -> None:
    """Become `python -m <arguments>`."""
    if os.geteuid() == 0 and ctypes.CDLL(None, use_errno=True).prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "the right to override permissions could not be dropped")
    os.execv(sys.executable, [sys.executable, "-m", *sys.argv[1:]])  # noqa: S606 - the process of a test


if __name__ == "__main__":
    main()
