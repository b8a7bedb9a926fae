"""A module of `ops.bench` as a process of its own, so that what it does weighs on no event loop that is measured."""

import asyncio
import sys

from ops.demo.stage import end


async def answer_of(module: str, *arguments: str) -> bytes:
    """Run a module and return what it printed. SystemExit when it fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        out, _ = await process.communicate()
    finally:
        await end(process)
    if process.returncode:
        raise SystemExit(f"{module} failed")
    return out
