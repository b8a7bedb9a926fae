"""Files are read as text, strictly, and everything wrong has its line."""

import tempfile
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.settings.document import DEPTH_MAX, FILE_BYTES_MAX, Document, read
from hub.settings.problems import Problems


def _read(folder: Path, content: str | bytes) -> tuple[Document | None, list[str]]:
    problems = Problems()
    (folder / "a.yaml").write_bytes(content.encode() if isinstance(content, str) else content)
    return read(folder, "a.yaml", problems), problems.problems


@pytest.mark.parametrize("written", ["1.001193", "NO", "yes", "2025-07-01", "0x10", "1_000", "null", "~", "12:30:00"])
def test_every_value_stays_the_text_that_was_written(tmp_path: Path, written: str) -> None:
    """No value becomes a number, a date, a truth or nothing."""
    document, problems = _read(tmp_path, f"a: {written}\nb: [{written}]\n")
    assert [] == problems
    assert document is not None
    assert {"a": written, "b": [written]} == document.data


def test_keys_and_items_have_lines(tmp_path: Path) -> None:
    """Every key and every list item knows its line; what is not written is at the nearest thing that is."""
    document, _ = _read(tmp_path, "# first\na:\n  - b: 1\n    c: 2\n  - d: 3\n")
    assert document is not None
    assert "a.yaml:2" == document.place(("a",))
    assert "a.yaml:4" == document.place(("a", 0, "c"))
    assert "a.yaml:5" == document.place(("a", 1))
    assert "a.yaml:5" == document.place(("a", 1, "missing", "deeper"))
    assert "a.yaml:1" == document.place(("missing",))


def test_a_key_without_a_value_is_absent_and_quotes_are_a_value(tmp_path: Path) -> None:
    """`a:` says nothing; `b: ""` says the empty text."""
    document, _ = _read(tmp_path, 'a:\nb: ""\nc: x\n')
    assert document is not None
    assert {"b": "", "c": "x"} == document.data


def test_text_is_nfc(tmp_path: Path) -> None:
    """Names typed with combining marks are the same names."""
    document, _ = _read(tmp_path, unicodedata.normalize("NFD", "a: Thủ tục đăng ký khai sinh\n"))
    assert document is not None
    assert {"a": unicodedata.normalize("NFC", "Thủ tục đăng ký khai sinh")} == document.data


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("a: 1\nb: 2\na: 3\n", "a.yaml:3: a: stands twice; first in line 1"),
        ("a:\n  - b: 1\n    b: 2\n", "a.yaml:3: a[0].b: stands twice; first in line 2"),
        ("a: &x 1\n", "a.yaml:1: anchors and aliases are not allowed"),
        ("b: 1\na: *x\n", "a.yaml:2: anchors and aliases are not allowed"),
        ("a: !!python/object:os.system 1\n", "a.yaml:1: tags are not allowed"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: not readable as YAML: but found another document"),
        ("a: 1\n b: 2\n", "a.yaml:2: not readable as YAML: mapping values are not allowed in this context"),
        ("- a\n", "a.yaml:1: must be keys with values"),
        ("", "a.yaml:1: must be keys with values"),
        ("? [a, b]\n: 1\n", "a.yaml:1: a key must be plain text"),
        ("a: 1\nb: \x01\n", "a.yaml:1: not readable as YAML: it contains a character that is not allowed"),
        (b"a: 1\nb: \xff\n", "a.yaml:2: not UTF-8"),
        ("a: " + "[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1), "a.yaml:1: nested too deep"),
        (b"#" * (FILE_BYTES_MAX + 1), f"a.yaml: larger than {FILE_BYTES_MAX} bytes"),
    ],
)
def test_what_is_not_allowed_is_refused_with_its_line(tmp_path: Path, content: str | bytes, problem: str) -> None:
    """Each refusal is one line with file, line and reason."""
    assert [problem] == _read(tmp_path, content)[1]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    """A file that is not there is a problem, not a crash."""
    problems = Problems()
    assert read(tmp_path, "b.yaml", problems) is None
    assert ["b.yaml: there is no such file"] == problems.problems


def test_a_folder_in_place_of_a_file_is_said(tmp_path: Path) -> None:
    """What cannot be read is a problem with the system's reason."""
    problems = Problems()
    (tmp_path / "c.yaml").mkdir()
    assert read(tmp_path, "c.yaml", problems) is None
    assert ["c.yaml: cannot be read: Is a directory"] == problems.problems


@given(
    st.one_of(
        st.binary(max_size=200), st.text(alphabet="ab:-[]{}&*!#'\"|>? \n\t,\x85\u2028\u0000\U0001f600", max_size=60)
    )
)
def test_any_content_is_read_or_refused(content: str | bytes) -> None:
    """Whatever a file holds, it becomes a document, or at least one problem, and never a crash."""
    with tempfile.TemporaryDirectory() as folder:
        document, problems = _read(Path(folder), content)
    assert (document is None) <= bool(problems)
