"""The composition root: everything is built here and handed on by constructor."""

from hub.app.roles import Role
from hub.app.seams import Seams
from hub.app.serve import serve

__all__ = ["Role", "Seams", "serve"]
