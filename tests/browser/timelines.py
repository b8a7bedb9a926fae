"""Dossiers to look at: one whose story is long and sad, one that is done."""

from datetime import UTC, datetime, timedelta

from schemas.delivery import DeliveryState, OutcomeClass, Step
from schemas.timeline import DeliveryLine, Hop, MessageLine, Overview, PlatformCount, Timeline

START = datetime(2026, 11, 22, 1, 30, 9, tzinfo=UTC)
"""08:30:09 on 22/11/2026 in Viet Nam."""

NOW = START + timedelta(hours=3, minutes=30)
SYNC, PROGRESS = "national_portal.dossier_sync", "national_portal.dossier_progress"
SAID = "Mã hồ sơ không hợp lệ: <script>alert('x')</script>"

OVERVIEW = Overview(
    accepted=1234567,
    platforms=(
        PlatformCount(
            platform="national_portal", waiting=599, in_flight=12, parked=7, in_doubt=2, delivered=1184022, dead=3,
            expired=1, withdrawn=4, possibly_doubled=5,
        ),
        PlatformCount(platform="emc", waiting=4, delivered=48210),
    ),
)  # fmt: skip


def _hop(operation: str, seconds: float, attempt: int, state: DeliveryState, **more: object) -> Hop:
    at = START + timedelta(seconds=seconds)
    step = more.pop("step", Step.SEND)
    given: dict[str, object] = {
        "at": at,
        "event": "inquired" if step is Step.INQUIRE else "tried",
        "platform": "national_portal",
        "operation": operation,
        "part": 0,
        "attempt": attempt,
        "step": step,
        "state": state,
        "started_at": at - timedelta(seconds=0.42),
        **more,
    }
    return Hop.model_validate(given)


def _line(operation: str, state: DeliveryState, attempts: int, **more: object) -> DeliveryLine:
    given: dict[str, object] = {
        "operation": operation, "platform": "national_portal", "part": 0, "of": 1, "state": state,
        "attempts": attempts, "code": None, "next_try_at": None, "possibly_doubled": False, **more,
    }  # fmt: skip
    return DeliveryLine.model_validate(given)


def _message(revision: int, seconds: float, deliveries: tuple[DeliveryLine, ...], hops: tuple[Hop, ...]) -> MessageLine:
    accepted_at = START + timedelta(seconds=seconds)
    return MessageLine(
        message_id=f"01a20260-858a-7000-b1cb-795f24a6d8{revision:02d}",
        kind="dossier",
        revision=revision,
        sender_agency="H56.14",
        sender_system="mot-cua",
        accepted_at=accepted_at,
        deliveries=deliveries,
        hops=(Hop(at=accepted_at, event="accepted"), *hops),
    )


def sad() -> Timeline:
    """Return a dossier with everything: a retry, a doubt that was settled, a possible double, a dead and a late one."""
    state, outcome = DeliveryState, OutcomeClass
    first = _message(
        1,
        0,
        (
            _line(SYNC, state.DELIVERED, 2, code="0"),
            _line(PROGRESS, state.DELIVERED, 2, code="00", possibly_doubled=True),
        ),
        (
            _hop(SYNC, 2, 1, state.IN_DOUBT, outcome_class=outcome.UNKNOWN, code="platform.reply_lost"),
            _hop(SYNC, 5, 1, state.PARKED, outcome_class=outcome.UNAVAILABLE, code="platform.unavailable",
                 step=Step.INQUIRE, next_try_at=START + timedelta(seconds=7)),
            _hop(SYNC, 8, 2, state.DELIVERED, outcome_class=outcome.DELIVERED, code="0"),
            _hop(PROGRESS, 9, 1, state.IN_DOUBT, outcome_class=outcome.UNKNOWN, code="platform.reply_lost"),
            _hop(PROGRESS, 12, 2, state.DELIVERED, outcome_class=outcome.DELIVERED, code="00", possibly_doubled=True),
        ),
    )  # fmt: skip
    second = _message(
        2,
        3600,
        (_line(SYNC, state.DEAD, 1, code="-1"), _line(PROGRESS, state.WAITING, 0)),
        (_hop(SYNC, 3601, 1, state.DEAD, outcome_class=outcome.REFUSED_MESSAGE, code="-1", reason=SAID),),
    )
    third = _message(3, 12500, (_line(SYNC, state.WAITING, 0), _line(PROGRESS, state.WAITING, 0)), ())
    return Timeline(dossier_code="H56.14-261122-0001", messages=(first, second, third))


def done() -> Timeline:
    """Return a dossier that is settled."""
    hops = (_hop(SYNC, 1, 1, DeliveryState.DELIVERED, outcome_class=OutcomeClass.DELIVERED, code="0"),)
    message = _message(1, 0, (_line(SYNC, DeliveryState.DELIVERED, 1, code="0"),), hops)
    return Timeline(dossier_code="H56.14-261122-0002", messages=(message,))
