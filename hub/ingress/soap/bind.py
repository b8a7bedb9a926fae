"""Between XML and the models of the contract: the element `applicant` is the field `applicant`, and so on.

The models judge, as they do for REST, so that a broken rule has one name and one path at both doors. Elements may
come in any order; the schema fixes one because the toolkits want one. Attributes with a namespace are passed over.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from functools import cache
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import orjson
from lxml import etree
from pydantic import AwareDatetime, ValidationError

from hub.errors import BrokenRule, Invalid
from hub.ingress.broken_fields import FIELDS_MAX, broken_rules
from hub.ingress.json_place import safe_name
from hub.ingress.soap.version import NAMESPACE
from schemas.model import Model

BLANKS = " \t\r\n"
"""What XML calls white space."""

_OURS = f"{{{NAMESPACE}}}"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_TRUTHS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_DIGITS_MAX = 18
_HUGE: int = 10**18
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot carry."""

AnyModel = TypeVar("AnyModel", bound=Model)


class _Kind(Enum):
    TEXT = auto()
    WORD = auto()
    INTEGER = auto()
    TRUTH = auto()


@dataclass(frozen=True, slots=True)
class _Field:
    """How one field is written in XML: once or often, as a scalar or as elements of its own."""

    kind: _Kind
    model: type[Model] | None
    many: bool


def bound(model: type[AnyModel], element: etree._Element) -> AnyModel:
    """Return the model that an element states. Invalid names every rule that it breaks."""
    broken: list[BrokenRule] = []
    stated = _members(model, element, "", broken)
    if broken:
        raise Invalid(broken[:FIELDS_MAX])
    try:
        return model.model_validate_json(orjson.dumps(stated), strict=True)
    except ValidationError as error:
        raise Invalid(broken_rules(error.errors(include_url=False, include_input=False))) from None


def children(
    element: etree._Element, required: Iterable[str], optional: Iterable[str] = ()
) -> Mapping[str, etree._Element]:
    """Return the children of a wrapper by name. Invalid when one is missing, unknown or there twice."""
    known = {*required, *optional}
    found: dict[str, etree._Element] = {}
    broken: list[BrokenRule] = []
    for child in element:
        name = _name(child, "", broken)
        if name in found:
            broken.append(BrokenRule(safe_name(name), "duplicate_field"))
        elif name not in known:
            broken.append(BrokenRule(safe_name(name), "unknown_field"))
        found[name] = child
    broken += [BrokenRule(name, "missing") for name in required if name not in found]
    if broken:
        raise Invalid(broken[:FIELDS_MAX])
    return found


def text_of(element: etree._Element, place: str) -> str:
    """Return the text of a scalar, without blanks at its ends. Invalid when it has children."""
    if len(element):
        raise Invalid([BrokenRule(place, "type")])
    return (element.text or "").strip(BLANKS)


def written(parent: etree._Element, name: str, model: Model) -> None:
    """Append a model as an element; what is None is left out."""
    _append(parent, name, model.model_dump(mode="json", exclude_none=True))


def _members(model: type[Model], element: etree._Element, path: str, broken: list[BrokenRule]) -> dict[str, Any]:
    fields = _fields(model)
    stated: dict[str, Any] = {f"@{name}": None for name in element.attrib if not str(name).startswith("{")}
    if _has_loose_text(element):
        broken.append(BrokenRule(path or "$", "type"))
    for child in element:
        name = _name(child, path, broken)
        field = fields.get(name)
        if field is not None and field.many:
            items = stated.setdefault(name, [])
            items.append(_value(field, child, (path, name, str(len(items))), broken))
        elif name in stated:
            broken.append(BrokenRule(_joined(path, safe_name(name)), "duplicate_field"))
        else:
            stated[name] = None if field is None else _value(field, child, (path, name), broken)
    return stated


def _name(child: etree._Element, path: str, broken: list[BrokenRule]) -> str:
    tag = str(child.tag)
    if tag.startswith(_OURS):
        return tag[len(_OURS) :]
    local = tag.rpartition("}")[2]
    broken.append(BrokenRule(_joined(path, safe_name(local)), "namespace"))
    return local


def _value(field: _Field, element: etree._Element, path: tuple[str, ...], broken: list[BrokenRule]) -> Any:
    if element.get(_NIL, "").strip() in ("true", "1"):
        return None
    if field.model is not None and (len(element) or not (element.text or "").strip(BLANKS)):
        return _members(field.model, element, _joined(*path), broken)
    if len(element):
        # An object where a scalar is wanted; the model says so.
        return {}
    return _scalar(field.kind, element.text or "")


def _scalar(kind: _Kind, text: str) -> Any:
    match kind:
        case _Kind.TEXT:
            return text
        case _Kind.WORD:
            return text.strip(BLANKS)
        case _Kind.TRUTH:
            return _TRUTHS.get(text.strip(BLANKS), text)
        case _Kind.INTEGER:
            return _integer(text.strip(BLANKS))


def _integer(text: str) -> int | str:
    """Return the number; text that is none stays text, and a number beyond all bounds is just huge."""
    if not _INTEGER.fullmatch(text):
        return text
    if len(text.lstrip("+-0")) > _DIGITS_MAX:
        return -_HUGE if text[0] == "-" else _HUGE
    return int(text)


def _has_loose_text(element: etree._Element) -> bool:
    """Whether text stands between elements, where only blanks may."""
    loose = (element.text, *(child.tail for child in element))
    return any(text and text.strip(BLANKS) for text in loose)


@cache
def _fields(model: type[Model]) -> dict[str, _Field]:
    return {name: _field(info.annotation) for name, info in model.model_fields.items()}


def _field(annotation: Any) -> _Field:
    bare = _bare(annotation)
    if get_origin(bare) is tuple:
        item = _field(get_args(bare)[0])
        return _Field(item.kind, item.model, many=True)
    if isinstance(bare, type) and issubclass(bare, Model):
        return _Field(_Kind.TEXT, bare, many=False)
    return _Field(_kind(bare), None, many=False)


def _bare(annotation: Any) -> Any:
    """Take off constraints, and the leave to be None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    others = [arm for arm in get_args(annotation) if arm is not NoneType]
    return _bare(others[0]) if NoneType in get_args(annotation) else annotation


def _kind(scalar: Any) -> _Kind:
    if not isinstance(scalar, type):
        return _Kind.TEXT
    if issubclass(scalar, bool):
        return _Kind.TRUTH
    if issubclass(scalar, int):
        return _Kind.INTEGER
    return _Kind.WORD if scalar is AwareDatetime or issubclass(scalar, date) else _Kind.TEXT


def _joined(path: str, *names: str) -> str:
    return ".".join((path, *names) if path else names)


def _append(parent: etree._Element, name: str, value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _append(parent, name, item)
        return
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
    if isinstance(value, dict):
        for field, member in value.items():
            _append(element, field, member)
    elif isinstance(value, bool):
        element.text = "true" if value else "false"
    else:
        element.text = _ILLEGAL.sub("\ufffd", str(value))
