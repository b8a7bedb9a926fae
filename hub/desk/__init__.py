"""The operators' desk: what waits for a person, and what a person orders about it."""
