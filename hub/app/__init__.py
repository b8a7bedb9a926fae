"""The composition root: everything is built here and handed on by constructor."""

from hub.app.seams import Seams
from hub.app.serve import serve

__all__ = ["Seams", "serve"]
