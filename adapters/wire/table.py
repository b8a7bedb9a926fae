"""Outcome tables in configuration: one row of a table, as an operator writes it."""

import re
import unicodedata
from typing import Annotated

from pydantic import Field, field_validator

from hub.ports import OutcomeRule
from schemas.delivery import OutcomeClass
from schemas.model import ConfigModel


def expression(text: str) -> str:
    """Return a regular expression in NFC, as platforms' texts are compared. ValueError when it is none."""
    text = unicodedata.normalize("NFC", text)
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return text


class Rule(ConfigModel):
    """One row of an outcome table. `http_status` is one status or a range: `503`, `500-599`."""

    outcome: OutcomeClass
    http_status: Annotated[str, Field(pattern=r"^[1-5]\d\d(-[1-5]\d\d)?$")] | None = None
    code: str | None = None
    text: str | None = None

    @field_validator("text")
    @classmethod
    def _valid_text(cls, text: str | None) -> str | None:
        return None if text is None else expression(text)

    def row(self) -> OutcomeRule:
        """Return the row in the form that the pipeline reads."""
        first, _, last = (self.http_status or "").partition("-")
        span = (int(first), int(last or first)) if first else None
        return OutcomeRule(self.outcome, http_status=span, code=self.code, text=self.text)
