"""The timeline of a dossier as a person reads it."""

from datetime import timedelta

import pytest

from hub.console.language import Language
from hub.console.meanings import CODES, KINDS
from hub.console.spelling import spelled
from hub.console.story import Story, Teller, Titles
from schemas.delivery import DeliveryState, MessageKind
from schemas.problem import Words
from schemas.timeline import Hop, Timeline
from tests.browser.timelines import NOW, START, done, sad

TITLES = Titles(platforms={"national_portal": Words("Cổng", "Portal")}, agencies={"H56.14": "Trung tâm"})


def tell(timeline: Timeline, language: Language = Language.EN, *, after_s: float | None = None) -> Story:
    """Tell a timeline at NOW, or so long after its start."""
    now = NOW if after_s is None else START + timedelta(seconds=after_s)
    return Teller(TITLES, late_after_s=900).tell(timeline, now, language)


def test_what_needs_attention_stands_first() -> None:
    """The gravest first, each sentence once per message and platform, naming revision and platform."""
    assert [
        "Portal did not take revision 2. Later states of the dossier wait behind it.",
        "Revision 1 may have reached Portal twice.",
        "Revision 2 is late for Portal: it has waited 2 h.",
    ] == [alarm.text for alarm in tell(sad()).alarms]
    assert ["bad", "doubt", "held"] == [alarm.tone for alarm in tell(sad()).alarms]


def test_every_hop_is_told_with_its_time_state_and_code() -> None:
    """Hops stand with their delivery, in their order, in words; the platform's own words are told as they are."""
    story = tell(sad())
    first, second, _ = story.messages
    sync = first.deliveries[0]

    assert ["Sent, try 1", "Platform asked, try 1", "Sent, try 2"] == [hop.what for hop in sync.hops]
    assert ["22 Nov 2026, 08:30:11", "22 Nov 2026, 08:30:14", "22 Nov 2026, 08:30:17"] == [
        hop.at.shown for hop in sync.hops
    ]
    assert ["In doubt", "Parked", "Delivered"] == [hop.state.word for hop in sync.hops if hop.state]
    lost = sync.hops[0].code
    assert lost is not None
    assert "The platform did not answer in time; whether it acted is not known." == lost.meaning
    assert "0.42 s" == sync.hops[0].took
    assert ["Accepted by the hub"] == [hop.what for hop in first.hops]
    assert "Mã hồ sơ không hợp lệ: <script>alert('x')</script>" == second.deliveries[0].hops[0].said


def test_every_hop_of_the_timeline_is_told_once() -> None:
    """Whatever it belongs to, and also when its event is not known here."""
    timeline = sad()
    strange = Hop(at=START, event="rerouted", operation="national_portal.gone")
    last = timeline.messages[-1]
    timeline = timeline.model_copy(
        update={"messages": (*timeline.messages[:-1], last.model_copy(update={"hops": (*last.hops, strange)}))}
    )
    story = tell(timeline)

    told = [hop for message in story.messages for hop in message.hops]
    told += [hop for message in story.messages for delivery in message.deliveries for hop in delivery.hops]
    assert sum(len(message.hops) for message in timeline.messages) == len(told)
    assert "rerouted" in [hop.what for hop in told]


def test_a_dossier_that_is_settled_says_so() -> None:
    """Nothing to worry about, and nothing is late however old it is."""
    story = tell(done(), after_s=10**6)

    assert ((), True) == (story.alarms, story.done)
    assert not story.messages[0].deliveries[0].late


@pytest.mark.parametrize(("after_s", "late"), [(12500 + 900, False), (12500 + 901, True)])
def test_a_delivery_is_late_past_its_time(after_s: float, *, late: bool) -> None:
    """Late is what is not settled so many seconds after acceptance."""
    assert late is tell(sad(), after_s=after_s).messages[2].deliveries[0].late


def test_a_doubt_and_an_expiry_are_sentences_too() -> None:
    """Each state that a person should know of has its own."""
    settled = done()
    message = settled.messages[0]
    for state, words in (
        (DeliveryState.IN_DOUBT, "Chưa rõ Cổng đã nhận phiên bản 1 hay chưa."),
        (DeliveryState.EXPIRED, "Phiên bản 1 hết hạn trước khi đến Cổng."),
    ):
        line = message.deliveries[0].model_copy(update={"state": state})
        changed = settled.model_copy(update={"messages": (message.model_copy(update={"deliveries": (line,)}),)})
        assert [words] == [alarm.text for alarm in tell(changed, Language.VI, after_s=1).alarms]


def test_codes_of_the_hub_are_explained_and_those_of_platforms_are_not_guessed() -> None:
    """What the hub itself wrote has a meaning; a platform's code is shown as it is."""
    hops = {hop.code.code: hop.code.meaning for hop in tell(sad()).messages[0].deliveries[0].hops if hop.code}

    assert "The platform cannot be reached; nothing was done." == hops["platform.unavailable"]
    assert "" == hops["0"]
    ruled = {"hub.replayed", "hub.discarded", "hub.superseded", "hub.settled", "hub.resent", "hub.ruling_void"}
    own = {"present", "absent", "hub.withdrawn", "hub.overtaken", "hub.exhausted", "hub.expired"}
    assert own | ruled == set(CODES)
    assert {kind.value for kind in MessageKind} == set(KINDS)


def test_titles_stand_in_place_of_names() -> None:
    """What has a title shows it; what has none keeps its name."""
    message = tell(sad(), Language.VI).messages[0]

    assert ("Cổng", "national_portal.dossier_sync") == (message.deliveries[0].platform, message.deliveries[0].operation)
    assert "Trung tâm · mot-cua" == message.sender


@pytest.mark.parametrize(
    "typed",
    [
        "H56.14-261122-0001",
        "000.00.14.H56-261122-0001",
        "  h56.14-261122-0001\n",
        "H56.14 – 261122 – 0001",
        "H56.14\N{NON-BREAKING HYPHEN}261122\N{NON-BREAKING HYPHEN}0001",
    ],
)
def test_a_code_is_understood_as_it_is_typed(typed: str) -> None:
    """Blanks, small letters, long dashes and the other spelling of the agency are forgiven."""
    assert "H56.14-261122-0001" == spelled(typed)


@pytest.mark.parametrize("typed", ["", "001000000001", "H56.14-261322-0001", "Nguyễn Văn A", "H56.14-261122-0001" * 50])
def test_what_is_no_code_is_none(typed: str) -> None:
    """A person's number, a name and an impossible day among them."""
    assert spelled(typed) is None
