"""Reads one YAML file as plain text: a Norway (`NO`), a procedure (`1.001193`) and a date stay what was written.

Refused with file and line: what is not UTF-8 or not YAML, a key that stands twice, anchors, aliases and tags, more than
one document, nesting over `DEPTH_MAX`, and files over `FILE_BYTES_MAX`. A key without a value counts as absent.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hub.settings.problems import KeyPath, Problems

FILE_BYTES_MAX = 4 * 1024 * 1024
DEPTH_MAX = 16
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """One file: its name below the installation folder, its data, and the line of every key and list item."""

    name: str
    data: Mapping[str, Any]
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def place(self, path: KeyPath) -> str:
        """Return `file:line` of the nearest thing that is really written there."""
        while path and path not in self.lines:
            path = path[:-1]
        return f"{self.name}:{self.lines.get(path, 1)}"


def read(folder: Path, name: str, problems: Problems) -> Document | None:
    """Read `folder/name`; None when it cannot be read, which is then among the problems."""
    text = _text(folder / name, name, problems)
    if text is None:
        return None
    try:
        refused = next(_refused(text), None)
        node = None if refused else yaml.compose(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        refused = _line(error.problem_mark), f"not readable as YAML: {error.problem or error.context}"
    except yaml.YAMLError:
        refused = 1, "not readable as YAML: it contains a character that is not allowed"
    if refused:
        problems.add(f"{name}:{refused[0]}", (), refused[1])
        return None
    if not isinstance(node, yaml.MappingNode):
        problems.add(f"{name}:1", (), "must be keys with values")
        return None
    lines: dict[KeyPath, int] = {}
    return Document(name, _mapping(node, (), _Reading(name, lines, problems)), lines)


def _refused(text: str) -> Iterator[tuple[int, str]]:
    """Yield line and reason of what YAML allows and a configuration does not."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEPTH_MAX:
            yield _line(event.start_mark), "nested too deep"
        if getattr(event, "anchor", None):
            yield _line(event.start_mark), "anchors and aliases are not allowed"
        if getattr(event, "tag", None):
            yield _line(event.start_mark), "tags are not allowed"


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


def _text(file: Path, name: str, problems: Problems) -> str | None:
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
        if len(content) > FILE_BYTES_MAX:
            problems.add(name, (), f"larger than {FILE_BYTES_MAX} bytes")
            return None
        return unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except FileNotFoundError:
        problems.add(name, (), "there is no such file")
    except OSError as error:
        problems.add(name, (), f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add(f"{name}:{line}", (), "not UTF-8")
    return None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What reading a file adds to on its way down."""

    name: str
    lines: dict[KeyPath, int]
    problems: Problems


def _mapping(node: yaml.MappingNode, path: KeyPath, reading: _Reading) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            reading.problems.add(f"{reading.name}:{line}", path, "a key must be plain text")
            continue
        below = (*path, key_node.value)
        if below in reading.lines:
            text = f"stands twice; first in line {reading.lines[below]}"
            reading.problems.add(f"{reading.name}:{line}", below, text)
            continue
        reading.lines[below] = line
        if not _absent(value_node):
            data[key_node.value] = _value(value_node, below, reading)
    return data


def _value(node: yaml.Node, path: KeyPath, reading: _Reading) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, reading)
    if isinstance(node, yaml.SequenceNode):
        return [_item(item, (*path, number), reading) for number, item in enumerate(node.value)]
    return node.value


def _item(node: yaml.Node, path: KeyPath, reading: _Reading) -> Any:
    reading.lines[path] = node.start_mark.line + 1
    return _value(node, path, reading)


def _absent(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style
