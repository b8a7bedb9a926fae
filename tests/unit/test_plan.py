"""The list of deliveries that acceptance fixes."""

from dataclasses import dataclass
from typing import Any, cast

from hub.pipeline.plan import plan
from hub.ports import Operation
from schemas.delivery import PlannedDelivery
from schemas.dossier import DossierSubmission
from tests.fakes.rest import submission


@dataclass(frozen=True, slots=True)
class _Rows:
    """Takes the rows of progress by two."""

    name: str = "portal.progress"
    platform: str = "portal"

    def parts(self, sent: DossierSubmission) -> int:
        """One part for two rows."""
        return -(-len(sent.progress) // 2)


@dataclass(frozen=True, slots=True)
class _State:
    """Takes the state in one piece."""

    name: str
    platform: str

    def parts(self, sent: DossierSubmission) -> int:
        """Always one."""
        return 1


def planned(sent: DossierSubmission, *operations: Any) -> list[tuple[str, str, int, int]]:
    """Return the plan as tuples."""
    return [
        (line.operation, line.platform, line.part, line.of) for line in plan(sent, cast("list[Operation]", operations))
    ]


def with_steps(count: int) -> DossierSubmission:
    """Return a submission with so many rows of progress."""
    step = submission().model_dump(mode="json")["progress"][0]
    return submission(progress=[step] * count)


def test_operations_keep_their_order_and_parts_are_numbered() -> None:
    """The state goes before the rows; the other platform comes where the configuration has it."""
    lines = planned(with_steps(5), _State("portal.state", "portal"), _Rows(), _State("ministry.state", "ministry"))

    assert [
        ("portal.state", "portal", 0, 1),
        ("portal.progress", "portal", 0, 3),
        ("portal.progress", "portal", 1, 3),
        ("portal.progress", "portal", 2, 3),
        ("ministry.state", "ministry", 0, 1),
    ] == lines


def test_an_operation_with_nothing_to_send_is_not_owed() -> None:
    """A state without rows owes the portal one delivery."""
    assert [("portal.state", "portal", 0, 1)] == planned(with_steps(0), _State("portal.state", "portal"), _Rows())


def test_a_hub_without_platforms_owes_nothing() -> None:
    """An empty plan is a plan."""
    assert () == plan(with_steps(1), [])


def test_a_plan_names_each_delivery_once() -> None:
    """Operation and part together name a delivery of a message."""
    lines = plan(with_steps(6), cast("list[Operation]", [_State("portal.state", "portal"), _Rows()]))

    assert 4 == len({(line.operation, line.part) for line in lines})
    assert all(isinstance(line, PlannedDelivery) for line in lines)
