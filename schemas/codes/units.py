"""Administrative units of Viet Nam: provinces and communes, without a district between them.

Sources: QD 19/2025/QD-TTg (34 provinces, 3,321 communes since 1 July 2025); NQ 30/2026/QH16 and NQ 237/NQ-UBTVQH16
(names of Dong Nai since 30 April 2026). Codes are texts with leading zeros: two digits name a province, five a commune.
Codes of units that are gone since 1 July 2025 are unknown here.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any


class UnitKind(StrEnum):
    """What a unit is; the value is the word in front of its name."""

    CITY = "Thành phố"
    PROVINCE = "Tỉnh"
    WARD = "Phường"
    COMMUNE = "Xã"
    SPECIAL_ZONE = "Đặc khu"


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit under one name. `province` is None for a province; `valid_to` is the last day, None while it holds."""

    code: str
    name: str
    province: str | None
    valid_from: date
    valid_to: date | None = None

    @property
    def kind(self) -> UnitKind:
        """What the name says that the unit is."""
        return next(kind for kind in UnitKind if self.name.startswith(f"{kind} "))

    def holds(self, day: date) -> bool:
        """Whether the unit bears this name on that day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Units:
    """Every unit under every name it had, to be asked for one day."""

    def __init__(self, version: str, units: Mapping[str, tuple[Unit, ...]]) -> None:
        self.version = version
        self._units = units

    def find(self, code: str, day: date) -> Unit | None:
        """Return the unit that has this code on that day."""
        return next((unit for unit in self._units.get(code, ()) if unit.holds(day)), None)

    def provinces(self, day: date) -> tuple[Unit, ...]:
        """Return the provinces of that day in the order of their codes."""
        return tuple(unit for unit in self._holding(day) if unit.province is None)

    def communes(self, province: str, day: date) -> tuple[Unit, ...]:
        """Return the communes of a province on that day in the order of their codes."""
        return tuple(unit for unit in self._holding(day) if unit.province == province)

    def _holding(self, day: date) -> Iterator[Unit]:
        return (unit for names in self._units.values() for unit in names if unit.holds(day))


@cache
def load_units() -> Units:
    """Read the list that comes with the hub; once for a process."""
    data = json.loads(files(__package__).joinpath("units.json").read_bytes())
    units: dict[str, tuple[Unit, ...]] = {}
    for edition in data["editions"]:
        for unit in _edition(edition, units):
            units[unit.code] = (*_ended(units.get(unit.code, ()), unit.valid_from), unit)
    return Units(data["version"], dict(sorted(units.items())))


def _edition(edition: Mapping[str, Any], before: Mapping[str, tuple[Unit, ...]]) -> Iterator[Unit]:
    """Yield what an edition says: units that begin with it, and units that bear another name from its day on."""
    day = date.fromisoformat(edition["valid_from"])
    for code, name in edition.get("provinces", ()):
        yield Unit(code, name, None, day)
    for province, rows in edition.get("communes", {}).items():
        for code, name in rows:
            yield Unit(code, name, province, day)
    for code, name in edition.get("renamed", ()):
        yield replace(before[code][-1], name=name, valid_from=day)


def _ended(names: tuple[Unit, ...], day: date) -> tuple[Unit, ...]:
    """Let the last name end on the day before."""
    return (*names[:-1], *(replace(unit, valid_to=day - timedelta(days=1)) for unit in names[-1:]))
