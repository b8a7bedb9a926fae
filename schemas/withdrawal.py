"""Withdrawal of a dossier: what is still queued of it at the hub is not to be sent any more."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.model import Model
from schemas.receipt import Receipt


class WithdrawalReason(StrEnum):
    """Why a dossier is withdrawn from the hub."""

    APPLICANT_REQUEST = "applicant_request"
    SENT_IN_ERROR = "sent_in_error"
    DUPLICATE = "duplicate"


class Withdrawal(Model):
    """What a sender says about it; the dossier stands in the address.

    `revision` is counted with those of the dossier's states: higher than all that were sent before.
    """

    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    reason: WithdrawalReason


class WithdrawalReceipt(Receipt):
    """What a 202 says to a withdrawal. `remains_*` say what it does not undo."""

    remains_vi: str
    remains_en: str
