"""API keys in `systems.yaml`: a key is added to the text of the file, so that comments and order stay."""

import os
from pathlib import Path

from hub.access import KeyEntry, issue_key
from hub.errors import ConfigInvalid
from hub.settings.document import Document, read
from hub.settings.installation import SYSTEMS_FILE
from hub.settings.problems import KeyPath, Problems, nearest
from schemas.agency import AgencyCode


def add_key(folder: Path, agency: str, system: str, pepper: bytes) -> str:
    """Make a key for a system, write its digest into `systems.yaml`, and return the token, which is kept nowhere.

    ConfigInvalid when the system is not there, or when its `keys` are not one key a line.
    """
    problems = Problems()
    document = read(folder, SYSTEMS_FILE, problems)
    problems.stop()
    if document is None:
        raise ConfigInvalid(f"{SYSTEMS_FILE} cannot be read")
    path = _find(document, agency, system)
    issued = issue_key(pepper)
    file = folder / SYSTEMS_FILE
    with file.open(encoding="utf-8") as stream:
        lines = [line.rstrip("\n") for line in stream]
    _rewrite(file, "\n".join((*_with_key(lines, document, path, issued.entry), "")))
    return issued.token


def _find(document: Document, agency: str, system: str) -> KeyPath:
    """Return where the entry of a system stands."""
    wanted, names = _name(agency, system), {}
    for number, entry in enumerate(document.data.get("systems", ())):
        names[_name(str(entry.get("agency")), str(entry.get("system")))] = number
    if wanted not in names:
        raise ConfigInvalid(f"{document.name}: there is no system {wanted}" + nearest(wanted, names))
    return ("systems", names[wanted])


def _name(agency: str, system: str) -> str:
    try:
        return f"{AgencyCode.parse(agency)}/{system}"
    except ValueError:
        return f"{agency}/{system}"


def _with_key(lines: list[str], document: Document, path: KeyPath, entry: KeyEntry) -> list[str]:
    """Return the lines with the key as the first one under `keys:`; that line is added when it is not there."""
    number = document.lines.get((*path, "keys"))
    if number is None:
        number = document.lines[*path, "system"]
        head = [*lines[:number], f"{_indent(lines[number - 1])}keys:"]
    else:
        if lines[number - 1].partition("#")[0].strip(" -") not in ("keys:", "keys: []"):
            raise ConfigInvalid(f"{document.name}:{number}: write keys as a list, one key a line")
        head = [*lines[: number - 1], lines[number - 1].replace("keys: []", "keys:")]
    indent = _indent(lines[number - 1])
    return [*head, f"{indent}  - id: {entry.id}", f"{indent}    digest: {entry.digest}", *lines[number:]]


def _indent(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" -")))


def _rewrite(file: Path, text: str) -> None:
    """Replace a file as a whole: a reader sees the old text or the new one."""
    fresh = file.with_name(f".{file.name}.new")
    with fresh.open("w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.chmod(file.stat().st_mode & 0o777)
    fresh.replace(file)
