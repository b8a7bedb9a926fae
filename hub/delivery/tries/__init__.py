"""One try of one delivery: whether it may begin, what it showed, and what is written down of it."""
