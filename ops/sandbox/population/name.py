"""Names as the population service compares them."""

import unicodedata


def folded(name: str) -> str:
    """Fold a name: upper case, no diacritics, no blanks; Đ becomes D, which decomposition alone does not do."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "D").replace("Đ", "D"))
    return "".join(
        mark for mark in plain.upper() if not unicodedata.category(mark).startswith("M") and not mark.isspace()
    )
