"""The port to a relational database: units of work go in, their results come out after the commit."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection

Result = TypeVar("Result")

Unit = Callable[[Connection], Result]
"""Statements that belong to one transaction. It may run twice (the first run is rolled back), so it has no other
effects; it neither commits nor rolls back."""


class Database(Protocol):
    """Runs units of work away from the event loop.

    Errors of both verbs: Unavailable (nothing was written), Overloaded (too many units wait), HubFault (the database
    refused a statement, such as a second row under one key), and whatever the unit raises itself; of `write` also
    WriteInDoubt.
    """

    async def write(self, unit: Unit[Result]) -> Result:
        """Run the unit in a transaction of its own or in one shared with others; durable when this returns.

        A unit that fails harms no other. Units commit in the order in which they were handed over.
        """

    async def read(self, unit: Unit[Result]) -> Result:
        """Run the unit on one snapshot, in which everything is seen whose `write` has returned."""

    async def aclose(self) -> None:
        """Let waiting units finish and let go of everything."""
