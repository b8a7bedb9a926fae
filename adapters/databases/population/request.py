"""A query as service 037 wants it: the fields of `TraCuuThongTinCongDan` by their wire names."""

import re

from adapters.databases.population.birth import wire_birth
from adapters.databases.population.config import PopulationConfig
from adapters.wire.names import fold_name
from hub.errors import BrokenRule, Invalid
from schemas.citizen import CitizenQuery

_DIGITS_OF_FORMER = 9
_XML_TEXT = re.compile("[!-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def request_fields(query: CitizenQuery, request_id: str, config: PopulationConfig) -> dict[str, object]:
    """Return the fields of one request; those that are empty are left out. Invalid for a name that XML cannot carry.

    MaYeuCau is the hub's request id behind the configured prefix, and not a counter: ids stay unique through restarts
    and over several processes without a place to keep a count, and the platform's log then names the very audit
    record of the hub.
    """
    fields: dict[str, object] = {
        "MaYeuCau": f"{config.request_prefix}_{request_id}",
        "MaDVC": config.service_codes.get(query.procedure, config.service_code_default),
        "MaTichHop": config.integration_code,
        "MaCanBo": config.officers.get(query.officer, config.officer_default),
        "MaDonVi": config.unit_code,
        "TaiKhoan": config.account,
        "SoDienThoai": config.phone,
        number_field(query.personal_number): query.personal_number,
        "HoVaTen": _wire_name(query.full_name),
        "NgayThangNamSinh": wire_birth(query.birth_date, query.birth_year),
    }
    return {name: value for name, value in fields.items() if value}


def number_field(personal_number: str) -> str:
    """Return the field that carries a number: twelve digits are a personal number, nine one of older papers."""
    return "SoCMND" if len(personal_number) == _DIGITS_OF_FORMER else "SoDinhDanh"


def _wire_name(full_name: str) -> str:
    """Return the name in capitals without diacritics and blanks."""
    name = fold_name(full_name)
    if _XML_TEXT.fullmatch(name) is None:
        raise Invalid([BrokenRule("full_name", "pattern")])
    return name
