"""What we know in the shapes of the Language Server Protocol (3.17): diagnostics, offers, outlines, edits."""

from __future__ import annotations

from lsprotocol import types

from pyfilter.editor.offer import Offer
from pyfilter.editor.outline import Entry
from pyfilter.editor.positions import Positions
from pyfilter.editor.reading import Reading
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.excerpt import harmless

__all__ = ["Sheet", "completion", "difference", "symbol"]

_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}

_OFFERS = {
    "field": types.CompletionItemKind.Field,
    "relation": types.CompletionItemKind.Operator,
    "action": types.CompletionItemKind.Function,
    "statement": types.CompletionItemKind.Keyword,
    "word": types.CompletionItemKind.Keyword,
    "unit": types.CompletionItemKind.Unit,
    "setting": types.CompletionItemKind.Property,
    "value": types.CompletionItemKind.EnumMember,
    "flag": types.CompletionItemKind.EnumMember,
    "header": types.CompletionItemKind.Constant,
    "folder": types.CompletionItemKind.Folder,
    "list": types.CompletionItemKind.Variable,
    "text": types.CompletionItemKind.Variable,
    "condition": types.CompletionItemKind.Variable,
    "capture": types.CompletionItemKind.Variable,
    "rule": types.CompletionItemKind.Reference,
    "file": types.CompletionItemKind.File,
}

_SYMBOLS = {
    "rule": types.SymbolKind.Class,
    "list": types.SymbolKind.Array,
    "text": types.SymbolKind.String,
    "condition": types.SymbolKind.Boolean,
    "action": types.SymbolKind.Function,
    "setting": types.SymbolKind.Property,
    "include": types.SymbolKind.Module,
    "test": types.SymbolKind.Event,
}


class Sheet:
    """A reading with its address and its places as the editor counts them."""

    def __init__(self, uri: str, reading: Reading, units: str) -> None:
        self.uri = uri
        self.reading = reading
        self.positions = Positions(reading.text, units)

    def range(self, start: int, end: int) -> types.Range:
        return types.Range(types.Position(*self.positions.place(start)), types.Position(*self.positions.place(end)))

    def offset(self, position: types.Position) -> int:
        return self.positions.offset(position.line, position.character)


def diagnostic(found: Diagnostic, sheet: Sheet, sheets: list[Sheet]) -> types.Diagnostic:
    related = [
        types.DiagnosticRelatedInformation(
            types.Location(other.uri, other.range(*other.reading.place(note.span))), harmless(note.text)
        )
        for note in found.notes
        for other in sheets
        if other.reading.holds(note.span)
    ]
    return types.Diagnostic(
        range=sheet.range(*sheet.reading.place(found.span)),
        severity=_SEVERITIES[found.severity],
        code=found.code,
        source="pyfilter",
        message=message(found),
        related_information=related,
    )


def message(found: Diagnostic) -> str:
    """What is wrong, why, and the remedy; the carets' label stands on the first line, where there are none."""
    first = f"{found.message}: {found.label}" if found.label else found.message
    help = f"help: {found.help}" if found.help else ""
    return "\n".join(harmless(line) for line in (first, *help.split("\n")) if line)


def completion(offer: Offer, number: int, range: types.Range) -> types.CompletionItem:
    return types.CompletionItem(
        label=offer.label,
        kind=_OFFERS[offer.kind],
        detail=offer.detail or None,
        documentation=types.MarkupContent(types.MarkupKind.Markdown, offer.doc) if offer.doc else None,
        sort_text=f"{number:05}",
        filter_text=offer.label,
        text_edit=types.TextEdit(range, offer.written or offer.label),
    )


def symbol(entry: Entry, sheet: Sheet) -> types.DocumentSymbol:
    place = sheet.reading.place
    return types.DocumentSymbol(
        name=harmless(entry.name) or '""',  # an empty name is against the protocol
        kind=_SYMBOLS[entry.kind],
        range=sheet.range(*place(entry.span)),
        selection_range=sheet.range(*place(entry.head)),
        detail=harmless(entry.detail),
        children=[symbol(inner, sheet) for inner in entry.inside],
    )


def difference(sheet: Sheet, written: str) -> list[types.TextEdit]:
    """From the text to ``written``: the lines between the first and the last that differ, so that the
    pointer keeps its place in the others."""
    before, after = sheet.reading.text, written
    if before == after:
        return []
    start = 0
    while (end := before.find("\n", start) + 1) and before[start:end] == after[start:end]:
        start = end
    old, new = before[start:].split("\n"), after[start:].split("\n")
    same = 0
    while same < min(len(old), len(new)) - 1 and old[-1 - same] == new[-1 - same]:
        same += 1
    # the line break before the lines that are the same stays
    gone = "\n".join(old[: len(old) - same])
    come = "\n".join(new[: len(new) - same])
    return [types.TextEdit(sheet.range(start, start + len(gone)), come)]
