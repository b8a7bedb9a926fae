"""References: what a file points at instead of saying it.

`${NAME}` stands for an environment variable, in any field. `file:path` stands for the text of a file, in a secret
field; the path is relative to the installation folder. A secret field takes nothing else, so no secret stands in a file
of the configuration. Fields that hold a path are made absolute from the same folder.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretBytes, SecretStr

from hub.settings.address import has_password
from hub.settings.document import Document
from hub.settings.problems import KeyPath, Problems, nearest
from hub.settings.shape import below, may_be

SECRET_BYTES_MAX = 64 * 1024
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_OTHERS = 0o077
_UNRESOLVED = ""


class References:
    """Resolves the references of one installation."""

    def __init__(self, folder: Path, environ: Mapping[str, str], problems: Problems) -> None:
        self._folder = folder
        self._environ = environ
        self._problems = problems
        self._failed: set[tuple[str, KeyPath]] = set()
        self._overridden: dict[tuple[str, KeyPath], str] = {}
        self.variables: set[str] = set()

    def override(self, document: Document, path: KeyPath, variable: str) -> None:
        """Remember that the value at a path comes from an environment variable and not from the file."""
        self._overridden[document.name, path] = variable

    def place(self, document: Document, path: KeyPath) -> str:
        """Return where the value at a path comes from: `file:line`, or the variable."""
        return self._overridden.get((document.name, path)) or document.place(path)

    def failed(self, document: Document, path: KeyPath) -> bool:
        """Whether the value at a path could not be resolved, and this was said."""
        return (document.name, path) in self._failed

    def resolve(self, annotation: Any, value: Any, document: Document, path: KeyPath) -> Any:
        """Return a copy of the value in which every reference is resolved."""
        if isinstance(value, Mapping):
            return {
                key: self.resolve(below(annotation, key), item, document, (*path, key)) for key, item in value.items()
            }
        if isinstance(value, list):
            return [
                self.resolve(below(annotation, number), item, document, (*path, number))
                for number, item in enumerate(value)
            ]
        return self._scalar(annotation, value, document, path)

    def _scalar(self, annotation: Any, value: str, document: Document, path: KeyPath) -> str:
        secret = may_be(annotation, SecretStr, SecretBytes)
        if variable := _VARIABLE.fullmatch(value):
            return self._variable(variable[1], document, path)
        if secret and value.startswith("file:"):
            return self._file(value.removeprefix("file:"), document, path)
        if secret:
            return self._fail(document, path, "a secret does not stand in the file: write ${NAME} or file:path")
        if has_password(value) and (document.name, path) not in self._overridden:
            return self._fail(document, path, "a password does not stand in the file: write ${NAME} for the address")
        if may_be(annotation, Path):
            return self._rooted(value, document, path)
        return value

    def _variable(self, name: str, document: Document, path: KeyPath) -> str:
        self.variables.add(name)
        if name not in self._environ:
            text = f"the environment variable {name} is not set" + nearest(name, self._environ)
            return self._fail(document, path, text)
        return self._environ[name] or self._fail(document, path, f"the environment variable {name} is empty")

    def _file(self, name: str, document: Document, path: KeyPath) -> str:
        try:
            with (self._folder / name).open("rb") as stream:
                if os.fstat(stream.fileno()).st_mode & _OTHERS:
                    text = f"others than the owner can read {name}; run: chmod 600 {name}"
                    self._problems.warn(self.place(document, path), path, text)
                content = stream.read(SECRET_BYTES_MAX + 1)
        except OSError as error:
            return self._fail(document, path, f"the file {name} cannot be read: {error.strerror}")
        if len(content) > SECRET_BYTES_MAX:
            return self._fail(document, path, f"the file {name} is larger than {SECRET_BYTES_MAX} bytes")
        try:
            return content.decode().strip() or self._fail(document, path, f"the file {name} is empty")
        except UnicodeDecodeError:
            return self._fail(document, path, f"the file {name} is not UTF-8")

    def _rooted(self, value: str, document: Document, path: KeyPath) -> str:
        file = self._folder / value
        if str(path[-1]).endswith("_file") and not file.is_file():
            return self._fail(document, path, f"there is no file {value}")
        return str(file)

    def _fail(self, document: Document, path: KeyPath, text: str) -> str:
        self._problems.add(self.place(document, path), path, text)
        self._failed.add((document.name, path))
        return _UNRESOLVED
