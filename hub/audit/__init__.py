"""Who asked for whose data: durable before the question, durable before the answer."""

from hub.audit.log_audit import LogAudit

__all__ = ["LogAudit"]
