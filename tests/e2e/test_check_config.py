"""`hub check-config` and `hub topics` against a real broker: production asks for more than one machine can give."""

import asyncio
import subprocess
import sys
from pathlib import Path

from tests.contracts.kafka_broker import Kafka
from tests.e2e.installation import Platforms, install, replace_value


def _hub(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "hub", *arguments], check=False, capture_output=True, text=True, timeout=100
    )
    return done.returncode, done.stdout + done.stderr


async def test_production_asks_for_more_than_one_broker(tmp_path: Path, kafka: Kafka) -> None:
    """Missing topics are named and made; under the production profile a single broker is refused, line by line."""
    changes = {"log": f"kafka://{kafka.bootstrap}", "profile": "demo", "partitions": "3"}
    folder = install(tmp_path / "hub", Platforms("http://127.0.0.1:1", "http://127.0.0.1:1"), 8080, changes).folder
    config = ("--config", str(folder))

    await kafka.remove(["hub.commands", "hub.outcomes", "hub.audit", "hub.events", "hub.control"])
    code, told = await asyncio.to_thread(_hub, "topics", "--create", *config)
    assert 0 == code, told
    assert 0 == (await asyncio.to_thread(_hub, "check-config", *config))[0]

    replace_value(folder / "hub.yaml", "profile", "production")
    code, told = await asyncio.to_thread(_hub, "check-config", *config)
    assert 1 == code
    assert "topic hub.commands: has 1 replicas, needed are 3" in told
    assert "topic hub.commands: min.insync.replicas is 1, needed is 2" in told

    replace_value(folder / "hub.yaml", "profile", "demo")
    replace_value(folder / "hub.yaml", "partitions", "4")
    code, told = await asyncio.to_thread(_hub, "check-config", *config)
    assert 1 == code
    assert "topic hub.audit: has 3 partitions, declared are 4; the number never changes" in told
