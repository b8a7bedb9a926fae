"""A Kafka broker of one node on this machine, for development, demonstrations and tests."""
