"""`make bench`: accepts, deliveries, lookups, disk and memory, with yardsticks. Loopback only; about two minutes."""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
from rich.console import Console
from rich.table import Table

from hub.settings import load
from ops.bench.backlog import fill
from ops.bench.disk import fsync_ms
from ops.bench.isolation import PAIRS, RATE, RUN_S, Isolation, show
from ops.bench.parked import DRAIN_S_MAX, MESSAGES, Parked
from ops.bench.process import answer_of
from ops.demo.content import Content
from ops.demo.stage import Stage, end, free_port

SECONDS = 10.0
CONCURRENCY = 64
ACCEPTS_MAX = 20_000
BACKLOG = 6_000
PLATFORM_S = 0.02
LOOKUPS = 400


class Bench:
    """Runs the measurements one after the other and keeps their rows: what, value, yardstick, ratio."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._content = Content(seed=1, now=datetime.now(UTC))
        self.rows: list[tuple[str, str, str, str]] = []

    async def run(self) -> None:
        """Measure everything."""
        self._row("fsync of 4 KiB, median", f"{fsync_ms(self._folder):.2f} ms")
        await self._deliveries()
        await self._accepts_and_lookups()

    # --- doors -------------------------------------------------------------------------------------------------------

    async def _accepts_and_lookups(self) -> None:
        async with Stage(self._folder / "door") as stage:
            await stage.portal.fault("delay", delay_s=PLATFORM_S)
            address, token = stage.addresses.hub + "/v1/dossiers", stage.tokens["mot-cua"]
            bodies = self._write("accepts", self._bodies(ACCEPTS_MAX))
            both = await self._load(address, token, bodies, keys="a")
            last = await _delivered_within_s(stage, both["sent"])
            self._row("taken in, delivered and told of, /s", f"{both['sent'] / (both['seconds'] + last):.0f}")
            await stage.stop_hub()
            stage.switch("national_portal", on=False)
            await stage.start_hub()
            later = self._write("later", self._bodies(2 * ACCEPTS_MAX)[ACCEPTS_MAX:])
            alone = await self._load(address, token, later, keys="b")
            bare = await self._bare_door(bodies)
            yardstick = "a bare starlette door that keeps nothing"
            self._compare("durable accepts over REST, /s", alone, bare, yardstick)
            self._compare("  the same while delivering", both, bare, yardstick)
            await self._lookups(stage)
            self._row("resident memory of the hub", f"{stage.hub_resident_mb():.0f} MB")

    async def _bare_door(self, bodies: Path) -> dict[str, Any]:
        port = free_port()
        process = await asyncio.create_subprocess_exec(sys.executable, "-m", "ops.bench.yardstick", "door", str(port))
        try:
            await _wait_listening(port)
            return await self._load(f"http://127.0.0.1:{port}/v1/dossiers", "", bodies, keys="a")
        finally:
            await end(process)

    async def _lookups(self, stage: Stage) -> None:
        query = {
            "personal_number": "001000000001", "full_name": "Nguyễn Văn A", "birth_date": "2000-01-31",
            "procedure": "1.001193", "dossier_code": self._content.code(1), "purpose": "dossier-processing",
            "officer": "canbo01",
        }  # fmt: skip
        bodies = self._write("lookups", [orjson.dumps(query)] * LOOKUPS)
        address, token = stage.addresses.hub + "/v1/citizens/lookup", stage.tokens["mot-cua"]
        through = await self._load(address, token, bodies, keys="", concurrency=1, expected=200)
        direct = await _direct_lookups(stage, query)
        added = through["p50_ms"] - direct[0], through["p99_ms"] - direct[1]
        self._row("added to a lookup, p50 / p99", f"{added[0]:.1f} / {added[1]:.1f} ms",
                  f"{direct[0]:.1f} / {direct[1]:.1f} ms: the adapter alone")  # fmt: skip

    # --- deliveries --------------------------------------------------------------------------------------------------

    async def _deliveries(self) -> None:
        stage = Stage(self._folder / "delivery")
        async with stage:
            await stage.stop_hub()
            bodies = self._bodies(BACKLOG)
            await fill(load(stage.installation), bodies)
            await stage.portal.fault("delay", delay_s=PLATFORM_S)
            await stage.start_hub()
            rows = await _ledger_when(stage, BACKLOG)
            first, last = (datetime.fromisoformat(rows[at]["at"]) for at in (0, -1))
            rate = (len(rows) - 1) / (last - first).total_seconds()
            bare = await self._bare_loop(stage, rows[: BACKLOG // 2])
            self._row(
                "deliveries after a restart (each begins with an inquiry), portal of 20 ms, /s", f"{rate:.0f}",
                f"{bare:.0f}: a bare aiohttp loop that keeps nothing", f"{rate / bare:.2f}",
            )  # fmt: skip

    async def _bare_loop(self, stage: Stage, rows: list[dict[str, Any]]) -> float:
        """Send the same objects again under other codes, with nothing but aiohttp."""
        headers = {
            "dstcode": "VN/GOV/000.00.00.G22/SANDBOX", "Accept": "application/json", "Charset": "utf-8",
            "Content-Type": "application/json",
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=stage.addresses.portal, headers=headers, trust_env=False) as client:
            login = {"username": "hub-sandbox", "password": "sandbox-password"}
            session = (await client.post("/mapi/login", json=login)).json()["session"]
        bodies = []
        for row in rows:
            dossier = {**row["data"], "MaHoSo": row["data"]["MaHoSo"].replace("H56.14-", "H56.15-")}
            order = {"session": session, "madonvi": "H56", "service": "DongBoHoSoMC", "isUpdating": "False"}
            bodies.append(json.dumps({**order, "data": [dossier]}))
        order_file = self._folder / "loop.json"
        url = f"{stage.addresses.portal}/mapi/g"
        order_file.write_bytes(
            orjson.dumps({"url": url, "headers": headers, "bodies": bodies, "concurrency": CONCURRENCY})
        )
        return float(await answer_of("ops.bench.yardstick", "loop", str(order_file)))

    # --- pieces ------------------------------------------------------------------------------------------------------

    def _bodies(self, count: int) -> list[bytes]:
        return [orjson.dumps({**self._content.dossier(number), "progress": []}) for number in range(1, count + 1)]

    def _write(self, name: str, bodies: list[bytes]) -> Path:
        file = self._folder / f"{name}.jsonl"
        file.write_bytes(b"\n".join(bodies))
        return file

    async def _load(
        self, url: str, token: str, bodies: Path, *, keys: str, concurrency: int = CONCURRENCY, expected: int = 202
    ) -> dict[str, Any]:
        order = {
            "url": url, "token": token, "bodies": str(bodies), "concurrency": concurrency, "seconds": SECONDS,
            "keys": keys, "expected_status": expected,
        }  # fmt: skip
        answer: dict[str, Any] = orjson.loads(await answer_of("ops.bench.load", json.dumps(order)))
        return answer

    def _compare(self, what: str, hub: dict[str, Any], bare: dict[str, Any], yardstick: str) -> None:
        rate, ceiling = (run["sent"] / run["seconds"] for run in (hub, bare))
        self._row(what, f"{rate:.0f}", f"{ceiling:.0f}: {yardstick}", f"{rate / ceiling:.2f}")
        self._row(f"  p50 / p99 at {CONCURRENCY} callers", f"{hub['p50_ms']:.1f} / {hub['p99_ms']:.1f} ms")
        if hub["other"]:
            self._row("  answers that were not expected", str(hub["other"]))

    def _row(self, what: str, value: str, yardstick: str = "", ratio: str = "") -> None:
        self.rows.append((what, value, yardstick, ratio))


async def _ledger_when(stage: Stage, count: int) -> list[dict[str, Any]]:
    """Return the portal's ledger when it holds so many dossiers."""
    async with asyncio.timeout(120):
        while (await stage.portal.summary())["rows"] < count:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.5)
    return [row async for row in stage.portal.rows(kind="dossier_created")]


async def _delivered_within_s(stage: Stage, count: int) -> float:
    """Return how long it takes from now on until the portal's ledger holds so many dossiers."""
    begun_s = time.monotonic()
    async with asyncio.timeout(120):
        while (await stage.portal.summary())["rows"] < count:  # noqa: ASYNC110 - another process is asked
            await asyncio.sleep(0.1)
    return time.monotonic() - begun_s


async def _direct_lookups(stage: Stage, query: dict[str, Any]) -> tuple[float, float]:
    """Return p50 and p99 (ms) of the population adapter alone, without a hub around it."""
    answer = await answer_of("ops.bench.direct_lookup", str(stage.installation), json.dumps(query), str(LOOKUPS))
    took_ms = sorted(orjson.loads(answer))
    return statistics.median(took_ms), took_ms[len(took_ms) * 99 // 100]


async def _wait_listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            await writer.wait_closed()
            return


def _all(folder: Path, _: Namespace) -> None:
    bench = Bench(folder)
    asyncio.run(bench.run())
    table = Table("what", "hub", "yardstick of the same run", "ratio", title="load, hub and platforms share the cores")
    for row in bench.rows:
        table.add_row(*row)
    Console(width=120).print(table)


def _isolation(folder: Path, given: Namespace) -> None:
    bench = Isolation(folder, given.rate, given.pairs, given.seconds)
    pairs = asyncio.run(bench.run())
    show(pairs, bench.rate)


def _parked(folder: Path, given: Namespace) -> None:
    asyncio.run(Parked(folder, given.messages, given.drain_s, seeded=given.seeded).run())


def _given() -> Namespace:
    parser = ArgumentParser(prog="python -m ops.bench", description="Without a word: what `make bench` measures.")
    parser.set_defaults(measure=_all)
    words = parser.add_subparsers()
    isolation = words.add_parser("isolation", help="a slow platform and a dead one beside healthy ones")
    isolation.add_argument("--rate", type=float, default=RATE, help="messages/s to begin with; lowered if too much")
    isolation.add_argument("--pairs", type=int, default=PAIRS)
    isolation.add_argument("--seconds", type=float, default=RUN_S, help="length of a run")
    isolation.set_defaults(measure=_isolation)
    parked = words.add_parser("parked", help="a long outage, and the drain after it")
    parked.add_argument("--messages", type=int, default=MESSAGES)
    parked.add_argument("--seeded", action="store_true", help="begin with the rows parked already")
    parked.add_argument("--drain-s", type=float, default=DRAIN_S_MAX, help="how long to watch the drain")
    parked.set_defaults(measure=_parked)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    given, started_s = _given(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="hub-bench-") as folder:
        given.measure(Path(folder), given)
    Console().print(f"{time.monotonic() - started_s:.0f} s")


if __name__ == "__main__":
    main()
