"""Founding an installation: the commented templates, fresh keys, and a first API key."""

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from hub.errors import ConfigInvalid
from hub.settings.installation import HUB_FILE, load

SECRETS_FOLDER = "secrets"
KEY_FILES = ("master.key", "api-key-pepper.key", "fingerprint.key", "subject.key")
_KEY_BYTES = 32


def found(folder: Path, templates: Sequence[Path], listen: str | None = None, *, sandbox: bool = False) -> None:
    """Make an installation in an empty or missing folder. It appears whole or not at all; ConfigInvalid says why not.

    `templates` are folders; a later one replaces files of an earlier one. Secrets are made with mode 0600. `listen`
    (host:port) replaces the template's; `sandbox` says on every screen that the platforms are not the real ones.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigInvalid(f"{folder} is not an empty folder; name one that does not exist yet")
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(fresh, templates, {"listen": listen, "sandbox": "true" if sandbox else None})
        load(fresh, environ={})
        fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _fill(folder: Path, templates: Sequence[Path], changes: Mapping[str, str | None]) -> None:
    left_out = shutil.ignore_patterns("__pycache__", "*.py")
    # Only the text is copied: an installed template may be read-only.
    for template in templates:
        shutil.copytree(template, folder, dirs_exist_ok=True, ignore=left_out, copy_function=shutil.copyfile)
    for key, value in changes.items():
        if value is not None:
            _replace(folder / HUB_FILE, key, value)
    kept = folder / SECRETS_FOLDER
    kept.mkdir(exist_ok=True)
    kept.chmod(0o700)
    for name in KEY_FILES:
        _write_secret(kept / name, secrets.token_hex(_KEY_BYTES))
    for file in kept.iterdir():
        file.chmod(0o600)


def _replace(file: Path, key: str, value: str) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(rf"(?m)^{key}:.*$", f"{key}: {value}", text, count=1), encoding="utf-8")


def _write_secret(file: Path, text: str) -> None:
    """Write a file that nobody else could read at any moment."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(f"{text}\n")
