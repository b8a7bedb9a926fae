"""How much of the hub a platform gets, and whether it may be called right now."""
