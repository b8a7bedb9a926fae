"""The services behind `/mapi/g`: pushes of dossiers and progress, look-ups, catalogues."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ops.sandbox.exchange import Reply
from ops.sandbox.fault import Fault
from ops.sandbox.ledger import Effect, Origin
from ops.sandbox.portal.answers import Answers
from ops.sandbox.portal.book import CREATED, LOOKUP, PROGRESS, UPDATED, Book
from ops.sandbox.portal.catalogue import Catalogue
from ops.sandbox.portal.dossier_form import CODE, dossier_form
from ops.sandbox.portal.progress_form import PROGRESS as PROGRESS_FORM
from ops.sandbox.portal.settings import PortalSettings

Document = Mapping[str, Any]
Service = Callable[[Document, Origin, Fault | None], Reply]

UNKNOWN = "unknown"

_ENVELOPE = frozenset({"session", "madonvi", "service"})


@dataclass(frozen=True, slots=True)
class ItemResult:
    """What became of one item of a batch."""

    key: str
    code: str
    text: str


class Services:
    """Each service checks its parameters, acts through the book, and words its answer."""

    def __init__(self, settings: PortalSettings, book: Book, catalogue: Catalogue, answers: Answers) -> None:
        self._settings = settings
        self._codes = settings.codes
        self._book = book
        self._catalogue = catalogue
        self._answers = answers
        self._form = dossier_form(catalogue.knows)
        self._known: dict[str, tuple[frozenset[str], Service]] = {
            "DongBoHoSoMC": (frozenset({"isUpdating", "data"}), self._push_dossiers),
            "CapNhatTienDoHoSoMC": (frozenset({"data"}), self._push_progress),
            "DongBoTienTrinh": (frozenset({"data"}), self._push_progress),
            "TraCuuHoSo": (frozenset({"mahoso"}), self._find_dossier),
            "LayThuTuc": (frozenset({"maTTHC"}), self._find_procedure),
            "LayDanhSachTTHC": (frozenset(), self._list_procedures),
            "LayDanhMucLinhVuc": (frozenset(), self._list_fields),
        }

    def name_of(self, service: object) -> str:
        """Return the name of a service; all that do not exist share one, so that counters stay bounded."""
        return service if isinstance(service, str) and service in self._known else UNKNOWN

    def serve(self, document: Document, origin: Origin, twist: Fault | None) -> Reply:
        """Run a service for a caller whose session is good."""
        known = self._known.get(origin.service)
        if known is None:
            return self._answers.refused(self._codes.service_unknown, "Không có dịch vụ này", twist)
        parameters, service = known
        if (problem := _envelope_problem(document, parameters)) is not None:
            return self._invalid(problem, twist)
        return service(document, origin, twist)

    def _push_dossiers(self, document: Document, origin: Origin, twist: Fault | None) -> Reply:
        if document["isUpdating"] not in ("True", "False"):
            return self._invalid('Trường isUpdating: phải là "True" hoặc "False"', twist)
        items = document["data"]
        if (refusal := self._batch_refusal(items, self._settings.dossiers_max, twist)) is not None:
            return refusal
        taken = _taken(items, twist)
        effects: list[Effect] = []
        results = self._judged(items[:taken], effects, updating=document["isUpdating"] == "True")
        self._book.store(origin, effects)
        return self._batch_reply("Đồng bộ hồ sơ", results + self._left_out(items[taken:]), twist)

    def _judged(self, items: list[Any], effects: list[Effect], *, updating: bool) -> list[ItemResult]:
        """Judge each dossier by itself (assumed) and collect the effects of the good ones."""
        results: list[ItemResult] = []
        created: set[str] = set()
        for item in items:
            problem = self._form.problem(item)
            if problem is not None:
                results.append(ItemResult(_key(item), self._codes.field_invalid, problem))
                continue
            code = item["MaHoSo"]
            known = code in created or self._book.knows(code)
            results.append(self._judgement(code, known=known, updating=updating))
            if known == updating:
                effects.append(Effect(UPDATED if updating else CREATED, code, item))
                created.add(code)
        return results

    def _judgement(self, code: str, *, known: bool, updating: bool) -> ItemResult:
        if known == updating:
            return ItemResult(code, "0", "Đồng bộ hồ sơ thành công")
        if known:
            return ItemResult(code, self._answers.exists_code(), f"Hồ sơ {code} đã tồn tại")
        return ItemResult(code, self._codes.dossier_unknown, f"Hồ sơ {code} không tồn tại")

    def _push_progress(self, document: Document, origin: Origin, twist: Fault | None) -> Reply:
        items = document["data"]
        if (refusal := self._batch_refusal(items, self._settings.progress_rows_max, twist)) is not None:
            return refusal
        for item in items:
            if (problem := PROGRESS_FORM.problem(item)) is not None:
                return self._invalid(problem, twist)
            if not self._book.knows(item["MaHoSo"]):
                return self._answers.refused(
                    self._codes.dossier_unknown, f"Hồ sơ {item['MaHoSo']} không tồn tại", twist
                )
        taken = _taken(items, twist)
        self._book.store(origin, [Effect(PROGRESS, item["MaHoSo"], item) for item in items[:taken]])
        results = [ItemResult(item["MaHoSo"], "0", "Cập nhật tiến độ thành công") for item in items[:taken]]
        return self._batch_reply("Cập nhật tiến độ hồ sơ", results + self._left_out(items[taken:]), twist)

    def _find_dossier(self, document: Document, origin: Origin, twist: Fault | None) -> Reply:
        code = document["mahoso"]
        if not isinstance(code, str) or (problem := CODE(code)) is not None:
            return self._invalid(f"Trường mahoso: {problem if isinstance(code, str) else 'phải là chuỗi'}", twist)
        found = self._book.latest(code)
        self._book.store(origin, [Effect(LOOKUP, code, {"found": found is not None})])
        return self._answers.done("Tra cứu", self._answers.single(found), twist)

    def _find_procedure(self, document: Document, _origin: Origin, twist: Fault | None) -> Reply:
        code = document["maTTHC"]
        if not isinstance(code, str):
            return self._invalid("Trường maTTHC: phải là chuỗi", twist)
        record = self._catalogue.procedure(code)
        return self._answers.done("Tra cứu", [] if record is None else [record], twist)

    def _list_procedures(self, _document: Document, _origin: Origin, twist: Fault | None) -> Reply:
        return self._answers.done("Tra cứu", self._catalogue.procedures(), twist)

    def _list_fields(self, _document: Document, _origin: Origin, twist: Fault | None) -> Reply:
        return self._answers.done("Tra cứu", self._catalogue.fields(), twist)

    def _invalid(self, problem: str, twist: Fault | None) -> Reply:
        return self._answers.refused(self._codes.field_invalid, problem, twist)

    def _batch_refusal(self, items: object, items_max: int, twist: Fault | None) -> Reply | None:
        if not isinstance(items, list) or not items:
            return self._invalid("Trường data: phải là mảng có ít nhất một phần tử", twist)
        if len(items) > items_max:
            text = f"Trường data: quá {items_max} phần tử trong một lần gửi"
            return self._answers.refused(self._codes.batch_too_large, text, twist)
        return None

    def _left_out(self, items: list[Any]) -> list[ItemResult]:
        code = self._codes.item_left_out
        return [ItemResult(_key(item), code, "Chưa ghi nhận, hệ thống bận") for item in items]

    def _batch_reply(self, what: str, results: list[ItemResult], twist: Fault | None) -> Reply:
        """Answer for the whole batch with the first failure, if any, and for each item beside it (assumed)."""
        lines = [
            {"MaHoSo": one.key, "error_code": self._answers.code(one.code, twist), "message": f"[SANDBOX] {one.text}"}
            for one in results
        ]
        failed = next((one for one in results if one.code != "0"), None)
        if failed is None:
            return self._answers.done(what, lines, twist)
        return self._answers.refused(failed.code, failed.text, twist, lines)


def _envelope_problem(document: Document, parameters: frozenset[str]) -> str | None:
    wanted = _ENVELOPE | parameters
    if missing := wanted - document.keys():
        return f"Trường {min(missing)}: bắt buộc"
    if unknown := document.keys() - wanted:
        return f"Trường {min(unknown)}: không có trong đặc tả"
    return None


def _taken(items: list[Any], twist: Fault | None) -> int:
    """Return how many items of a batch are worked on: half of them under `partial_batch`."""
    return len(items) // 2 if twist is not None and twist.kind == "partial_batch" else len(items)


def _key(item: object) -> str:
    code = item.get("MaHoSo") if isinstance(item, dict) else None
    return code if isinstance(code, str) and CODE(code) is None else ""
