"""How long a platform asks to be left alone."""

import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wire.retry_after import retry_after_s, whole_s

DATE = "Sun, 22 Nov 2026 01:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "expected_s"),
    [
        (429, {"retry-after": "120"}, 120.0),
        (503, {"retry-after": " 7 "}, 7.0),
        (503, {"retry-after": "0"}, 0.0),
        (503, {"retry-after": "Sun, 22 Nov 2026 01:01:30 GMT", "date": DATE}, 90.0),
        (429, {"retry-after": "Sunday, 22-Nov-26 01:00:10 GMT", "date": DATE}, 10.0),
        (503, {"retry-after": "Sat, 21 Nov 2026 01:00:00 GMT", "date": DATE}, 0.0),
        (503, {"retry-after": "Sun, 22 Nov 2026 08:01:00 +0700", "date": DATE}, 60.0),
        (503, {}, None),
        (503, {"retry-after": "soon"}, None),
        (503, {"retry-after": "-5"}, None),
        (503, {"retry-after": "1" * 40}, None),
        (500, {"retry-after": "120"}, None),
        (200, {"retry-after": "120"}, None),
        (301, {"retry-after": "120"}, None),
    ],
)
def test_seconds_and_dates_are_understood(status: int, headers: Mapping[str, str], expected_s: float | None) -> None:
    """Both spellings of RFC 9110, with 429 and 503 only; a date is reckoned from the platform's own clock."""
    assert expected_s == retry_after_s(status, headers)


def test_a_date_without_a_clock_of_the_platform_is_reckoned_from_ours() -> None:
    """A date far in the past is due at once."""
    assert 0.0 == retry_after_s(503, {"retry-after": "Sat, 01 Jan 2000 00:00:00 GMT"})


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_header_breaks_it(told: str, date: str) -> None:
    """Whatever stands there: a finite wait that is not negative, or none."""
    wait_s = retry_after_s(503, {"retry-after": told, "date": date})
    assert wait_s is None or (wait_s >= 0 and math.isfinite(wait_s))


def test_errors_carry_whole_seconds() -> None:
    """Rounded up, so that nobody comes too early."""
    assert (3, None) == (whole_s(2.1), whole_s(None))
