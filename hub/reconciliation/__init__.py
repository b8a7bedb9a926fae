"""Reconciliation: whether platforms have what the ledger counts as delivered, and what is missing sent again."""
