"""The table of runs: rows are added between the markers, and nothing else of the document changes."""

from pathlib import Path

import pytest

from tests.chaos.machine import machine
from tests.chaos.series import BEGIN, END, HEAD, RULE, append, failed_row, seeds


def test_seeds_are_read_as_they_are_written() -> None:
    """Single ones and ranges, both ends included; anything else is refused."""
    assert [3, 5, 8, 9] == seeds("3,5,8-9")
    with pytest.raises(ValueError, match="invalid"):
        seeds("all")


def test_rows_are_added_between_the_markers(tmp_path: Path) -> None:
    """The first one brings the head of the table; what stands around stays."""
    table = tmp_path / "guarantees.md"
    table.write_text(f"before\n\n{BEGIN}\n{END}\n\nafter\n")
    append(table, "| one |")
    append(table, "| two |")

    assert f"before\n\n{BEGIN}\n{HEAD}\n{RULE}\n| one |\n| two |\n{END}\n\nafter\n" == table.read_text()


def test_a_document_without_the_markers_is_left_alone(tmp_path: Path) -> None:
    """A row has no other place."""
    table = tmp_path / "other.md"
    table.write_text("nothing")
    with pytest.raises(ValueError, match="no table"):
        append(table, "| one |")
    assert "nothing" == table.read_text()


def test_a_run_without_a_report_has_a_row_of_as_many_cells() -> None:
    """It says which error ended it."""
    line = failed_row("shared", 7, TimeoutError(), "abc")

    assert HEAD.count("|") == line.count("|") == RULE.count("|")
    assert line.endswith("| no report: TimeoutError | - | - | - |")


def test_the_machine_is_described() -> None:
    """How many cores, how much memory."""
    assert " cores " in machine()
    assert " GiB, Python 3." in machine()
