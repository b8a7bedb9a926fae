"""Every test here runs in virtual time."""

import time
from collections.abc import Iterator

import pytest

from tests.simulation.virtual_time import VirtualLoop

_HANG_S = 110.0
"""Below the timeout of a test."""


def pytest_asyncio_loop_factories() -> dict[str, type[VirtualLoop]]:
    """Run the tests of this folder on virtual loops."""
    return {"virtual": VirtualLoop}


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    """Fail a test that hung: the timeout's exception may end in a task that nobody looks at, and the test goes on."""
    started_s = time.monotonic()
    yield
    assert time.monotonic() - started_s < _HANG_S, "something kept the loop busy"
