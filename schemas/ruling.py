"""Rulings: what a person decides about one delivery that the hub does not go on with by itself."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from schemas.dossier import DossierSubmission
from schemas.model import Model
from schemas.text import Token


class Verdict(StrEnum):
    """What shall become of the delivery. The first three are for one that is dead."""

    REPLAY = "replay"
    """Try again, with the body as it was or a corrected one."""
    DISCARD = "discard"
    """Give it up; what waits behind it goes on."""
    SUPERSEDED = "superseded"
    """Give it up because a newer state of the dossier says it all; what waits behind it goes on."""
    ARRIVED = "arrived"
    """It was in doubt, and somebody has seen it at the platform."""
    NOT_ARRIVED = "not_arrived"
    """It was in doubt, and somebody has seen that it is not there: send it."""
    RESEND = "resend"
    """It counts as delivered, and the platform does not have it: send it again."""


class Ruling(Model):
    """The clear part of a ruling: which delivery, what, and who says so. It carries no personal data.

    `message_id`, `operation`, `platform`, `part` and `of` name the delivery; `index` is its line in its message. `by`
    and `approved_by` are accounts (agency/system) of operators. `order` is the order that the ruling belongs to.
    """

    verdict: Verdict
    message_id: str
    operation: str
    platform: str
    part: int
    of: int
    index: int
    by: str
    approved_by: str | None = None
    order: str
    corrected: bool = False


Reason = Annotated[str, Field(min_length=3, max_length=1000)]
"""Why a person decides so, in his own words; it may name people, so it is sealed."""


class RulingBody(Model):
    """The sealed part of a ruling. `submission` is what is to be sent from here on: corrected, or, for a resend, whole.

    With a corrected body all deliveries of the message in the same lane that have not arrived are sent from it.
    """

    reason: Reason
    officer: Token
    submission: DossierSubmission | None = None
