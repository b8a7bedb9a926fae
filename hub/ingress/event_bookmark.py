"""Where a reader of status events stands: the next offset of each partition, as one short text.

The text is the id of every event of the stream. It means the same to every process of the hub.
"""

import re
from collections.abc import Sequence

from hub.errors import BrokenRule, Invalid

START, END = "start", "end"
_OFFSETS = re.compile(r"\d{1,18}(?:\.\d{1,18})*", re.ASCII)


def write_bookmark(offsets: Sequence[int]) -> str:
    """Return the text of the offsets, such as `17.0.3.22`."""
    return ".".join(map(str, offsets))


def read_bookmark(text: str, partitions: int, field: str) -> list[int]:
    """Return the offsets of a text. Invalid when it is not one number per partition."""
    offsets = [int(part) for part in text.split(".")] if _OFFSETS.fullmatch(text) else []
    if len(offsets) != partitions:
        raise Invalid([BrokenRule(field, "pattern")])
    return offsets
