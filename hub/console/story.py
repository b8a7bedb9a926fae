"""A timeline told to a person: words in place of names, times of Viet Nam, and what needs attention on top. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hub.console.formats import Instant, duration, instant, number
from hub.console.language import Language
from hub.console.meanings import EVENTS, KINDS, OUTCOMES, STATES, Meaning, code_meaning
from hub.console.texts import texts
from schemas.delivery import DeliveryState
from schemas.problem import Words
from schemas.timeline import DeliveryLine, Hop, MessageLine, Timeline

_GRAVEST_FIRST = ("bad", "doubt", "held")
_ALARMED = (DeliveryState.DEAD, DeliveryState.EXPIRED, DeliveryState.IN_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Titles:
    """What is shown in place of the names of platforms, operations and agencies; what has no title keeps its name."""

    platforms: Mapping[str, Words] = field(default_factory=dict)
    operations: Mapping[str, Words] = field(default_factory=dict)
    agencies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Badge:
    """A word with its meaning and tone."""

    word: str
    meaning: str
    tone: str


@dataclass(frozen=True, slots=True)
class ToldCode:
    """A code and what it means; "" when it is the platform's own."""

    code: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldHop:
    """One thing that happened."""

    at: Instant
    what: str
    tone: str
    outcome: Badge | None = None
    state: Badge | None = None
    code: ToldCode | None = None
    took: str = ""
    next_try: Instant | None = None
    doubled: bool = False
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldDelivery:
    """Where one delivery stands, and how it came there."""

    platform: str
    operation: str
    part: str
    state: Badge
    tries: str
    late: bool
    doubled: bool
    code: ToldCode | None
    next_try: Instant | None
    hops: tuple[ToldHop, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMessage:
    """One message; `hops` are those that belong to none of its deliveries."""

    message_id: str
    kind: str
    revision: str
    sender: str
    accepted_at: Instant
    deliveries: tuple[ToldDelivery, ...]
    hops: tuple[ToldHop, ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """One sentence about what is not as it should be."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything known of a dossier; `done` says that nothing is owed to anybody any more."""

    code: str
    agency: str
    as_of: Instant
    alarms: tuple[Alarm, ...]
    done: bool
    messages: tuple[ToldMessage, ...]


class Teller:
    """Tells timelines. A delivery that is not settled `late_after_s` after acceptance is late."""

    def __init__(self, titles: Titles, late_after_s: float) -> None:
        self._titles = titles
        self._late_after_s = late_after_s

    def tell(self, timeline: Timeline, now: datetime, language: Language) -> Story:
        """Return the story of a dossier at a time, in one language."""
        telling = _Telling(self._titles, self._late_after_s, now, language)
        alarms = (alarm for message in timeline.messages for alarm in telling.alarms(message))
        lines = [line for message in timeline.messages for line in message.deliveries]
        return Story(
            code=timeline.dossier_code,
            agency=self._titles.agencies.get(timeline.dossier_code.partition("-")[0], ""),
            as_of=instant(now, language),
            alarms=tuple(sorted(alarms, key=lambda alarm: _GRAVEST_FIRST.index(alarm.tone))),
            done=all(line.state.final for line in lines),
            messages=tuple(telling.message(message) for message in timeline.messages),
        )


@dataclass(frozen=True, slots=True)
class _Telling:
    titles: Titles
    late_after_s: float
    now: datetime
    language: Language

    def alarms(self, message: MessageLine) -> Iterator[Alarm]:
        """Say once per platform what is wrong with a message."""
        told = set()
        for line in message.deliveries:
            for name, tone in self._wrong(message, line):
                if (name, line.platform) not in told:
                    told.add((name, line.platform))
                    yield Alarm(self._sentence(name, message, line), tone)

    def message(self, message: MessageLine) -> ToldMessage:
        owned = {(line.operation, line.part) for line in message.deliveries}
        agency = self.titles.agencies.get(message.sender_agency, message.sender_agency)
        return ToldMessage(
            message_id=message.message_id,
            kind=self._word(KINDS, message.kind),
            revision=number(message.revision, self.language),
            sender=f"{agency} · {message.sender_system}",
            accepted_at=instant(message.accepted_at, self.language),
            deliveries=tuple(self._delivery(message, line) for line in message.deliveries),
            hops=tuple(self._hop(hop) for hop in message.hops if (hop.operation, hop.part or 0) not in owned),
        )

    def _delivery(self, message: MessageLine, line: DeliveryLine) -> ToldDelivery:
        t = texts(self.language)
        hops = (hop for hop in message.hops if (hop.operation, hop.part or 0) == (line.operation, line.part))
        return ToldDelivery(
            platform=self._word(self.titles.platforms, line.platform),
            operation=self._word(self.titles.operations, line.operation),
            part=t["part"].format(part=line.part + 1, of=line.of) if line.of > 1 else "",
            state=self._badge(STATES[line.state]),
            tries=self._tries(line.attempts),
            late=self._late(message, line),
            doubled=line.possibly_doubled,
            code=self._code(line.code),
            next_try=self._instant(line.next_try_at),
            hops=tuple(self._hop(hop) for hop in hops),
        )

    def _hop(self, hop: Hop) -> ToldHop:
        outcome = self._badge(OUTCOMES[hop.outcome_class]) if hop.outcome_class else None
        state = self._badge(STATES[hop.state]) if hop.state else None
        shown = outcome or state
        return ToldHop(
            at=instant(hop.at, self.language),
            what=self._what(hop),
            tone=shown.tone if shown else "plain",
            outcome=outcome,
            state=state,
            code=self._code(hop.code),
            took=duration((hop.at - hop.started_at).total_seconds(), self.language) if hop.started_at else "",
            next_try=self._instant(hop.next_try_at),
            doubled=hop.possibly_doubled,
            said=_printable(hop.reason or ""),
        )

    def _what(self, hop: Hop) -> str:
        event = self._word(EVENTS, hop.event)
        if not hop.attempt:
            return event
        return f"{event}, {texts(self.language)['try_number'].format(attempt=number(hop.attempt, self.language))}"

    def _wrong(self, message: MessageLine, line: DeliveryLine) -> Iterator[tuple[str, str]]:
        if line.state in _ALARMED:
            yield f"alarm_{line.state}", STATES[line.state].tone
        elif self._late(message, line):
            yield "alarm_late", "held"
        if line.possibly_doubled:
            yield "alarm_doubled", "doubt"

    def _sentence(self, name: str, message: MessageLine, line: DeliveryLine) -> str:
        return texts(self.language)[name].format(
            platform=self._word(self.titles.platforms, line.platform),
            revision=number(message.revision, self.language),
            age=duration((self.now - message.accepted_at).total_seconds(), self.language),
        )

    def _late(self, message: MessageLine, line: DeliveryLine) -> bool:
        age_s = (self.now - message.accepted_at).total_seconds()
        return not line.state.final and age_s > self.late_after_s

    def _tries(self, count: int) -> str:
        t = texts(self.language)
        if count == 0:
            return t["no_tries"]
        return t["tries_one"] if count == 1 else t["tries"].format(count=number(count, self.language))

    def _badge(self, meaning: Meaning) -> Badge:
        return Badge(self.language.say(meaning.words), self.language.say(meaning.meaning), meaning.tone)

    def _code(self, code: str | None) -> ToldCode | None:
        if not code:
            return None
        meaning = code_meaning(code)
        return ToldCode(code, self.language.say(meaning) if meaning else "")

    def _instant(self, moment: datetime | None) -> Instant | None:
        return instant(moment, self.language) if moment else None

    def _word(self, words: Mapping[str, Words], name: str) -> str:
        return self.language.say(words[name]) if name in words else name


def _printable(text: str) -> str:
    """Return a foreign text without what would turn the page's own words around."""
    return "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
