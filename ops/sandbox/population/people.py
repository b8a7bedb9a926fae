"""The invented population, and how it is asked: number, name and birth confirm a person; nobody is searched for."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

import orjson

from ops.sandbox.population.envelope import Lookup
from ops.sandbox.population.name import folded

_ORDER = (
    "SoDinhDanh", "SoCMND", "HoVaTen", "GioiTinh", "DanToc", "TonGiao", "TinhTrangHonNhan", "NhomMau",
    "NgayThangNamSinh", "NoiDangKyKhaiSinh", "QueQuan", "ThuongTru", "NoiOHienTai", "QuocTich", "Cha", "Me", "VoChong",
    "NguoiDaiDien", "ChuHo", "SoSoHoKhau",
)  # fmt: skip
"""The order of a record's elements."""


@dataclass(frozen=True, slots=True)
class Person:
    """One record with its XML. Of `birth_date` (yyyyMMdd) and `birth_year` the date is empty when unknown."""

    number: str
    old_number: str
    name: str
    birth_date: str
    birth_year: str
    note: str
    xml: bytes

    def answers(self, lookup: Lookup) -> bool:
        """Whether number, name and birth all fit. Assumed: a full date does not fit a record with only a year."""
        if lookup.number and lookup.number != self.number:
            return False
        if lookup.old_number and lookup.old_number != self.old_number:
            return False
        if lookup.name != self.name:
            return False
        return lookup.birth_date == self.birth_date if lookup.birth_date else lookup.birth_year == self.birth_year


class People:
    """All records, found by either number."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._all = people
        self._by_number: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            for number in (person.number, person.old_number):
                if number:
                    self._by_number[number].append(person)

    @classmethod
    def invented(cls) -> "People":
        """Read the data file."""
        source = orjson.loads((resources.files("ops.sandbox.population") / "people.json").read_bytes())
        return cls([_person(one["record"], one["note"]) for one in source["people"]])

    def matching(self, lookup: Lookup) -> list[Person]:
        """Return the records that a lookup confirms; mostly one or none."""
        candidates = self._by_number.get(lookup.number or lookup.old_number, ())
        return [person for person in candidates if person.answers(lookup)]

    def listing(self) -> list[dict[str, str]]:
        """Return whom one can ask for, with what is special about the record."""
        return [
            {"SoDinhDanh": one.number, "HoVaTen": one.name, "Sinh": one.birth_date or one.birth_year, "note": one.note}
            for one in self._all
        ]


def _person(record: Mapping[str, Any], note: str) -> Person:
    birth = record["NgayThangNamSinh"]
    date = birth.get("NgayThangNam", "")
    names = record["HoVaTen"]
    return Person(
        number=record["SoDinhDanh"],
        old_number=record.get("SoCMND", ""),
        name=folded("".join(names.get(part, "") for part in ("Ho", "ChuDem", "Ten"))),
        birth_date=date,
        birth_year=birth.get("Nam", date[:4]),
        note=note,
        xml=_element("CongDan", {name: record[name] for name in _ORDER if name in record}).encode(),
    )


def _element(name: str, content: str | Mapping[str, Any]) -> str:
    """Write an element. Assumed: names of relatives have the parts that the person's own name has."""
    inner = escape(content) if isinstance(content, str) else "".join(_element(*one) for one in content.items())
    return f"<ns1:{name}>{inner}</ns1:{name}>"
