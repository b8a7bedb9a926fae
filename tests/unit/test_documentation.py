"""The documents say what is there: links, commands, targets, paths, functions and bodies."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

import ops.demo
import ops.sandbox.__main__
from hub.cli.commands import app
from hub.clock import SystemClock
from hub.pipeline.catalogue import Agency, Catalogue
from hub.pipeline.validate import check_query, check_submission
from hub.settings import load
from hub.settings.founding import found
from ops.sandbox.fault import Fault
from schemas.citizen import CitizenQuery
from schemas.dossier import DossierCode, DossierSubmission

ROOT = Path(__file__).parents[2]
SKIPPED = {"__pycache__", "build", "dist", "demo-home"}
REGISTRIES = ("pypi org", "pythonhosted org", "npmjs org", "npmjs com", "maven org", "crates io", "rubygems org",
              "anaconda org", "docker io", "golang org")  # fmt: skip
"""Hosts of package registries, a blank in place of the dot."""

_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HUB = re.compile(r"(?:(?<![\w/.-])|(?<=/bin/))hub ((?:(?:key|dead|orders) )?[a-z][a-z-]*)((?: [^\s|;&<>()`]+)*)")
_MAKE = re.compile(r"(?:^|\s)make(?: [A-Z_]+=\S+)* ([a-z][a-z-]*)")
_PATH = re.compile(r"`((?:hub|adapters|ops|schemas|tests|docs)/[\w./]*)`")
_PLACE = re.compile(r"`((?:hub|adapters|ops|schemas|tests)/[\w/]+\.py)`\s+`([A-Za-z_][\w.]*)`")
_CURL = re.compile(r"^curl -s (http\S+)(?:[^\n]*\\\n)*[^\n]*? -d '(.*?)'", re.MULTILINE | re.DOTALL)


def _files() -> Iterator[Path]:
    """Every file of the project, leaving out what is made from it."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED and (not name.startswith(".") or name == ".ci")]
        yield from (Path(folder) / name for name in names)


DOCUMENTS = sorted(file for file in _files() if file.suffix == ".md")
IDS = [str(file.relative_to(ROOT)) for file in DOCUMENTS]
each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=IDS)


def _code(text: str) -> Iterator[str]:
    """The lines of code blocks, and the code inside prose."""
    for block in _BLOCK.finditer(text):
        yield from block[2].replace("\\\n", " ").splitlines()
    yield from (span[1] for span in _SPAN.finditer(_BLOCK.sub("", text)))


def test_there_are_documents() -> None:
    """The search finds them."""
    assert {"README.md", "CONTRIBUTING.md", "docs/howto/install.md", "ops/sandbox/README.md"} <= set(IDS)


@each_document
def test_links_lead_somewhere(document: Path) -> None:
    """Every link inside the project names a file that is there."""
    links = [link for link in _LINK.findall(document.read_text(encoding="utf-8")) if "://" not in link]
    assert [] == [link for link in links if not (document.parent / link.partition("#")[0]).exists()]


@each_document
def test_paths_and_functions_are_there(document: Path) -> None:
    """Every file that is named exists, and so does the class or function named beside it."""
    text = document.read_text(encoding="utf-8")
    assert [] == [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    assert [] == [f"{path} {name}" for path, name in _PLACE.findall(text) if not _defines(ROOT / path, name)]


def _defines(file: Path, name: str) -> bool:
    body = ast.parse(file.read_text(encoding="utf-8")).body
    for part in name.split("."):
        found = [node for node in body if getattr(node, "name", None) == part]
        if not found:
            return False
        body = getattr(found[0], "body", [])
    return True


@each_document
def test_commands_exist_with_their_options(document: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command of `hub` that is shown exists, and takes the options shown."""
    wrong = []
    for line in _code(document.read_text(encoding="utf-8")):
        for name, rest in _HUB.findall(line):
            options = {word.partition("=")[0].strip("[]") for word in rest.split() if word.lstrip("[").startswith("-")}
            if not options <= _options(name, capsys):
                wrong.append(f"hub {name}{rest}")
    assert [] == wrong


def _options(name: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """What a command takes."""
    forwarded = {"sandbox": ops.sandbox.__main__.main, "demo": ops.demo.main}
    if name in forwarded:
        with pytest.raises(SystemExit):
            forwarded[name](["--help"])
        return set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    command: Any = typer.main.get_command(app)
    for word in name.split():
        command = getattr(command, "commands", {}).get(word)
        assert command is not None, f"there is no command hub {name}"
    return {option for each in command.params for option in (*each.opts, *each.secondary_opts)} | {"--help"}


@each_document
def test_targets_exist(document: Path) -> None:
    """Every target of make that is named is one."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = [name for line in _code(document.read_text(encoding="utf-8")) for name in _MAKE.findall(line)]
    assert [] == [name for name in named if name not in targets]


def _bodies(path: str) -> list[str]:
    """The bodies that the documents post to addresses ending so."""
    posts = [found for file in DOCUMENTS for found in _CURL.findall(file.read_text(encoding="utf-8"))]
    return [body for address, body in posts if address.endswith(path)]


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    """What `hub init` puts into an installation."""
    found(tmp_path / "hub", [ROOT / "ops" / "config"])
    made = load(tmp_path / "hub", environ={})
    return Catalogue((Agency(agency.code, agency.name) for agency in made.agencies), made.procedures)


def test_bodies_of_dossiers_are_accepted(catalogue: Catalogue) -> None:
    """Each dossier that a document submits keeps the contract, under the catalogue of `hub init`."""
    bodies = [DossierSubmission.model_validate_json(body) for body in _bodies("/v1/dossiers")]
    now = SystemClock().now()
    assert len(bodies) >= 1
    assert [[]] * len(bodies) == [
        check_submission(body, DossierCode.parse(body.code), catalogue, now) for body in bodies
    ]


def test_bodies_of_lookups_are_accepted(catalogue: Catalogue) -> None:
    """Each lookup that a document makes keeps the contract, under the catalogue of `hub init`."""
    bodies = [CitizenQuery.model_validate_json(body) for body in _bodies("/v1/citizens/lookup")]
    now = SystemClock().now()
    assert len(bodies) >= 1
    assert [[]] * len(bodies) == [
        check_query(body, DossierCode.parse(body.dossier_code), catalogue, now) for body in bodies
    ]


def test_faults_are_known_to_the_sandbox() -> None:
    """Each fault that a document puts in force is one."""
    assert ["down", "drop_reply", "status"] == [Fault.model_validate_json(body).kind for body in _bodies("/faults")]


def test_no_registry_is_named() -> None:
    """No file of the project names the host of a package registry: where packages come from is for its user to say."""
    hosts = re.compile("|".join(re.escape(".".join(host.split())) for host in REGISTRIES).encode())
    assert [] == [str(file.relative_to(ROOT)) for file in _files() if hosts.search(file.read_bytes())]
