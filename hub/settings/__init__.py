"""Settings: one folder of text files, read strictly; everything wrong in it is told at once, with file and line."""

from hub.settings.environment import Environment, read_environment
from hub.settings.installation import Installation, Platform, load
from hub.settings.sections import Agency, HubSection, PlatformSection

__all__ = [
    "Agency",
    "Environment",
    "HubSection",
    "Installation",
    "Platform",
    "PlatformSection",
    "load",
    "read_environment",
]
