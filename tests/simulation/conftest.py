"""Every test here runs in virtual time."""

from tests.simulation.virtual_time import VirtualLoop


def pytest_asyncio_loop_factories() -> dict[str, type[VirtualLoop]]:
    """Run the tests of this folder on virtual loops."""
    return {"virtual": VirtualLoop}
