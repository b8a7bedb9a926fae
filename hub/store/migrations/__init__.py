"""Migrations of the store (`store/`) and of the key store (`keys/`), run by `hub.store.migrate`."""
