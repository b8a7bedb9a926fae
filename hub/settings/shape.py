"""Reads the shape of a model: which fields stand where, and what a value may be."""

import types
from collections.abc import Iterator
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def options(annotation: Any) -> Iterator[Any]:
    """Yield what a value of this annotation may be: unions taken apart, metadata left out."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from options(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for part in get_args(annotation):
            yield from options(part)
    else:
        yield annotation


def may_be(annotation: Any, *kinds: type) -> bool:
    """Whether a value of this annotation may be of one of the kinds."""
    return any(isinstance(option, type) and issubclass(option, kinds) for option in options(annotation))


def below(annotation: Any, part: str | int) -> Any:
    """Return the annotation of what stands under a key or a number; None where the shape does not say."""
    for option in options(annotation):
        arguments = get_args(option)
        if isinstance(part, str) and part in (fields := fields_of(option)):
            return fields[part]
        if arguments and (get_origin(option) is dict) == isinstance(part, str):
            return arguments[-1] if isinstance(part, str) else arguments[0]
    return None


def fields_of(annotation: Any) -> dict[str, Any]:
    """Return the keys that may stand here, with their annotations; nothing where the shape does not say."""
    return {
        name: field.annotation
        for option in options(annotation)
        if isinstance(option, type) and issubclass(option, BaseModel)
        for name, field in option.model_fields.items()
    }


def fields_at(annotation: Any, path: tuple[str | int, ...]) -> dict[str, Any]:
    """Return the keys that may stand at the end of a path."""
    for part in path:
        annotation = below(annotation, part)
    return fields_of(annotation)
