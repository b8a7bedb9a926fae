"""EMC, the government's system that measures the handling of dossiers (Hệ thống giám sát, đo lường)."""

from adapters.monitoring.emc.adapter import build
from adapters.monitoring.emc.config import EmcConfig

CONFIG = EmcConfig

__all__ = ["CONFIG", "build"]
