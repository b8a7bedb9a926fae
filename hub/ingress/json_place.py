"""Where in a JSON text a place lies: the path of the field that it belongs to. For error answers only."""

import re

ROOT = "$"
"""The path of the whole body."""

SEGMENTS_MAX = 8
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}")
_DIGITS = re.compile(r"[0-9]{6}")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\],:]', re.DOTALL)


def safe_name(name: str) -> str:
    """Return a field name as it may be repeated; "?" when it could be data rather than a name."""
    return name if _NAME.fullmatch(name) and not _DIGITS.search(name) else "?"


def path_at(body: bytes, line: int, column: int) -> str:
    """Return the dotted path of the field that holds a place (1-based line and column, in bytes)."""
    stack: list[str | int] = []
    naming = False
    for token in _TOKEN.finditer(body, 0, _offset(body, line, column)):
        text = token[0]
        match text:
            case b"{":
                stack.append("")
                naming = True
            case b"[":
                stack.append(0)
                naming = False
            case b"}" | b"]":
                del stack[-1:]
                naming = False
            case b",":
                naming = _next(stack)
            case b":":
                naming = False
            case _ if naming and stack:
                stack[-1] = safe_name(text.strip(b'"').decode(errors="replace"))
    return ".".join(str(step) for step in stack[:SEGMENTS_MAX] if step != "") or ROOT


def _next(stack: list[str | int]) -> bool:
    """Step to the next member; whether a name follows."""
    if stack and isinstance(stack[-1], int):
        stack[-1] += 1
        return False
    if stack:
        stack[-1] = ""
    return bool(stack)


def _offset(body: bytes, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = body.find(b"\n", start) + 1
    return start + column
