"""Sealed records of the past stay readable for ever: a log is older than the hub that reads it.

The golden records were laid out byte by byte from the description in `schemas.envelope`, by none of the hub's code.
They are never renewed: a record that cannot be read any more is a fault of the reader. A further format gets further
files, and the reader of this one stays.
"""

import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.delivery.tries.command import open_submission, read_header
from hub.errors import Unsealable
from hub.sealing import seal, unseal
from schemas.delivery import DeliveryState, OutcomeClass, OutcomeHeader, Step
from schemas.dossier import DossierStatus, DossierSubmission
from schemas.envelope import Envelope
from tests.fakes.keys import MemoryKeys

FOLDER = Path(__file__).parent
COMMANDS = ("envelope_v1_command", "envelope_v1_command_spelled")
RECORDS = (*COMMANDS, "envelope_v1_outcome")


class Golden:
    """One golden record with its key and what it says."""

    def __init__(self, name: str) -> None:
        read = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
        self.key: bytes = bytes.fromhex(read["key_hex"])
        self.value: bytes = base64.b64decode(read["record_base64"], validate=True)
        self.header: dict[str, Any] = read["header"]
        self.body: Any = read["body"]

    @property
    def text(self) -> str:
        """The body as it was sealed."""
        return (
            self.body
            if isinstance(self.body, str)
            else json.dumps(self.body, separators=(",", ":"), ensure_ascii=False)
        )


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_opens_with_its_key(name: str) -> None:
    """Header and body are what they were, byte by byte."""
    golden = Golden(name)
    envelope = Envelope.from_bytes(golden.value)

    assert golden.header == json.loads(envelope.header)
    assert golden.text == unseal(envelope, golden.key).decode()
    assert golden.value == envelope.to_bytes()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_understood(name: str) -> None:
    """The header says what was known then; what came later has its default; nothing is lost on the way back."""
    golden = Golden(name)
    header = read_header(golden.value)
    submission = DossierSubmission.model_validate_json(unseal(Envelope.from_bytes(golden.value), golden.key))

    assert golden.header == json.loads(header.model_dump_json(include=set(golden.header)))
    assert golden.header.get("code_as_given", "") == header.code_as_given
    assert golden.body == json.loads(submission.model_dump_json(exclude_defaults=True))


def test_a_command_says_what_it_said() -> None:
    """Some of its fields, in the words of today."""
    golden = Golden("envelope_v1_command")
    header = read_header(golden.value)
    submission = DossierSubmission.model_validate_json(unseal(Envelope.from_bytes(golden.value), golden.key))

    assert ("H56.14-261122-0001", 1, False) == (header.ordering_key, header.revision, header.reappended)
    assert datetime(2026, 11, 22, 1, 0, 0, 123456, tzinfo=UTC) == header.received_at
    assert ["national_portal.dossier_sync", "national_portal.dossier_progress"] == [
        planned.operation for planned in header.deliveries
    ]
    assert ("Nguyễn Văn A", DossierStatus.ACCEPTED) == (submission.applicant.name, submission.status)
    assert timedelta(hours=7) == submission.received_at.utcoffset()
    assert 8000 == submission.fees[0].amount_vnd


def test_an_outcome_is_understood() -> None:
    """Its header and the portal's words."""
    golden = Golden("envelope_v1_outcome")
    header = OutcomeHeader.model_validate_json(Envelope.from_bytes(golden.value).header)

    assert (Step.SEND, DeliveryState.DEAD, OutcomeClass.REFUSED_MESSAGE) == (
        header.step,
        header.state,
        header.outcome_class,
    )
    assert ("-2", 2, 3, 41, None) == (
        header.code,
        header.attempt,
        header.source_partition,
        header.source_offset,
        header.next_try_at,
    )
    assert golden.header == json.loads(header.model_dump_json(include=set(golden.header)))


@pytest.mark.parametrize("name", RECORDS)
def test_a_record_does_not_open_when_a_byte_was_changed(name: str) -> None:
    """Not one byte, neither of the clear header nor of the sealed body; a shorter record is no record either."""
    golden = Golden(name)
    for at in range(8, len(golden.value)):
        spoilt = bytearray(golden.value)
        spoilt[at] ^= 1
        with pytest.raises(Unsealable):
            unseal(Envelope.from_bytes(bytes(spoilt)), golden.key)
    with pytest.raises(Unsealable):
        unseal(Envelope.from_bytes(golden.value[:-1]), golden.key)


async def test_a_command_without_its_key_stays_shut() -> None:
    """A key that was destroyed has erased the body; the header is still read."""
    golden = Golden("envelope_v1_command")

    with pytest.raises(Unsealable):
        await open_submission(golden.value, golden.header["key_id"], MemoryKeys())
    assert "mot-cua" == read_header(golden.value).sender_system


def test_what_is_sealed_today_has_the_same_form() -> None:
    """The layout of the golden records: magic, length, header, nonce of 12 bytes, ciphertext with a tag of 16."""
    golden = Golden("envelope_v1_outcome")
    header = Envelope.from_bytes(golden.value).header

    value = seal(header, golden.text.encode(), golden.key).to_bytes()

    assert len(golden.value) == len(value)
    bound = 8 + len(header)
    assert golden.value[:bound] == value[:bound] == b"HUB1" + len(header).to_bytes(4, "big") + header
    assert golden.value[bound:] != value[bound:], "every sealing has a nonce of its own"
