"""Administrative procedures, versioned: an accepted dossier keeps the version it was accepted under."""

from datetime import date

from schemas.dossier import ProcedureCode
from schemas.model import Model
from schemas.text import Title, Token


class Procedure(Model):
    """One version of one procedure of the national catalogue."""

    code: ProcedureCode
    name: Title
    field_code: Token
    field_name: Title
    valid_from: date
    valid_to: date | None = None
