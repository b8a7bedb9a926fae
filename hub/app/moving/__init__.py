"""A province moves house: log, store and keys from files of one machine to Kafka and PostgreSQL (ADR 0022)."""
