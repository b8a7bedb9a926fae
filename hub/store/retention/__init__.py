"""Letting go of what is old, and never of what is owed."""
