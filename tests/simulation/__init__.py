"""Tests: whole rooms in virtual time, with seeded faults."""
