"""Measurements, each beside a yardstick of the same run on the same machine: read the ratios."""
