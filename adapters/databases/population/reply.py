"""What service 037 answers, in the hub's words. Names and tree after QCVN 109:2017/BTTTT.

Elements that are unknown are passed over. What the hub does use must be unambiguous: a repeated element, markup where
text belongs, an impossible date of birth or another person's number make the reply unreadable. Blood group,
representative and household book are not taken over: no service of the hub needs them.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from lxml import etree

from adapters.databases.population.birth import read_birth
from adapters.databases.population.node import Node
from adapters.databases.population.request import number_field
from hub.errors import ReplyUnreadable
from schemas.citizen import Address, Citizen, CitizenQuery, Gender, Relative

COLLECTION: Final = "{http://www.mic.gov.vn/dancu/1.0}CongdanCollection"


def read_citizens(
    collection: etree._Element, query: CitizenQuery, genders: Mapping[str, Gender], persons_max: int
) -> tuple[Citizen, ...]:
    """Return the persons of a `CongdanCollection`; none when nobody matches.

    ReplyUnreadable when it is not one, when it holds more than `persons_max` persons, or anybody but the one asked for.
    """
    if collection.tag != COLLECTION:
        raise ReplyUnreadable("not a CongdanCollection")
    persons = Node("CongdanCollection", collection).all("CongDan")
    if len(persons) > persons_max:
        raise ReplyUnreadable(f"more than {persons_max} persons")
    for person in persons:
        if person.text(number_field(query.personal_number)) != query.personal_number:
            raise ReplyUnreadable("another person than the one asked for")
    return tuple(_citizen(person, genders) for person in persons)


def _citizen(person: Node, genders: Mapping[str, Gender]) -> Citizen:
    number, former = person.text("SoDinhDanh"), person.text("SoCMND")
    full_name = _full_name(person)
    if full_name is None:
        raise ReplyUnreadable("HoVaTen is missing")
    birth_date, birth_year = _birth(person.one("NgayThangNamSinh"))
    return Citizen(
        personal_number=number or former or "",
        former_number=former if number else None,
        full_name=full_name,
        gender=genders.get(person.text("GioiTinh") or "", Gender.UNKNOWN),
        birth_date=birth_date,
        birth_year=birth_year,
        ethnicity=person.text("DanToc"),
        religion=person.text("TonGiao"),
        marital_status=person.text("TinhTrangHonNhan"),
        nationality=person.text("QuocTich"),
        birth_place=_address(person.one("NoiDangKyKhaiSinh")),
        home_town=_address(person.one("QueQuan")),
        permanent_residence=_address(person.one("ThuongTru")),
        current_residence=_address(person.one("NoiOHienTai")),
        father=_relative(person.one("Cha")),
        mother=_relative(person.one("Me")),
        spouse=_relative(person.one("VoChong")),
        household_head=_relative(person.one("ChuHo")),
    )


def _birth(birth: Node) -> tuple[date | None, int | None]:
    try:
        return read_birth(birth.text("NgayThangNam") or "", birth.text("Nam") or "")
    except ValueError:
        raise ReplyUnreadable("NgayThangNamSinh is no date") from None


def _address(place: Node) -> Address | None:
    """Read an address; None where it says nothing."""
    address = Address(
        province=place.text("MaTinhThanh"),
        commune=place.text("MaPhuongXa"),
        detail=place.text("ChiTiet"),
        country=place.text("QuocGia"),
        legacy_district=place.text("MaQuanHuyen"),
    )
    return None if address == Address() else address


def _relative(person: Node) -> Relative | None:
    """Read a relative; None where nothing is said of one."""
    relative = Relative(
        full_name=_full_name(person),
        personal_number=person.text("SoDinhDanh") or person.text("SoCMND"),
        relation=person.text("QuanHe"),
    )
    return None if relative == Relative() else relative


def _full_name(person: Node) -> str | None:
    """Return family, middle and given name in one; many records have the full name in Ten alone, or as bare text."""
    name = person.one("HoVaTen")
    if name.is_leaf:
        return name.line()
    parts = (name.text(part) for part in ("Ho", "ChuDem", "Ten"))
    return " ".join(part for part in parts if part) or None
