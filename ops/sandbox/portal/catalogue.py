"""The portal's catalogue of procedures, in the shape that `LayThuTuc` answers. Sample data, labelled so."""

import re
from importlib import resources
from typing import Any

import orjson

_CODE = re.compile(r"(\d\.\d{6})(\.\d{3}\.\d{2}\.\d{2}\.[GHK]\d{2})?", re.ASCII)


class Catalogue:
    """Procedures and fields, read once."""

    def __init__(self) -> None:
        source = orjson.loads((resources.files("ops.sandbox.portal") / "catalogue.json").read_bytes())
        self._fields: list[dict[str, str]] = source["fields"]
        names = {field["MALINHVUC"]: field["TENLINHVUC"] for field in self._fields}
        self._procedures = {one["code"]: _record(one, names[one["field"]]) for one in source["procedures"]}

    def knows(self, code: str) -> bool:
        """Whether the code, or the national code under a local variant of it, is in the catalogue."""
        match = _CODE.fullmatch(code)
        return match is not None and match[1] in self._procedures

    def procedure(self, code: str) -> dict[str, Any] | None:
        """Return the record of a procedure."""
        return self._procedures.get(code)

    def procedures(self) -> list[dict[str, str]]:
        """Return all procedures by code and name."""
        return [{"MATTHC": one["MATTHC"], "TENTTHC": one["TENTTHC"]} for one in self._procedures.values()]

    def fields(self) -> list[dict[str, str]]:
        """Return all fields."""
        return self._fields


def _record(one: dict[str, Any], field_name: str) -> dict[str, Any]:
    papers = [
        {"MAGIAYTO": code, "TENGIAYTO": name, "TENMAUDON": "", "URL": ""} for code, name in one["components"].items()
    ]
    fee = {"MAPHILEPHI": one["fee"]["code"], "SOTIEN": one["fee"]["amount"], "DONVI": "Đồng", "MOTA": "SANDBOX"}
    time = {"THOIGIANGIAIQUYET": one["days"], "DONVITINH": "Ngày làm việc", "MOTA": "SANDBOX", "PHILEPHI": [fee]}
    return {
        "MATTHC": one["code"],
        "TENTTHC": one["name"],
        "MACOQUANCONGBO": one["publisher"],
        "TRANGTHAI": "1",
        "LINHVUCTHUCHIEN": [{"MALINHVUC": one["field"], "TENLINHVUC": field_name}],
        "TRINHTUTHUCHIEN": [{"TRUONGHOP": "", "TRINHTU": [{"TENTRINHTU": "Dữ liệu mẫu SANDBOX"}]}],
        "CACHTHUCTHUCHIEN": [{"KENH": channel, "THOIGIAN": [time]} for channel in ("1", "2", "3")],
        "THANHPHANHOSO": [{"TRUONGHOP": "", "GIAYTO": papers}],
        "DOITUONGTHUCHIEN": [{"TENDOITUONG": "Công dân Việt Nam"}],
        "MOTADOITUONGTHUCHIEN": "",
        "KETQUATHUCHIEN": [{"MAKETQUA": code, "TENKETQUA": name} for code, name in one["results"].items()],
        "CANCUPHAPLY": [{"SOVANBAN": "", "TENVANBAN": "Dữ liệu mẫu SANDBOX"}],
        "COQUANTHUCHIEN": [{"TENDONVI": "Ủy ban nhân dân cấp xã", "MADONVI": "H56"}],
        "YEUCAU": "",
    }
