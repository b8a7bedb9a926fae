"""Dead letters: deliveries that a person must decide about, and everything an operator needs to decide."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue

from schemas.agency import AgencyCode
from schemas.delivery import DeliveryState
from schemas.dossier import DossierCodeText
from schemas.model import Model
from schemas.moment import Moment
from schemas.ruling import Verdict
from schemas.text import Token
from schemas.timeline import Hop


def _is_agency_code(text: str) -> str:
    AgencyCode.parse(text)
    return text


AgencyText = Annotated[str, Field(max_length=20, examples=["H56.14"]), AfterValidator(_is_agency_code)]
"""An agency code in either spelling."""

Code = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:\-]+$")]
"""A platform's own code, or one of the hub's."""


Submitted = dict[str, JsonValue]
"""A submission as JSON, without what it leaves at its default."""


class LetterState(StrEnum):
    """Why a delivery waits for a person: it was refused, or nobody but a person can tell whether it arrived."""

    DEAD = "dead"
    IN_DOUBT = "in_doubt"


class DeliveryFilter(Model):
    """Which deliveries are meant. What is not stated does not matter; times are those of acceptance."""

    platform: Token | None = None
    operation: Token | None = None
    code: Code | None = None
    agency: AgencyText | None = None
    dossier: DossierCodeText | None = None
    accepted_from: Moment | None = None
    accepted_before: Moment | None = None

    @property
    def states_something(self) -> bool:
        """Whether it leaves anything out."""
        return any(value is not None for _, value in self)

    @property
    def agency_code(self) -> AgencyCode | None:
        """The agency; those below it are meant too."""
        return None if self.agency is None else AgencyCode.parse(self.agency)


class DeadLetter(Model):
    """One delivery that waits for a person. It carries no personal data."""

    message_id: str
    operation: str
    part: int
    of: int
    platform: str
    state: DeliveryState
    dossier_code: str
    revision: int
    agency: str
    system: str
    accepted_at: datetime
    attempts: int
    code: str
    possibly_doubled: bool


class DeadLetters(Model):
    """Some dead letters, oldest first; `next` is where the following ones begin, null when there are none."""

    letters: tuple[DeadLetter, ...]
    next: str | None = None


class RulingLine(Model):
    """One decision about a delivery. `fields` are those that it corrected, `body` is what is sent since.

    What is sealed is null when its key was destroyed.
    """

    at: datetime
    verdict: Verdict
    by: str
    approved_by: str | None
    order: str
    officer: str | None
    reason: str | None
    fields: tuple[str, ...] = ()
    body: Submitted | None = None


class LetterStory(Model):
    """A delivery with where it came from, what was tried, what the platform said, the body, and every decision.

    `partition` and `offset` are the place of its message in the log. `body` is what the sender submitted; null when
    its key was destroyed, or when the log has let it go.
    """

    letter: DeadLetter
    partition: int
    offset: int
    reason: str | None
    attempts: tuple[Hop, ...]
    body: Submitted | None
    rulings: tuple[RulingLine, ...]
