"""What an editor asks of a file, answered in the shapes of the protocol.

In: a path and a place. Out: Hover, CompletionList, Location … of the file as it stands in the editor now. A file that
cannot be read has no answers. Positions come and go in the editor's units.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from lsprotocol import types

from pyfilter.editor import names
from pyfilter.editor.completion import begins, offers
from pyfilter.editor.documents import Checked, Documents
from pyfilter.editor.hover import explained, told
from pyfilter.editor.nodes import chain
from pyfilter.editor.outline import outline
from pyfilter.editor.remedies import remedy
from pyfilter.editor.shapes import Sheet, completion, diagnostic, difference, symbol
from pyfilter.editor.standing import standing
from pyfilter.language.tree import Include, Source

__all__ = ["FORMATTER", "Answers"]

FORMATTER = "pyfilter.language.format"


class Answers:
    """``units``: in which the editor counts columns; it says so when it starts."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.units = "utf-16"
        self._uris: dict[str, str] = {}
        self._sheets: dict[str, Sheet] = {}

    # ------------------------------------------------------------------ files

    def path(self, uri: str) -> str:
        """Where a file lies; of one that is not saved yet its address."""
        parts = urlsplit(uri)
        path = unquote(parts.path, errors="surrogateescape") if parts.scheme == "file" else uri
        self._uris[path] = uri
        return path

    def uri(self, path: str) -> str:
        """The address of a file, as the editor wrote it if it did."""
        return self._uris.get(path) or f"file://{quote(path, errors='surrogateescape')}"

    def sheet(self, path: str) -> Sheet | None:
        reading = self.documents.reading(path)
        if reading is None:
            return None
        kept = self._sheets.get(path)
        if kept is None or kept.reading is not reading:
            kept = self._sheets[path] = Sheet(self.uri(path), reading, self.units)
        return kept

    def forget(self, path: str) -> None:
        self._sheets.pop(path, None)

    # ----------------------------------------------------------------- answers

    def problems(self, path: str) -> tuple[Checked, list[tuple[Sheet, list[types.Diagnostic]]]]:
        """Of each open file of the program around ``path``."""
        checked = self.documents.checked(path)
        sheets = [sheet for reading in checked.readings if (sheet := self.sheet(reading.name))]
        return checked, [
            (sheet, [diagnostic(one, sheet, sheets) for one in checked.diagnostics if sheet.reading.holds(one.span)])
            for sheet in sheets
            if sheet.reading.name in self.documents.opened
        ]

    def hover(self, path: str, position: types.Position) -> types.Hover | None:
        sheet = self.sheet(path)
        if sheet is None:
            return None
        offset = sheet.offset(position)
        checked = self.documents.judged(path)
        here = []
        for found in checked.diagnostics:
            if sheet.reading.holds(found.span):
                start, end = sheet.reading.place(found.span)
                here += [found] if start <= offset <= end else []
        pieces = [told(sheet.reading, offset, list(checked.readings)), explained(here)]
        text = "\n\n---\n\n".join(piece for piece in pieces if piece)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    def complete(self, path: str, position: types.Position) -> types.CompletionList | None:
        sheet = self.sheet(path)
        if sheet is None:
            return None
        offset = sheet.offset(position)
        here = standing(sheet.reading.text, offset)
        found = offers(here, sheet.reading, self.documents.program(path), self.documents.home)
        place = sheet.range(begins(here), offset)
        return types.CompletionList(False, [completion(offer, number, place) for number, offer in enumerate(found)])

    def definition(self, path: str, position: types.Position) -> list[types.Location]:
        return self._include(path, position) or self._named(path, position, lambda one: one.defines)

    def references(self, path: str, position: types.Position, with_definition: bool) -> list[types.Location]:
        return self._named(path, position, lambda one: with_definition or not one.defines)

    def _named(
        self, path: str, position: types.Position, wanted: Callable[[names.Occurrence], bool]
    ) -> list[types.Location]:
        sheet = self.sheet(path)
        if sheet is None:
            return []
        offset = sheet.offset(position)
        program = self.documents.program(path)
        found = names.occurrences(program)
        here = next((one for one in found if self._stands(sheet, one, offset)), None)
        if here is None:
            return []
        sheets = [other for reading in program if (other := self.sheet(reading.name))]
        return [
            types.Location(other.uri, other.range(*other.reading.place(one.span)))
            for one in found
            if one.key == here.key and wanted(one)
            for other in sheets
            if other.reading.holds(one.span)
        ]

    @staticmethod
    def _stands(sheet: Sheet, one: names.Occurrence, offset: int) -> bool:
        if not sheet.reading.holds(one.span):
            return False
        start, end = sheet.reading.place(one.span)
        return start <= offset <= end

    def _include(self, path: str, position: types.Position) -> list[types.Location]:
        """The files that an `include` names, each at its beginning."""
        sheet = self.sheet(path)
        if sheet is None:
            return []
        offset = sheet.offset(position)
        beginning = types.Range(types.Position(0, 0), types.Position(0, 0))
        for node in chain(sheet.reading, offset):
            if isinstance(node, Include):
                return [types.Location(self.uri(target), beginning) for target in self.documents.leads(path, node)]
        return []

    def symbols(self, path: str) -> list[types.DocumentSymbol]:
        sheet = self.sheet(path)
        return [] if sheet is None else [symbol(entry, sheet) for entry in outline(sheet.reading)]

    def actions(self, path: str, range: types.Range) -> list[types.CodeAction]:
        """The remedies of what is wrong there."""
        sheet = self.sheet(path)
        if sheet is None:
            return []
        first, last = sheet.offset(range.start), sheet.offset(range.end)
        checked = self.documents.judged(path)
        made = []
        for found in checked.diagnostics:
            if not sheet.reading.holds(found.span):
                continue
            start, end = sheet.reading.place(found.span)
            if end < first or last < start:
                continue
            change = remedy(found, sheet.reading, list(checked.diagnostics), lambda text: self._supposed(path, text))
            if change is not None:
                edit = types.TextEdit(sheet.range(change.start, change.end), change.written)
                made.append(
                    types.CodeAction(
                        title=f"write `{change.written}`",
                        kind=types.CodeActionKind.QuickFix,
                        diagnostics=[diagnostic(found, sheet, [sheet])],
                        edit=types.WorkspaceEdit(changes={sheet.uri: [edit]}),
                        is_preferred=found.severity == "error",
                    )
                )
        return made

    def _supposed(self, path: str, text: str) -> list[Any]:
        return list(self.documents.supposing(path, text).checked(path).diagnostics)

    def formatted(self, path: str) -> list[types.TextEdit] | None:
        """None where the file has errors, which stand in the editor already."""
        sheet = self.sheet(path)
        if sheet is None:
            return None
        written, _ = import_module(FORMATTER).formatted(Source(path, sheet.reading.text))
        return None if written is None else difference(sheet, written)
