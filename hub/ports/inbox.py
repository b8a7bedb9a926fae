"""What remembers requests and data keys."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request to be the one message of (sender, key). `fingerprint` is a keyed digest of the body."""

    sender: str
    key: str
    fingerprint: bytes
    message_id: str
    ordering_key: str
    code_as_given: str
    revision: int
    received_at: datetime


class ReservationState(StrEnum):
    """What the inbox says to a reservation."""

    NEW = "new"
    RESERVED = "reserved"
    OVERTAKEN = "overtaken"
    ACCEPTED = "accepted"
    OTHER_BODY = "other_body"
    REVISION_BACKWARDS = "revision_backwards"


@dataclass(frozen=True, slots=True)
class Reserved:
    """The inbox's answer. For RESERVED, OVERTAKEN and ACCEPTED the ids and the time are those of the first request.

    `code_as_given` is the spelling under which the dossier first came in.
    """

    state: ReservationState
    message_id: str
    received_at: datetime
    code_as_given: str


class Inbox(Protocol):
    """Remembers what came in, so that a repeat is recognised."""

    async def reserve(self, reservation: Reservation) -> Reserved:
        """Reserve durably, or say what is there. A NEW answer also raises the dossier's highest revision.

        RESERVED means: reserved before, and not (yet) seen in the log. OVERTAKEN: the same, and the dossier has a
        higher revision by now, so that appending would turn the order round. REVISION_BACKWARDS: the dossier already
        has this revision, or a higher one, under another key.
        """


class Keys(Protocol):
    """Data keys, one per subject (a dossier); kept apart from what they seal."""

    async def key_for(self, subject: str) -> tuple[str, bytes]:
        """Return (key id, 32 bytes) of the subject, made durable first when it is new."""

    async def key(self, key_id: str) -> bytes:
        """Return the 32 bytes. Unsealable when the key was destroyed or never existed."""
