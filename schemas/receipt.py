"""Receipts: proof that the hub accepted something."""

from datetime import datetime

from schemas.model import Model


class Receipt(Model):
    """What a 202 says. Repeating a request with its key gives the same receipt."""

    message_id: str
    dossier_code: str
    revision: int
    accepted_at: datetime
    follow: str
