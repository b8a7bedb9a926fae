"""A dossier's code as people type it."""

from schemas.dossier import DossierCode

_HYPHENS = str.maketrans(dict.fromkeys("‐‑‒–—−", "-"))
_CHARS_MAX = 100


def spelled(text: str) -> str | None:
    """Return the canonical code for what a person typed; None when it is no dossier code.

    Blanks, small letters, the long dashes of word processors and either spelling of the agency are forgiven.
    """
    plain = "".join(text[:_CHARS_MAX].split()).translate(_HYPHENS).upper()
    try:
        return str(DossierCode.parse(plain))
    except ValueError:
        return None
