"""The national databases."""
