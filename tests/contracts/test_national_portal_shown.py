"""What TraCuuHoSo shows of a dossier, compared with what was sent: the adapter against the sandbox portal."""

from pathlib import Path

import pytest

from adapters.national_portal import CONFIG
from hub.errors import RefusedUs, ReplyUnreadable
from hub.ports import Comparable, Shown
from schemas.delivery import OutcomeClass
from schemas.dossier import DossierStatus
from tests.contracts.test_national_portal_sandbox import CODE, Scene, account, dossier, job, playing


async def shown(scene: Scene, code: str = CODE) -> Shown | None:
    """Ask the portal what it has."""
    operation = scene.adapter.operations[0]
    assert isinstance(operation, Comparable)
    return await operation.show(code)


async def test_what_was_sent_is_shown_without_a_difference(tmp_path: Path) -> None:
    """Every field that a one-stop system may send, there and back. Rows of progress cannot be asked for."""
    async with playing(tmp_path) as scene:
        assert OutcomeClass.DELIVERED is await scene.sync(dossier())

        found = await shown(scene)

        assert found is not None
        assert (DossierStatus.ACCEPTED, []) == (found.status, list(found.differing(job(dossier()))))
        assert not isinstance(scene.adapter.operations[1], Comparable)


async def test_an_unknown_dossier_is_none(tmp_path: Path) -> None:
    """One that was never sent, and one that was lost."""
    async with playing(tmp_path) as scene:
        assert await shown(scene) is None
        await scene.sync(dossier())
        await scene.remote.tamper("lose", CODE)

        assert await shown(scene) is None


async def test_differences_are_named_by_field(tmp_path: Path) -> None:
    """The state, and others; a change of order inside a list counts, a field that the portal does not show does not."""
    async with playing(tmp_path) as scene:
        await scene.sync(dossier())
        await scene.remote.tamper("alter", CODE, TrangThaiHoSo="9", GhiChu="khác")

        found = await shown(scene)

        assert found is not None
        assert (DossierStatus.FINISHED, ["TrangThaiHoSo", "GhiChu"]) == (
            found.status,
            sorted(found.differing(job(dossier())), reverse=True),
        )


async def test_fields_that_cannot_be_compared_are_left_out(tmp_path: Path) -> None:
    """By configuration, for a portal that shows them in its own way; an inquiry passes over them, too."""
    async with playing(tmp_path, incomparable_fields=["GhiChu"]) as scene:
        await scene.sync(dossier())
        await scene.remote.tamper("alter", CODE, GhiChu="khác")

        found = await shown(scene)

        assert found is not None
        assert [] == list(found.differing(job(dossier())))
        assert "present" == await scene.asked(dossier())


@pytest.mark.parametrize("field", ["MaHoSo", "TrangThaiHoSo"])
def test_code_and_state_are_always_compared(field: str) -> None:
    """Without them nothing would be compared at all."""
    with pytest.raises(ValueError, match="always compared"):
        CONFIG.model_validate({"adapter_url": "http://127.0.0.1:1", **account(incomparable_fields=[field])})


async def test_a_state_without_a_word_is_none(tmp_path: Path) -> None:
    """The portal may show one that no sender can send."""
    async with playing(tmp_path) as scene:
        await scene.sync(dossier())
        await scene.remote.tamper("alter", CODE, TrangThaiHoSo="11")

        found = await shown(scene)

        assert found is not None
        assert found.status is None
        assert "Nguyễn" not in repr(found)


async def test_an_answer_about_nothing_is_unreadable(tmp_path: Path) -> None:
    """A firewall's page is a refusal of the hub; half an answer is none."""
    async with playing(tmp_path) as scene:
        await scene.sync(dossier())
        await scene.remote.fault("html", count=1, service="TraCuuHoSo")
        with pytest.raises(RefusedUs):
            await shown(scene)
        await scene.remote.fault("success_code_failure_text", count=1, service="TraCuuHoSo")
        assert await shown(scene) is None
        await scene.remote.tamper("alter", CODE, MaHoSo="H56.14-250901-0002")
        with pytest.raises(ReplyUnreadable):
            await shown(scene)
