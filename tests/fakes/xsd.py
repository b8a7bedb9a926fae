"""A schema document taken apart: what each type asks for, without the help of the code under test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[2] / "schemas" / "soap"
XS = "{http://www.w3.org/2001/XMLSchema}"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

Docs = dict[str | None, str]


@dataclass(frozen=True, slots=True)
class Member:
    """One element of a sequence. `most` is None where there is no bound."""

    name: str
    type: str
    least: int
    most: int | None
    docs: Docs


@dataclass(frozen=True, slots=True)
class Scalar:
    """A simple type: its base and its facets; enumerations and patterns may come several times."""

    base: str
    facets: Mapping[str, tuple[str, ...]]
    docs: Docs


@dataclass(slots=True)
class Document:
    """Everything that some files define. Elements are wrappers (their sequence) or have a named type."""

    wrappers: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    objects: dict[str, tuple[Member, ...]] = field(default_factory=dict)
    scalars: dict[str, Scalar] = field(default_factory=dict)
    docs: dict[str, Docs] = field(default_factory=dict)


def document(folder: Path = ROOT) -> Document:
    """Read `hub.xsd` and `problem.xsd` of a folder."""
    made = Document()
    for name in ("hub.xsd", "problem.xsd"):
        for child in etree.parse(folder / name).getroot():
            _take(made, child)
    return made


def compiled() -> etree.XMLSchema:
    """Return the schema, ready to judge."""
    return etree.XMLSchema(etree.parse(ROOT / "hub.xsd"))


def _take(made: Document, child: etree._Element) -> None:
    name = child.get("name", "")
    if name:
        made.docs[f"{etree.QName(child).localname} {name}"] = _docs(child)
    if child.tag == f"{XS}element" and child.get("type") is None:
        made.wrappers[name] = _members(child)
    elif child.tag == f"{XS}complexType":
        made.objects[name] = _members(child)
    elif child.tag == f"{XS}simpleType":
        made.scalars[name] = _scalar(child)


def _members(owner: etree._Element) -> tuple[Member, ...]:
    return tuple(
        Member(
            found.get("name", ""),
            found.get("type", "").removeprefix("tns:"),
            int(found.get("minOccurs", "1")),
            None if found.get("maxOccurs") == "unbounded" else int(found.get("maxOccurs", "1")),
            _docs(found),
        )
        for found in owner.iter(f"{XS}element")
        if found is not owner
    )


def _scalar(owner: etree._Element) -> Scalar:
    restriction = owner.find(f"{XS}restriction")
    assert restriction is not None
    facets: dict[str, tuple[str, ...]] = {}
    for facet in restriction:
        name = etree.QName(facet).localname
        facets[name] = (*facets.get(name, ()), facet.get("value", ""))
    return Scalar(restriction.get("base", ""), facets, _docs(owner))


def _docs(owner: etree._Element) -> Docs:
    return {found.get(XML_LANG): found.text or "" for found in owner.findall(f"{XS}annotation/{XS}documentation")}
