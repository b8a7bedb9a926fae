"""Watches the status events of a hub and proves that none is missing. Needs Python 3.11 and httpx, nothing of the hub.

    HUB_API_KEY=hk_... python watch_events.py http://127.0.0.1:8080 --state watch.json

What a reader of events has to do is all here: it remembers the last id that it dealt with and resumes there; it knows
a repeat by its id; and per dossier it counts `seq`, which goes 1, 2, 3 and so on. A number that is left out, or one
that comes under two ids, ends the program with 1. Ends with 0 after `--count` events or `--idle-s` seconds without
one, with 2 when the hub refuses or cannot be reached for `--patience-s` seconds.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import httpx

ALL_WELL, EVENT_MISSING, NO_HUB = 0, 1, 2
_IDS_PER_DOSSIER = 100
_BEATS_S = 45.0
_RETRY_S = 3.0


class Missing(Exception):
    """A gap, or one number under two ids."""


class Refused(Exception):
    """The hub does not give events to this caller, or not from this position."""


@dataclass
class Seen:
    """What was dealt with: the last id of the stream, and per dossier the last number with the latest ids."""

    last_event_id: str = ""
    seqs: dict[str, int] = field(default_factory=dict)
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    fresh: int = 0
    repeats: int = 0

    def take(self, event: dict[str, object]) -> bool:
        """Take an event in and return whether it is a fresh one; a repeat is not. Missing when numbers do not fit."""
        dossier, seq, id_ = str(event["subject"]), int(str(event["seq"])), str(event["id"])
        known = self.ids.setdefault(dossier, {})
        if seq <= self.seqs.get(dossier, 0):
            if known.get(str(seq), id_) != id_:
                raise Missing(f"{dossier}: number {seq} stands for {known[str(seq)]} and for {id_}")
            self.repeats += 1
            return False
        if seq != self.seqs.get(dossier, 0) + 1:
            raise Missing(f"{dossier}: after number {self.seqs.get(dossier, 0)} comes {seq}")
        self.seqs[dossier] = seq
        known[str(seq)] = id_
        known.pop(str(seq - _IDS_PER_DOSSIER), None)
        self.fresh += 1
        return True

    def save(self, file: Path | None) -> None:
        """Write it down, whole or not at all. A real reader does this together with what it does about the event."""
        if file is None:
            return
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps({"last_event_id": self.last_event_id, "seqs": self.seqs, "ids": self.ids}))
        draft.replace(file)

    @classmethod
    def load(cls, file: Path | None) -> "Seen":
        """Read what an earlier run wrote down."""
        return cls(**json.loads(file.read_text())) if file is not None and file.exists() else cls()


def frames(lines: Iterator[str]) -> Iterator[tuple[str, str]]:
    """Return (id, data) of each frame of a stream of server-sent events; data is empty where only the id moves on."""
    id_ = ""
    data: list[str] = []
    for line in lines:
        if not line:
            yield id_, "\n".join(data)
            data = []
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            id_ = value
        elif name == "data":
            data.append(value)


class Watch:
    """One run of the program."""

    def __init__(self, arguments: argparse.Namespace, client: httpx.Client) -> None:
        self._arguments = arguments
        self._client = client
        self._heard_s = time.monotonic()
        self._fresh_s = time.monotonic()
        self.seen = Seen.load(arguments.state)

    @property
    def done(self) -> bool:
        """Whether there were enough events, or none for long enough."""
        enough = self._arguments.count is not None and self.seen.fresh >= self._arguments.count
        idle_s = self._arguments.idle_s
        return enough or (idle_s is not None and time.monotonic() - self._fresh_s >= idle_s)

    def run(self) -> None:
        """Watch, and connect again after a break, until done. Errors: Missing, Refused."""
        while not self.done:
            try:
                self._connect()
            except httpx.TransportError as error:
                if time.monotonic() - self._heard_s > self._arguments.patience_s:
                    raise Refused(f"no connection: {type(error).__name__}") from None
            if not self.done:
                time.sleep(min(_RETRY_S, self._arguments.idle_s or _RETRY_S))

    def _connect(self) -> None:
        headers = {"Last-Event-ID": self.seen.last_event_id} if self.seen.last_event_id else {}
        with self._client.stream("GET", "/v1/events", params={"after": "start"}, headers=headers) as answer:
            if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
                return
            if answer.status_code != httpx.codes.OK:
                raise Refused(f"{answer.status_code}: {answer.read().decode()}")
            for id_, data in frames(answer.iter_lines()):
                self._heard_s = time.monotonic()
                self._deal(id_, data)
                if self.done:
                    return

    def _deal(self, id_: str, data: str) -> None:
        if data:
            event = json.loads(data)
            if self.seen.take(event):
                self._fresh_s = time.monotonic()
                say(f"{event['time']}  {event['subject']}  {event['seq']:>4}  {event['data']['state']}")
        self.seen.last_event_id = id_
        self.seen.save(self._arguments.state)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write a line for people."""
    print(text, file=stream, flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Run, and return the exit code."""
    given = _parser().parse_args(arguments)
    headers = {"Authorization": f"Bearer {os.environ.get('HUB_API_KEY', '')}"}
    wait_s = min(_BEATS_S, given.idle_s or _BEATS_S)
    timeout = httpx.Timeout(10.0, read=wait_s)
    with httpx.Client(base_url=given.url, headers=headers, timeout=timeout) as client:
        try:
            watch = Watch(given, client)
            watch.run()
        except Missing as missing:
            say(f"MISSING: {missing}", sys.stderr)
            return EVENT_MISSING
        except Refused as refused:
            say(f"refused: {refused}", sys.stderr)
            return NO_HUB
    say(f"{watch.seen.fresh} events of {len(watch.seen.seqs)} dossiers, {watch.seen.repeats} repeats, no gap")
    return ALL_WELL


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Watch status events and prove that none is missing.")
    parser.add_argument("url", help="the hub, such as http://127.0.0.1:8080; the API key is in HUB_API_KEY")
    parser.add_argument("--state", type=Path, help="a file that remembers where to go on")
    parser.add_argument("--count", type=int, help="end after that many events")
    parser.add_argument("--idle-s", type=float, help="end when nothing was told for that long")
    parser.add_argument("--patience-s", type=float, default=60.0, help="how long to look for a hub that is away")
    return parser


if __name__ == "__main__":
    sys.exit(main())
