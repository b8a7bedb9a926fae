"""Names without marks, for platforms that compare them so."""

import unicodedata

_STROKES = str.maketrans({"Đ": "D", "\u00d0": "D", "\u0189": "D"})
"""Đ has no decomposition. Two look-alikes (Icelandic eth, African D) stand for it in data of old fonts."""


def fold_name(name: str) -> str:
    """Return the name in capitals without marks and blanks: `Nguyễn Văn Đức` gives `NGUYENVANDUC`."""
    plain = unicodedata.normalize("NFD", name.upper())
    plain = "".join(char for char in plain if unicodedata.category(char) != "Mn")
    return "".join(plain.translate(_STROKES).split())
