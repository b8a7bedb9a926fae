"""Binds what a file says to a model, and turns every refusal into a problem with file, line and key.

Values are never repeated: one of them may be a secret or a name.
"""

import re
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from hub.settings.document import Document
from hub.settings.problems import KeyPath, Problems, nearest
from hub.settings.references import References
from hub.settings.shape import fields_at
from schemas.problem import RULES

_Bound = TypeVar("_Bound", bound=BaseModel)
_QUOTED = re.compile(r"'([^']*)'")
_SHOULD = re.compile(r"^\w+ should ")
_PLAIN = {
    **dict.fromkeys(("tuple_type", "list_type", "set_type", "frozen_set_type"), "must be a list"),
    **dict.fromkeys(("model_type", "dict_type", "model_attributes_type"), "must be keys with values"),
    "string_type": "must be text",
    "int_parsing": "must be a whole number",
    "float_parsing": "must be a number",
    "bool_parsing": "must be true or false",
}


class Binder:
    """Binds sections of one installation; references are resolved first."""

    def __init__(self, references: References, problems: Problems) -> None:
        self._references = references
        self._problems = problems

    def bind(self, model: type[_Bound], document: Document, path: KeyPath = ()) -> _Bound | None:
        """Return the model of what stands at `path`, or None with the reasons among the problems."""
        data = _at(document.data, path)
        before = len(self._problems.problems)
        resolved = self._references.resolve(model, data, document, path)
        broken = len(self._problems.problems) > before
        try:
            bound = model.model_validate(resolved, strict=False)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                self._explain(model, document, path, detail)
            return None
        return None if broken else bound

    def _explain(self, model: type[BaseModel], document: Document, path: KeyPath, detail: ErrorDetails) -> None:
        inside = _written(document, path, detail)
        whole = (*path, *inside)
        if not self._references.failed(document, whole):
            words = _words(model, inside, _at(document.data, path), detail)
            self._problems.add(self._references.place(document, whole), whole, words)


def _at(value: Any, path: KeyPath) -> Any:
    """Return what stands at a path that exists."""
    for part in path:
        value = value[part]
    return value


def _written(document: Document, path: KeyPath, detail: ErrorDetails) -> KeyPath:
    """Return the part of an error's location that names keys: what follows names types of a union."""
    inside: KeyPath = ()
    for part in detail["loc"]:
        if (*path, *inside, part) not in document.lines and detail["type"] != "missing":
            break
        inside = (*inside, part)
    return inside


def _words(model: type[BaseModel], inside: KeyPath, data: Any, detail: ErrorDetails) -> str:
    """Say what is wrong with the value at `inside` of `data`, in words of our own where we have better ones."""
    match detail["type"]:
        case "missing":
            return "is required"
        case "extra_forbidden":
            return "unknown key" + nearest(str(inside[-1]), fields_at(model, inside[:-1]))
        case "literal_error" | "enum":
            expected = str(detail["ctx"]["expected"])
            return f"must be {expected}" + nearest(str(_at(data, inside)), _QUOTED.findall(expected))
        case "value_error":
            reason = str(detail["ctx"]["error"])
            return RULES[reason].en if reason in RULES else reason
    return _PLAIN.get(detail["type"]) or _SHOULD.sub("must ", detail["msg"])
