"""Options that several commands have; what cannot be meant is refused before any hub is asked."""

from pathlib import Path
from typing import Annotated

import httpx
import typer
from pydantic import TypeAdapter, ValidationError

from schemas.text import Token

_TOKEN: TypeAdapter[str] = TypeAdapter(Token)


def token(text: str) -> str:
    """Return a name that goes into the audit. BadParameter when it is none, such as a person's full name."""
    try:
        return _TOKEN.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("unaccented letters, digits and . _ : - only, at most 128") from None


def _address(text: str | None) -> str | None:
    try:
        url = httpx.URL(text or "http://none")
    except httpx.InvalidURL:
        url = httpx.URL("")
    if text is not None and not (url.scheme in ("http", "https") and url.host):
        raise typer.BadParameter("an address such as https://lgsp.example or http://127.0.0.1:8080")
    return text


Config = Annotated[Path, typer.Option("--config", envvar="HUB_CONFIG", help="The installation folder.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Address of the running hub; else the one of hub.yaml.", callback=_address)
]
KeyFile = Annotated[Path | None, typer.Option("--key", help="File with an API key; else HUB_API_KEY.")]
Officer = Annotated[str, typer.Option("--officer", help="Your account; it is written down.", callback=token)]
