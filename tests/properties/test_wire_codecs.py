"""Codecs of the wire: what is written reads back as it was."""

import unicodedata
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.wire.booleans import ONE_ZERO, TRUE_FALSE, YES_NO, BooleanCodec
from adapters.wire.names import fold_name
from adapters.wire.times import compact_day, read_compact_day, read_stamp, stamp

# Viet Nam changed its offset for the last time in 1975.
TIMES = st.datetimes(datetime(1976, 1, 1), datetime(9999, 12, 31, 12), timezones=st.just(UTC)).map(  # noqa: DTZ001 - Hypothesis wants naive bounds
    lambda at: at.replace(microsecond=0)
)


@given(TIMES)
def test_a_time_reads_back_as_it_was_written(at: datetime) -> None:
    """A stamp loses nothing but fractions of a second."""
    assert at == read_stamp(stamp(at))


@given(TIMES, st.integers(-12, 14))
def test_the_offset_of_a_time_does_not_matter(at: datetime, hours: int) -> None:
    """The same moment gives the same stamp, in whatever zone it is stated."""
    assert stamp(at) == stamp(at.astimezone(timezone(timedelta(hours=hours))))


@given(st.dates())
def test_a_day_reads_back_as_it_was_written(on: date) -> None:
    """A compact day loses nothing."""
    assert on == read_compact_day(compact_day(on))


@given(st.text(max_size=20))
def test_text_is_a_stamp_or_refused(text: str) -> None:
    """Whatever comes, reading gives a time that writes back to the same text, or ValueError."""
    try:
        at = read_stamp(text)
    except ValueError:
        return
    assert text == stamp(at)


@given(st.booleans(), st.sampled_from([TRUE_FALSE, ONE_ZERO, YES_NO]))
def test_a_boolean_reads_back_as_it_was_written(value: bool, codec: BooleanCodec) -> None:
    """Each pair of words tells yes from no."""
    assert value is codec.read(codec.write(value))


@given(st.text(alphabet=st.characters(max_codepoint=0x1EF9, exclude_categories=["Cs"])))
def test_folding_does_not_depend_on_the_form_of_unicode(name: str) -> None:
    """Composed and decomposed spellings fold alike, and folding twice changes nothing."""
    folded = fold_name(unicodedata.normalize("NFC", name))

    assert folded == fold_name(unicodedata.normalize("NFD", name))
    assert folded == fold_name(folded)


@given(st.text())
def test_a_folded_name_has_no_blanks_and_no_marks(name: str) -> None:
    """No blank and no combining mark is left."""
    assert not [char for char in fold_name(name) if char.isspace() or unicodedata.category(char) == "Mn"]


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Nguyễn Văn Đức", "NGUYENVANDUC"),
        ("đỗ thị  hương", "DOTHIHUONG"),
        ("Trần\u00a0Quốc Ưu", "TRANQUOCUU"),
        ("Ðặng Thuỳ Trâm", "DANGTHUYTRAM"),
        ("", ""),
    ],
)
def test_names_fold_as_computed_by_hand(name: str, folded: str) -> None:
    """Marks go, Đ becomes D, blanks go, everything is in capitals."""
    assert folded == fold_name(name)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (None, ""),
        (datetime(2025, 9, 1, 1, 0, 0, tzinfo=UTC), "20250901080000"),
        (datetime(2025, 9, 1, 6, 5, 4, 999_999, tzinfo=UTC), "20250901130504"),
        (datetime(2025, 12, 31, 17, 0, 0, tzinfo=UTC), "20260101000000"),
    ],
)
def test_times_are_written_as_computed_by_hand(at: datetime | None, text: str) -> None:
    """Seven hours ahead of UTC, 24 hours, empty for nothing."""
    assert text == stamp(at)


@pytest.mark.parametrize(
    "text", ["2025090108000", "20250230080000", "20250901246000", "\uff120250901080000", "00000101000000"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    """Wrong lengths, impossible days and hours, and digits of other scripts are not read."""
    with pytest.raises(ValueError, match="stamp"):
        read_stamp(text)


@pytest.mark.parametrize("word", ["", "yes", None, 2, "truе"])
def test_what_is_no_boolean_is_refused(word: object) -> None:
    """Only the two words of the pair, in any case, and JSON booleans are read."""
    with pytest.raises(ValueError, match="boolean"):
        TRUE_FALSE.read(word)


@pytest.mark.parametrize(
    ("codec", "word", "value"), [(TRUE_FALSE, "true", True), (ONE_ZERO, 0, False), (YES_NO, "n", False)]
)
def test_words_are_read_tolerantly(codec: BooleanCodec, word: object, value: bool) -> None:
    """Case and the JSON type do not matter."""
    assert value is codec.read(word)
