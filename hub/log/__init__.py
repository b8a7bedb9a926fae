"""The durable log: in memory and on SQLite, under one contract suite."""
