"""What docs/howto/call-by-soap.md shows works: its envelope, its Python, its codes."""

import ast
import json
import re
from pathlib import Path

from lxml import etree

from hub.ingress.soap.operations import OPERATIONS
from schemas.dossier import DossierSubmission
from schemas.problem import PROBLEMS
from tests.fakes.rest import House
from tests.fakes.soap import fault, post
from tests.fakes.xsd import compiled

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "call-by-soap.md").read_text(encoding="utf-8")


async def test_the_envelope_is_valid_and_is_read() -> None:
    """It gets as far as the grant, which only an installation can give."""
    (message,) = re.findall(r"-d '\n(.*?)'\n", PAGE, re.DOTALL)
    body = etree.fromstring(message.strip()).find("{*}Body")
    assert body is not None
    (inner,) = body

    compiled().assertValid(etree.ElementTree(inner))
    assert "caller.no_grant" == fault(await post(House(), message.strip().encode()))[1].code


def test_the_python_submits_a_valid_dossier() -> None:
    """It parses, and its dossier keeps the contract."""
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (given,) = [
        keyword.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) for keyword in node.keywords
        if keyword.arg == "dossier"
    ]  # fmt: skip

    assert 1 == DossierSubmission.model_validate_json(json.dumps(ast.literal_eval(given))).revision


def test_operations_and_codes_are_there() -> None:
    """Every operation is listed, and every code that is named exists."""
    assert [operation.name for operation in OPERATIONS] == re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE)
    codes = set(re.findall(r"`((?:caller|hub|platform)\.[a-z_]+)`", PAGE))
    assert len(codes) > 4
    assert codes <= set(PROBLEMS)
