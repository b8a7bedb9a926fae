"""The log in one SQLite file of this machine."""
