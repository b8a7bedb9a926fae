"""Agency codes in their two spellings (QCVN 102:2016 and QD 20/2020/QD-TTg), canonicalised at the door."""

import re
from dataclasses import dataclass

_TOP_FIRST = re.compile(r"([A-Z]\d{2})((?:\.\d{1,3}){0,3})", re.ASCII)
_LOW_FIRST = re.compile(r"(\d{3})\.(\d{2})\.(\d{2})\.([A-Z]\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True)
class AgencyCode:
    """A place in the tree of agencies: the top organisation, then the levels below it."""

    top: str
    levels: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "AgencyCode":
        """Read `H56.14` or `000.00.14.H56`; both give the same code. ValueError("agency_code") otherwise."""
        if match := _TOP_FIRST.fullmatch(text):
            return cls(match[1], _trimmed(tuple(int(part) for part in match[2].split(".")[1:])))
        if match := _LOW_FIRST.fullmatch(text):
            return cls(match[4], _trimmed((int(match[3]), int(match[2]), int(match[1]))))
        raise ValueError("agency_code")

    def __str__(self) -> str:
        return ".".join((self.top, *(f"{level:02d}" for level in self.levels)))

    def covers(self, other: "AgencyCode") -> bool:
        """Whether `other` is this agency or stands below it."""
        return self.top == other.top and other.levels[: len(self.levels)] == self.levels


def _trimmed(levels: tuple[int, ...]) -> tuple[int, ...]:
    """Drop the trailing zeros that the low-first spelling pads with."""
    while levels and levels[-1] == 0:
        levels = levels[:-1]
    return levels
