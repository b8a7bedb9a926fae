"""Sandbox platforms: strict, faulty on command, with a ledger of effects."""
