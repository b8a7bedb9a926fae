"""The adapter of docs/howto/add-a-platform.md is whole, and does what the page says."""

import importlib.util
import re
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from types import ModuleType

import httpx
import orjson
import pytest

from hub.clock import SystemClock
from hub.pipeline.classify import classify
from hub.ports import Job
from hub.settings.adapter import find_adapter
from schemas.delivery import OutcomeClass
from schemas.dossier import Applicant, ApplicantKind, Channel, DossierStatus, DossierSubmission
from schemas.procedure import Procedure

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "add-a-platform.md"
NAME = "adapter_of_the_page"
JOB = Job(
    "m-1",
    DossierSubmission(
        code="H56.14-251124-0001",
        revision=1,
        procedure="1.001193",
        status=DossierStatus.ACCEPTED,
        channel=Channel.ONLINE,
        applicant=Applicant(kind=ApplicantKind.CITIZEN, name="Nguyễn Văn A"),
        summary="Đăng ký khai sinh",
        processing_unit="UBND phường Hạc Thành",
        received_at=datetime(2025, 11, 24, 1, tzinfo=UTC),
    ),
    Procedure(
        code="1.001193", name="Khai sinh", field_code="G15-HT01", field_name="Hộ tịch", valid_from=date(2025, 7, 1)
    ),
    0,
    1,
)


@pytest.fixture
def adapter_module(tmp_path: Path) -> Iterator[ModuleType]:
    """The page's code as a module that configuration may name."""
    (code,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    file = tmp_path / "page.py"
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(NAME, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[NAME] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[NAME]


@pytest.mark.usefixtures("adapter_module")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, OutcomeClass.DELIVERED),
        (400, OutcomeClass.REFUSED_MESSAGE),
        (403, OutcomeClass.REFUSED_US),
        (503, OutcomeClass.UNAVAILABLE),
        (500, OutcomeClass.UNKNOWN),
    ],
)
async def test_the_adapter_sends_and_its_table_judges(status: int, outcome: OutcomeClass) -> None:
    """It is found by its name, posts once under our key, and each status means what the table says."""
    seen: list[httpx.Request] = []

    def board(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(status)

    found = find_adapter(NAME)
    config = found.config.model_validate({"url": "https://board.example"})
    adapter = found.build(config, SystemClock(), httpx.MockTransport(board))
    (operation,) = adapter.operations
    reply = await operation.send(JOB)
    await adapter.aclose()

    assert outcome is classify(reply, operation.rules)
    assert [("https://board.example/notices", "m-1")] == [(str(one.url), one.headers["x-key"]) for one in seen]
    assert {"dossier": "H56.14-251124-0001", "status": "accepted"} == orjson.loads(seen[0].content)
