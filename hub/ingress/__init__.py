"""The doors: parse a request, ask the one use case, answer."""
