"""Telemetry: log lines that cannot carry personal data, and metrics in a registry of their own."""

from hub.telemetry.logs import WITHHELD, Logger, configure_logging, logger
from hub.telemetry.metrics import Metrics

__all__ = ["WITHHELD", "Logger", "Metrics", "configure_logging", "logger"]
