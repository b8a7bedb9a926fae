"""`hub dead`: deliveries that wait for a person, and everything about one of them."""

import math
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import orjson
import typer

from hub.cli.desk_client import DeskClient
from hub.cli.following import read_key
from hub.cli.options import Config, KeyFile, Officer, Url, token
from hub.cli.terminal import ZONE, local, printable, show_lines
from hub.settings import load
from schemas.dead_letter import DeadLetter, LetterState, LetterStory, RulingLine, Submitted
from schemas.timeline import Hop

_AGE = re.compile(r"([0-9]{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_AGE_S_MAX = 36_500 * 86_400
_PAGE = 200

Platform = Annotated[str | None, typer.Option(help="Only this platform.")]
OperationName = Annotated[str | None, typer.Option("--operation", help="Only this operation.")]
Code = Annotated[str | None, typer.Option(help="Only those whose last try came to this code.")]
Agency = Annotated[str | None, typer.Option(help="Only this agency and those below it.")]
Dossier = Annotated[str | None, typer.Option(help="Only this dossier.")]
OlderThan = Annotated[str | None, typer.Option("--older-than", help="Only those accepted so long ago: 90m, 6h, 2d.")]
Name = Annotated[str, typer.Argument(help="MESSAGE/OPERATION/PART, as hub dead list shows it.")]

app = typer.Typer(help="Deliveries that wait for a person.", no_args_is_help=True)


@app.command("list")
def list_letters(  # noqa: PLR0913 - one argument per option
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    *,
    state: Annotated[LetterState | None, typer.Option(help="Only dead ones, or only those in doubt.")] = None,
    platform: Platform = None,
    operation: OperationName = None,
    code: Code = None,
    agency: Agency = None,
    dossier: Dossier = None,
    older_than: OlderThan = None,
    most: Annotated[int, typer.Option("--max", min=1, help="How many at most.")] = 50,
) -> None:
    """List what waits for a person, oldest first."""
    wanted = filter_of(platform, operation, code, agency, dossier, older_than)
    if state is not None:
        wanted["state"] = state.value
    with desk(config, url, key_file) as client:
        _list(client, wanted, most)


@app.command("show")
def show_letter(
    name: Name,
    officer: Officer,
    config: Config = Path(),
    url: Url = None,
    key_file: KeyFile = None,
    *,
    purpose: Annotated[
        str, typer.Option("--purpose", help="What it is read for; it is written into the audit.", callback=token)
    ] = "dead-letter",
) -> None:
    """Show one of them: its origin, its tries, what the platform said, its body, and what was decided."""
    with desk(config, url, key_file) as client:
        story = client.story(name, officer, purpose)
    show_lines(*_story(story))


def desk(config: Path, url: str | None, key_file: Path | None) -> DeskClient:
    """Return the desk of the hub that the options name."""
    key = read_key(key_file, os.environ)
    return DeskClient(url or load(config).hub.listen.address, key)


def filter_of(
    platform: str | None,
    operation: str | None,
    code: str | None,
    agency: str | None,
    dossier: str | None,
    older_than: str | None,
) -> dict[str, str]:
    """Return a filter as the door takes it."""
    given = {
        "platform": platform,
        "operation": operation,
        "code": code,
        "agency": agency,
        "dossier": dossier,
        "accepted_before": None if older_than is None else _ago(older_than).isoformat(),
    }
    return {name: value for name, value in given.items() if value is not None}


def _list(client: DeskClient, wanted: dict[str, str], most: int) -> None:
    shown = 0
    while shown < most:
        page = client.letters({**wanted, "limit": str(min(_PAGE, most - shown))})
        show_lines(*(_line(letter) for letter in page.letters))
        shown += len(page.letters)
        if page.next is None:
            break
        wanted["after"] = page.next
    else:
        show_lines(f"the first {shown}; --max shows more")
    if not shown:
        show_lines("nothing waits for a person")


def _ago(age: str) -> datetime:
    match = _AGE.fullmatch(age)
    seconds = int(match[1]) * _SECONDS[match[2]] if match else math.inf
    if seconds > _AGE_S_MAX:
        raise typer.BadParameter("a number with s, m, h or d, such as 6h", param_hint="--older-than")
    return datetime.now(UTC) - timedelta(seconds=seconds)


def _line(letter: DeadLetter) -> str:
    name = f"{letter.message_id}/{letter.operation}/{letter.part}"
    doubled = ", possibly doubled" if letter.possibly_doubled else ""
    tries = f"{letter.attempts} tr{'y' if letter.attempts == 1 else 'ies'}"
    return (
        f"{name}\n    {letter.state}, code {letter.code or '-'}, {tries}{doubled}; dossier {letter.dossier_code} "
        f"revision {letter.revision} of {letter.agency}/{letter.system}, accepted {local(letter.accepted_at)}"
    )


def _story(story: LetterStory) -> Iterator[str]:
    yield _line(story.letter)
    yield f"    place in the log: hub.commands/{story.partition}/{story.offset}; times {ZONE}"
    if story.reason:
        yield f"    the platform said: {printable(story.reason)}"
    yield "tries"
    for hop in story.attempts:
        yield f"    {_hop(hop)}"
    for ruling in story.rulings:
        yield from _ruling(ruling)
    yield "body as the sender submitted it" if story.body is not None else "the body cannot be opened any more"
    yield from _body(story.body)


def _hop(hop: Hop) -> str:
    came = " ".join(str(part) for part in (hop.outcome_class, hop.code and f"(code {hop.code})") if part)
    return f"{local(hop.at)}  {hop.event}, try {hop.attempt}: {came} -> {hop.state}"


def _ruling(ruling: RulingLine) -> Iterator[str]:
    approved = f", approved by {ruling.approved_by}" if ruling.approved_by else ""
    who = f"{ruling.by} ({ruling.officer or '?'}){approved}"
    yield f"{ruling.verdict} {local(ruling.at)} by {who}, order {ruling.order}"
    if ruling.reason:
        yield f"    why: {printable(ruling.reason)}"
    if ruling.fields:
        yield f"    corrected: {', '.join(ruling.fields)}"
        yield from _body(ruling.body)


def _body(body: Submitted | None) -> Iterator[str]:
    if body is not None:
        for line in orjson.dumps(body, option=orjson.OPT_INDENT_2).decode().splitlines():
            yield f"    {line}"
