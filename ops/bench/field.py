"""A stage whose platforms are those of `ops.bench.platform`, and what the kernel says of the hub on it."""

import asyncio
import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from ops.bench.platform import BenchPlatform
from ops.demo.stage import Stage, StageFault

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PATIENCE = 10
_PARKED = "SELECT count(*) FROM parked WHERE NOT settled"


class Field(Stage):
    """An installation that sends to the given platforms and to no other. Started by `start_hub`, not by entering."""

    def __init__(self, folder: Path, platforms: Sequence[BenchPlatform]) -> None:
        super().__init__(folder)
        self._platforms = platforms
        self._laid_out = False

    async def start_hub(self) -> None:
        """Start the hub; the first call, made on entering, writes the files of the platforms instead."""
        if self._laid_out:
            return await super().start_hub()
        self._laid_out = True
        self.switch("national_portal", on=False)
        for platform in self._platforms:
            file = self.installation / "platforms" / f"{platform.name}.yaml"
            file.write_text(platform.file(), encoding="utf-8")
        return None

    async def _wait_ready(self, process: asyncio.subprocess.Process) -> None:
        """Wait longer than for a demonstration: what a large log holds is projected before the door opens."""
        for _ in range(_PATIENCE):
            try:
                return await super()._wait_ready(process)
            except StageFault:
                if process.returncode is not None:
                    raise
        raise StageFault(f"the hub did not become ready; see {self.folder / 'hub.log'}")

    def cpu_s(self) -> float:
        """Return the processor time of the hub so far, user and system (Linux)."""
        if self._hub is None:
            return 0.0
        fields = Path(f"/proc/{self._hub.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S

    def parked(self) -> int:
        """Return how many deliveries the store holds; 0 before there is a store."""
        file = next(self.folder.rglob("store.db"), None)
        if file is None:
            return 0
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
            (count,) = connection.execute(_PARKED).fetchone()
            return int(count)
