"""Code lists that the state publishes, each entry with the days on which it holds."""
