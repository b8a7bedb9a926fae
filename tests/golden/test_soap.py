"""The SOAP contract changes only knowingly, and never so that a client made from it breaks.

Clients are generated from the WSDL and live for years. A field may be added at the end, if it may be left out; a bound
of what is read may be widened. Anything else is a new namespace at a new path. After a change that is meant:

    python -m tests.golden.test_soap
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lxml import etree

from tests.fakes.xsd import ROOT, Document, Member, Scalar, document

FOLDER = Path(__file__).parent / "soap"
NAMES = ("hub.wsdl", "hub.xsd", "problem.xsd")
WRITTEN = frozenset({"DeliveryState", "OutcomeClass", "Step", "Gender", "Match", "Origin"})
"""Choices that the hub writes: a new one surprises a strict client, so it counts as a break."""


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_the_golden_one(name: str) -> None:
    """A changed field, bound or word shows in a review."""
    assert (FOLDER / name).read_text(encoding="utf-8") == (ROOT / name).read_text(encoding="utf-8"), (
        "if this change is meant: python -m tests.golden.test_soap, and tell who must change what"
    )


def test_every_golden_file_has_its_source() -> None:
    """No file is left over."""
    assert set(NAMES) == {file.name for file in FOLDER.iterdir()}


def test_clients_of_the_golden_contract_keep_working() -> None:
    """Whatever was written anew, no client made from the contract breaks."""
    assert [] == list(breaks(document(FOLDER), document()))


def test_the_golden_wsdl_still_holds() -> None:
    """Names, actions and messages of the golden WSDL are all there."""
    old, new = (etree.parse(folder / "hub.wsdl") for folder in (FOLDER, ROOT))

    assert set(_facts(old)) <= set(_facts(new))


def breaks(old: Document, new: Document) -> Iterator[str]:
    """Say what a client made from the old contract would stumble over."""
    for groups in ((old.wrappers, new.wrappers), (old.objects, new.objects)):
        for name, members in groups[0].items():
            yield from _broken_members(name, members, groups[1].get(name, ()))
    for name, scalar in old.scalars.items():
        yield from _broken_scalar(name, scalar, new.scalars.get(name))


def _broken_members(name: str, old: tuple[Member, ...], new: tuple[Member, ...]) -> Iterator[str]:
    if [member.name for member in old] != [member.name for member in new[: len(old)]]:
        yield f"{name}: members are gone or in another order"
        return
    for was, now in zip(old, new, strict=False):
        if (
            was.type != now.type
            or now.least != was.least
            or (was.most is None, was.most) > (now.most is None, now.most)
        ):
            yield f"{name}.{was.name}: type or number"
    yield from (f"{name}.{member.name}: is required" for member in new[len(old) :] if member.least)


def _broken_scalar(name: str, old: Scalar, new: Scalar | None) -> Iterator[str]:
    if new is None or old.base != new.base or old.facets.get("pattern") != new.facets.get("pattern"):
        yield f"{name}: gone, or of another form"
        return
    choices = set(old.facets.get("enumeration", ())), set(new.facets.get("enumeration", ()))
    if not choices[0] <= choices[1] or (name in WRITTEN and choices[0] != choices[1]):
        yield f"{name}: choices"
    for least in ("minLength", "minInclusive"):
        if _number(new.facets, least, -1) > _number(old.facets, least, -1):
            yield f"{name}: {least}"
    for most in ("maxLength", "maxInclusive"):
        if _number(new.facets, most, 10**18) < _number(old.facets, most, 10**18):
            yield f"{name}: {most}"


def _number(facets: Mapping[str, tuple[str, ...]], name: str, otherwise: int) -> int:
    return int(facets[name][0]) if name in facets else otherwise


def _facts(wsdl: "etree._ElementTree[etree._Element]") -> Iterator[tuple[str, ...]]:
    """Every element of a WSDL but its words, with its attributes and its place."""
    for found in wsdl.getroot().iter(etree.Element):
        if etree.QName(found).localname != "documentation":
            place = "/".join(
                f"{etree.QName(above).localname}[{above.get('name', '')}]" for above in found.iterancestors()
            )
            yield (place, str(found.tag), *sorted(f"{name}={value}" for name, value in found.attrib.items()))


CHANGES = {
    "a field goes": ('<xs:element name="note" type="tns:Note" minOccurs="0">', None, "members"),
    "a field changes its type": ('name="summary" type="tns:Title"', 'name="summary" type="tns:Name"', "type or number"),
    "a field becomes required": (
        'name="note" type="tns:Note" minOccurs="0"', 'name="note" type="tns:Note"', "type or number"
    ),
    "fewer are allowed": ('maxOccurs="200"', 'maxOccurs="199"', "type or number"),
    "a bound is narrowed": ('<xs:maxLength value="1000"/>', '<xs:maxLength value="999"/>', "maxLength"),
    "a choice goes": ('      <xs:enumeration value="postal"/>\n', "", "choices"),
    "a choice comes to what is written": (
        '<xs:enumeration value="unavailable"/>', '<xs:enumeration value="unavailable"/><xs:enumeration value="x"/>',
        "choices",
    ),
    "a pattern changes": (r"[0-9]\.[0-9]{6}", r"[0-9]\.[0-9]{7}", "another form"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_break_is_noticed(name: str, tmp_path: Path) -> None:
    """The judge itself: each kind of break is named."""
    before, after, expected = CHANGES[name]
    text = (FOLDER / "hub.xsd").read_text(encoding="utf-8")
    assert before in text
    after = before.replace('name="note"', 'name="notes"') if after is None else after
    (tmp_path / "hub.xsd").write_text(text.replace(before, after, 1), encoding="utf-8")
    shutil.copy(FOLDER / "problem.xsd", tmp_path)

    assert any(expected in said for said in breaks(document(FOLDER), document(tmp_path)))


def test_a_new_optional_field_is_no_break(tmp_path: Path) -> None:
    """At the end of an object, where it may be left out."""
    text = (FOLDER / "hub.xsd").read_text(encoding="utf-8")
    head, found, tail = text.partition('<xs:complexType name="Receipt">')
    tail = tail.replace("</xs:sequence>", '<xs:element name="x" type="xs:string" minOccurs="0"/></xs:sequence>', 1)
    (tmp_path / "hub.xsd").write_text(head + found + tail, encoding="utf-8")
    shutil.copy(FOLDER / "problem.xsd", tmp_path)

    assert [] == list(breaks(document(FOLDER), document(tmp_path)))


def write() -> None:
    """Take the contract as it is for the golden one."""
    for name in NAMES:
        shutil.copy(ROOT / name, FOLDER / name)


if __name__ == "__main__":
    write()
