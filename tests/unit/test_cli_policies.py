"""What `hub check-config` says of quotas and maintenance."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.cli.policies import policy_line
from hub.settings.sections import PlatformSection

NOW = datetime(2026, 12, 5, 20, 0, tzinfo=UTC)


def _line(**stated: Any) -> str:
    return policy_line(PlatformSection.model_validate({"name": "portal", "adapter": "adapters.portal", **stated}), NOW)


def test_a_platform_of_which_nothing_is_said_has_a_line() -> None:
    """So that nobody has to wonder."""
    assert "portal: no quota, no maintenance" == _line()


@pytest.mark.parametrize(
    ("quota", "said"),
    [
        ({"calls_per_s": "20"}, "20 calls a second, 20 at once"),
        ({"calls_per_s": "0.5", "burst": "3"}, "0.5 calls a second, 3 at once"),
        ({"calls_per_day": "1000000"}, "1000000 calls a day"),
        ({"calls_per_s": "2", "calls_per_day": "5"}, "2 calls a second, 2 at once; 5 calls a day"),
    ],
)
def test_a_quota_is_told_with_its_burst(quota: dict[str, str], said: str) -> None:
    """Also where the burst follows from the rate."""
    assert f"portal: {said}" == _line(quota=quota)


def test_windows_are_told_unless_they_are_over() -> None:
    """In Vietnamese time; the one that is over by 03:00 on the 6th is not in force any more."""
    weekly = [{"days": ["saturday", "sunday"], "hours": "22:00-02:00"}]
    dated = [
        {"begins": "2026-12-05T22:00", "ends": "2026-12-06T03:00"},
        {"begins": "2026-12-05T22:00", "ends": "2026-12-06T04:00"},
    ]

    assert "portal: closed saturday, sunday 22:00-02:00; closed 05/12/2026 22:00:00 - 06/12/2026 04:00:00" == _line(
        maintenance={"weekly": weekly, "dated": dated}
    )
