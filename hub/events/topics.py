"""The topics of the log that status events come from and go to."""

COMMANDS = "hub.commands"
OUTCOMES = "hub.outcomes"
EVENTS = "hub.events"
