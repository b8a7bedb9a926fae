"""An XML element read by the names of its children, whatever their order and namespace."""

import unicodedata
from typing import Final

from lxml import etree

from hub.errors import ReplyUnreadable

TEXT_MAX: Final = 1000
_CONTROL = frozenset({"Cc", "Cs"})


class Node:
    """One element, or an absent one, which has no children. Each child is looked at once."""

    def __init__(self, name: str, element: etree._Element | None) -> None:
        self._name = name
        self._element = element
        self._children: dict[str, list[etree._Element]] = {}
        for child in () if element is None else element:
            self._children.setdefault(str(child.tag).rpartition("}")[2], []).append(child)

    @property
    def is_leaf(self) -> bool:
        """Whether the element is there and has no children."""
        return self._element is not None and not self._children

    def all(self, name: str) -> "list[Node]":
        """Return the children of that name."""
        return [Node(name, child) for child in self._children.get(name, ())]

    def one(self, name: str) -> "Node":
        """Return the child of that name, or an absent one. ReplyUnreadable when there are several."""
        return Node(name, self._child(name))

    def text(self, name: str) -> str | None:
        """Return the text of a child as `line` does."""
        return _line(name, self._child(name))

    def line(self) -> str | None:
        """Return the element's own text in NFC with single blanks; None when it is absent or empty.

        ReplyUnreadable for markup, control characters, or more than `TEXT_MAX` characters.
        """
        return _line(self._name, self._element)

    def _child(self, name: str) -> etree._Element | None:
        found = self._children.get(name, ())
        if len(found) > 1:
            raise ReplyUnreadable(f"{name} more than once")
        return found[0] if found else None


def _line(name: str, element: etree._Element | None) -> str | None:
    if element is None:
        return None
    if len(element):
        raise ReplyUnreadable(f"markup in {name}")
    text = unicodedata.normalize("NFC", " ".join((element.text or "").split()))
    if len(text) > TEXT_MAX or not (text.isprintable() or _CONTROL.isdisjoint(map(unicodedata.category, text))):
        raise ReplyUnreadable(f"{name} is no line of text")
    return text or None
