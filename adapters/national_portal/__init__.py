"""The National Public Service Portal (Cổng Dịch vụ công quốc gia)."""

from adapters.national_portal.adapter import build
from adapters.national_portal.config import PortalConfig

CONFIG = PortalConfig

__all__ = ["CONFIG", "build"]
