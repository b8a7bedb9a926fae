"""Lanes, the gate, parking: what is owed to platforms gets there once and in order."""
