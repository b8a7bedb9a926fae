"""The broker's jars: resolved by Maven from `pom.xml`, once, into the project's cache."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

_POM = Path(__file__).with_name("pom.xml")
_CACHE = Path(__file__).parents[2] / ".cache" / "kafka"
_RESOLVE_WAIT_S = 900


class NoBroker(Exception):
    """The broker cannot be had; the text says what is missing."""


def jars(cache: Path = _CACHE) -> Path:
    """Return the folder of the jars; fetch them when the POM asks for others than are there. Needs Maven only then."""
    folder = cache / hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _resolve(folder)
    return folder


def program(name: str) -> str:
    """Return the path of a program. NoBroker when it is not installed."""
    path = shutil.which(name)
    if path is None:
        raise NoBroker(f"missing: {name}; ops/prerequisites.sh java mvn installs what the broker needs")
    return path


def _resolve(folder: Path) -> None:
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={partial}"]
    command = [program("mvn"), "-q", "-B", "-ntp", "-f", str(_POM), *goal]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_RESOLVE_WAIT_S, check=False)  # noqa: S603 - our own words
    if done.returncode:
        raise NoBroker(f"Maven could not resolve {_POM.name}: {(done.stdout + done.stderr)[-2000:]}")
    partial.rename(folder)
