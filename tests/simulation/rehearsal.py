"""One seed, played: of a failure what is needed to see it again."""

from tests.simulation.moves import script
from tests.simulation.stage import play


def rehearse(seed: int) -> str | None:
    """Play a seed. Return what went wrong, in words; None when nothing did."""
    moves = script(seed)
    try:
        play(moves)
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is reported under its seed
        return f"seed {seed}: {type(failure).__name__}: {str(failure)[:500]}\n  {list(moves)}"
    return None
