"""The command line: thin; what it does is done by the rooms that it calls."""

from hub.cli.commands import app, main

__all__ = ["app", "main"]
