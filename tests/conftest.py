"""Fixtures of every folder."""

from tests.contracts.kafka_broker import kafka

__all__ = ["kafka"]
