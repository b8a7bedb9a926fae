"""What follows from the log: read models, brought up to its end."""
