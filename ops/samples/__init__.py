"""Samples for those who use the hub: each stands alone and may be copied."""
