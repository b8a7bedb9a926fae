"""The numbers and the outbox of status events."""
