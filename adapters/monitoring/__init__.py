"""Platforms that watch how the province serves its citizens."""
