"""Text as the hub keeps it: composed, on one line where it is a line, and without what does not print."""

import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.text import Name, Note, Token, line, prose

NAME: TypeAdapter[str] = TypeAdapter(Name)
NOTE: TypeAdapter[str] = TypeAdapter(Note)
TOKEN: TypeAdapter[str] = TypeAdapter(Token)


@pytest.mark.parametrize("name", ["Nguyễn Thị Phượng", "Đặng Quốc Ấn", "Y Khăm Niê", "H’Hen Niê"])
def test_decomposed_text_is_composed(name: str) -> None:
    """Marks that some keyboards write apart join their letters; what is composed stays as it is."""
    assert name == NAME.validate_python(unicodedata.normalize("NFD", name))
    assert name == NAME.validate_python(name)


def test_a_line_has_no_blanks_at_its_ends() -> None:
    """Blanks of every kind; those inside stay."""
    assert "Lê  Văn A" == line("\u00a0 Lê  Văn A \u3000")
    assert "A B" == line("  A B  ")


@pytest.mark.parametrize("char", ["\0", "\t", "\n", "\r", "\x1b", "\x7f", "\x85", "\ud800"])
def test_a_line_has_no_control_characters(char: str) -> None:
    """Nor halves of surrogate pairs; in the middle as at the end."""
    for text in (f"A{char}B", f"A{char}", f"Ấ{char}B"):
        with pytest.raises(ValueError, match=r"^control_character$"):
            line(text)


@pytest.mark.parametrize("char", ["\0", "\x1b", "\x0b", "\x7f", "\ud800"])
def test_prose_has_breaks_and_no_other_controls(char: str) -> None:
    """Lines and tabs are allowed."""
    assert "một\r\n\thai" == prose(" một\r\n\thai\n")
    with pytest.raises(ValueError, match=r"^control_character$"):
        prose(f"một{char}hai")


@pytest.mark.parametrize("text", ["A\u200bB", "A\u202eB", "A\ufeffB", "👨‍👩‍👧", "𠀀"])
def test_what_merely_does_not_print_is_kept(text: str) -> None:
    """Joiners, marks of direction and rare signs are no fault of the sender."""
    assert text == line(text)


@pytest.mark.parametrize("value", [None, 1, 1.5, b"A", ["A"]])
def test_what_is_no_text_is_left_to_the_model(value: object) -> None:
    """It comes back untouched, to be refused by its type."""
    assert value == line(value) == prose(value)


def test_length_counts_composed_letters() -> None:
    """Two hundred letters are two hundred, however they came."""
    assert 200 == len(NAME.validate_python(unicodedata.normalize("NFD", "ấ" * 200)))
    with pytest.raises(ValidationError):
        NAME.validate_python("ấ" * 201)


def test_a_name_of_blanks_is_none() -> None:
    """It is empty once its ends are cut; a note may be empty."""
    with pytest.raises(ValidationError):
        NAME.validate_python(" \u00a0 ")
    assert "" == NOTE.validate_python("  ")


@pytest.mark.parametrize("text", ["", "a b", "â", "a/b", "a\n", "x" * 129])
def test_a_token_is_plain(text: str) -> None:
    """Letters, digits and four signs; it may stand in a log line."""
    with pytest.raises(ValidationError):
        TOKEN.validate_python(text)
    assert "A-z_0.9:x" == TOKEN.validate_python("A-z_0.9:x")
