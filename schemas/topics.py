"""The topics of the log; a dossier has the same partition in all of them."""

from typing import Final

COMMANDS: Final = "hub.commands"
"""What was accepted: states of dossiers, withdrawals, rulings."""
OUTCOMES: Final = "hub.outcomes"
"""What came of each try."""
EVENTS: Final = "hub.events"
"""What is told of dossiers to others."""
AUDIT: Final = "hub.audit"
"""Who asked for whose data, and whether it was given."""
CONTROL: Final = "hub.control"
"""The pulse by which log and store know each other."""
