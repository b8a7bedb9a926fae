"""A dossier as one-stop systems send it: one application by one person under one procedure, in one state.

Sources: the dossier object of the National Public Service Portal's synchronisation service, in the hub's own words;
the dossier code after TT 01/2018/TT-VPCP and TT 03/2025/TT-VPCP.
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, HttpUrl

from schemas.agency import AgencyCode
from schemas.model import Model
from schemas.moment import Moment
from schemas.text import Name, Note, Title, Token, line

_CODE = re.compile(
    r"(?P<agency>\d{3}\.\d{2}\.\d{2}\.[GHK]\d{2}|[A-Z]\d{2}(?:\.\d{1,3}){0,3})-(?P<day>\d{6})-(?P<number>\d{4,9})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class DossierCode:
    """`{agency}-{yyMMdd}-{NNNN}`; equal for both spellings of the agency, so it can order a dossier's messages."""

    agency: AgencyCode
    day: date
    number: str

    @classmethod
    def parse(cls, text: str) -> "DossierCode":
        """Read a dossier code in either spelling. ValueError("dossier_code") otherwise, an impossible day included."""
        match = _CODE.fullmatch(text)
        if match is None:
            raise ValueError("dossier_code")
        try:
            day = date(2000 + int(match["day"][:2]), int(match["day"][2:4]), int(match["day"][4:]))
        except ValueError:
            raise ValueError("dossier_code") from None
        return cls(AgencyCode.parse(match["agency"]), day, match["number"])

    def __str__(self) -> str:
        return f"{self.agency}-{self.day:%y%m%d}-{self.number}"


def _is_dossier_code(text: str) -> str:
    DossierCode.parse(text)
    return text


DossierCodeText = Annotated[
    str,
    BeforeValidator(line),
    Field(max_length=40, examples=["H56.14-261122-0001"]),
    AfterValidator(_is_dossier_code),
]
"""A dossier code as it was written by the sender."""

ProcedureCode = Annotated[str, Field(pattern=r"^[0-9]\.[0-9]{6}$", examples=["1.001193"])]
"""National code of an administrative procedure."""

PersonalNumber = Annotated[str, Field(pattern=r"^([0-9]{12}|[0-9]{9})$", examples=["001000000001"])]
"""Twelve-digit identity number, or the nine-digit one of older papers."""


class DossierStatus(StrEnum):
    """Where a dossier stands; the ten states that the national portal knows."""

    REGISTERED = "registered"
    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    PROCESSING = "processing"
    SUPPLEMENT_REQUESTED = "supplement_requested"
    PAYMENT_REQUESTED = "payment_requested"
    WITHDRAWN = "withdrawn"
    STOPPED = "stopped"
    FINISHED = "finished"
    RETURNED = "returned"


class Channel(StrEnum):
    """How the dossier came in."""

    COUNTER = "counter"
    ONLINE = "online"
    POSTAL = "postal"


class ApplicantKind(StrEnum):
    """What the owner of a dossier is."""

    CITIZEN = "citizen"
    ENTERPRISE = "enterprise"
    STATE_AGENCY = "state_agency"
    ORGANISATION = "organisation"


class Reuse(StrEnum):
    """Whether an attachment is data that the state held already."""

    NONE = "none"
    COMPONENT = "component"
    RESULT = "result"


class FeePayment(StrEnum):
    """How the fees of a dossier were paid."""

    NONE = "none"
    ONLINE = "online"
    OTHER = "other"


class ResultDelivery(StrEnum):
    """How the applicant gets the result."""

    COUNTER = "counter"
    POST = "post"


class Applicant(Model):
    """The owner of the dossier."""

    kind: ApplicantKind
    name: Name
    personal_number: PersonalNumber | None = None
    account_id: Token | None = Field(None, description="Technical identifier of the national account (TechID)")
    phone: Annotated[str, Field(pattern=r"^[0-9+ .]{8,20}$")] | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")] | None = None
    account_verified: bool = Field(default=False, description="The account was verified by VNeID")


class Attachment(Model):
    """A file of the dossier, by reference; the bytes stay where they are."""

    id: Token
    name: Annotated[str, BeforeValidator(line), Field(min_length=1, max_length=4000)]
    url: HttpUrl
    component: Token | None = Field(None, description="Code of the component that the file satisfies")
    digitised: bool = False
    reuse: Reuse = Reuse.NONE
    from_repository: bool = Field(default=False, description="Taken from the national result repository")
    deleted: bool = False


class Fee(Model):
    """One fee or charge."""

    code: Token
    name: Name
    kind: Annotated[str, Field(pattern=r"^(fee|charge)$", description="fee = lệ phí, charge = phí")]
    amount_vnd: Annotated[int, Field(ge=0, le=10_000_000_000)]
    collection: Annotated[str, Field(pattern=r"^(before|after|exempt)$")] = "before"


class ResultPaper(Model):
    """A paper issued as the result of the dossier."""

    id: Token
    name: Annotated[str, BeforeValidator(line), Field(min_length=1, max_length=2000)]
    url: HttpUrl
    code: Token | None = None
    component: Token | None = None


class ProgressStep(Model):
    """One step of the work on a dossier, in the order in which the steps happened."""

    officer: Annotated[str, BeforeValidator(line), Field(min_length=1, max_length=50)]
    position: Name
    unit: Name
    at: Moment
    content: Title
    status: DossierStatus
    started_at: Moment
    due_at: Moment | None = None


class DossierSubmission(Model):
    """One state of a dossier; a later state has a higher revision.

    `progress` holds the steps since the previous revision. Times carry an offset. What cannot arrive at a platform
    before `deliver_by` is not sent any more.
    """

    code: DossierCodeText
    revision: Annotated[int, Field(ge=1, le=1_000_000)]
    procedure: ProcedureCode
    status: DossierStatus
    channel: Channel
    applicant: Applicant
    summary: Title
    processing_unit: Name
    received_at: Moment
    submitted_at: Moment | None = None
    due_at: Moment | None = None
    finished_at: Moment | None = None
    returned_at: Moment | None = None
    refused_at: Moment | None = None
    result_delivery: ResultDelivery = ResultDelivery.COUNTER
    fee_payment: FeePayment = FeePayment.NONE
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=100)] = ()
    fees: Annotated[tuple[Fee, ...], Field(max_length=50)] = ()
    results: Annotated[tuple[ResultPaper, ...], Field(max_length=20)] = ()
    progress: Annotated[tuple[ProgressStep, ...], Field(max_length=200)] = ()
    consulted_databases: Annotated[tuple[Token, ...], Field(max_length=20)] = ()
    note: Note = ""
    deliver_by: Moment | None = None
