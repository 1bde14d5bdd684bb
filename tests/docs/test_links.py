"""Every link between the documents leads somewhere, and every file of the project that they name is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
DOCUMENTS = [
    *sorted(CHECKOUT.glob("*.md")), *sorted((CHECKOUT / "docs").rglob("*.md")),
    *sorted((CHECKOUT / "examples").rglob("*.md")),
]  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)")
# a path below a directory of the project, as it stands in code
NAMED = re.compile(r"`((?:tests|pyfilter|docs|examples|rules)/[\w./-]*)`")


def headings(path: Path) -> set[str]:
    """The names of a document's headings in links, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def test_there_are_documents() -> None:
    assert {path.name for path in DOCUMENTS} >= {"README.md", "CHANGELOG.md", "VIOLATIONS.md", "language.md"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(CHECKOUT)) for path in DOCUMENTS])
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text("utf-8")):
        if "://" in link:
            continue
        file, _, heading = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), f"{link}: there is no such file"
        assert not heading or heading in headings(target), f"{link}: there is no such heading"


@pytest.mark.parametrize("path", DOCUMENTS, ids=[str(path.relative_to(CHECKOUT)) for path in DOCUMENTS])
def test_every_file_that_is_named_is_there(path: Path) -> None:
    missing = [name for name in NAMED.findall(path.read_text("utf-8")) if not (CHECKOUT / name).exists()]
    assert missing == []


def test_every_document_can_be_reached_from_readme() -> None:
    reached, new = set[Path](), {CHECKOUT / "README.md"}
    while new:
        path = new.pop()
        reached.add(path)
        links = [link.partition("#")[0] for link in LINK.findall(path.read_text("utf-8")) if "://" not in link]
        targets = {(path.parent / link).resolve() for link in links if link}
        readmes = {target / "README.md" for target in targets if (target / "README.md").exists()}
        new |= {target for target in targets | readmes if target.suffix == ".md"} - reached
    assert sorted(set(DOCUMENTS) - reached) == []
