"""The language server: what an editor asks of rule files, over standard input and output.

Speaks the Language Server Protocol 3.17 by pygls. Questions are answered in one thread, in turn, and rules
checked in another, so that typing waits for neither.

An editor is told of all that is wrong in a file when it is opened and whenever it, or a file
it shares a program with (documents.py), changes: when typing has rested for as long as the last check took,
at most LONGEST_REST: the first time of a long file takes longest.

Whole texts are sent at each change. Pieces of them would have to be put together by line, and
pygls counts more signs as line ends than the protocol does: one U+2028 in a rule, and all below
it would be off.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar
from urllib.parse import urlsplit

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from pyfilter import __version__
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

__all__ = ["Server", "serve"]

LONGEST_REST = 0.5  # seconds

FORMATTER = "pyfilter.language.format"

Answer = TypeVar("Answer")


class Server(LanguageServer):
    """``home``: of the user whose rules these are."""

    def __init__(self, home: str) -> None:
        super().__init__("pyfilter", __version__, types.TextDocumentSyncKind.Full)
        self.documents = Documents(home)
        self.answerer = ThreadPoolExecutor(max_workers=1)
        self.checker = ThreadPoolExecutor(max_workers=1)
        self._uris: dict[str, str] = {}
        self._sheets: dict[str, Sheet] = {}
        self._checked: dict[str, Checked] = {}
        self._resting: dict[str, asyncio.TimerHandle] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._rest = 0.0  # seconds

    # ------------------------------------------------------------------ files

    def path(self, uri: str) -> str:
        """Where a file lies; of one that is not saved yet its address."""
        path = (to_fs_path(uri) if urlsplit(uri).scheme == "file" else None) or uri
        self._uris[path] = uri
        return path

    def uri(self, path: str) -> str:
        return self._uris.get(path) or from_fs_path(path) or path

    def sheet(self, path: str) -> Sheet | None:
        reading = self.documents.reading(path)
        if reading is None:
            return None
        kept = self._sheets.get(path)
        if kept is None or kept.reading is not reading:
            units = str(getattr(self.workspace.position_encoding, "value", self.workspace.position_encoding))
            kept = self._sheets[path] = Sheet(self.uri(path), reading, units)
        return kept

    async def ask(self, question: Callable[..., Answer], *words: Any) -> Answer:
        """Answer in a thread of its own."""
        return await asyncio.get_running_loop().run_in_executor(self.answerer, question, *words)

    # ------------------------------------------------------------------ checks

    def changed(self, path: str, text: str) -> None:
        self.documents.open(path, text)
        self.check_soon(path)

    def check_soon(self, path: str) -> None:
        waiting = self._resting.pop(path, None)
        if waiting is not None:
            waiting.cancel()
        self._resting[path] = asyncio.get_running_loop().call_later(self._rest, self._check, path)

    def _check(self, path: str) -> None:
        self._resting.pop(path, None)
        task = asyncio.get_running_loop().create_task(self._report(path))
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)

    async def _report(self, path: str) -> None:
        """Check the program around a file, tell of the problems of each of its files that is open."""
        if path not in self.documents.opened:
            return
        checked, found = await asyncio.get_running_loop().run_in_executor(self.checker, self._problems, path)
        names_of_files = {reading.name for reading in checked.readings}
        for sheet, problems in found:
            name = sheet.reading.name
            if self.documents.opened.get(name) != sheet.reading.text:
                continue  # it has changed meanwhile, and the next check is on its way
            before = self._checked.get(name)
            self._checked[name] = checked
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(sheet.uri, problems))
            # files that are not of its program any more
            for other in before.readings if before else ():
                if other.name not in names_of_files and other.name in self.documents.opened:
                    self.check_soon(other.name)

    def _problems(self, path: str) -> tuple[Checked, list[tuple[Sheet, list[types.Diagnostic]]]]:
        begun = time.monotonic()
        checked = self.documents.checked(path)
        self._rest = min(time.monotonic() - begun, LONGEST_REST)
        sheets = [sheet for reading in checked.readings if (sheet := self.sheet(reading.name))]
        return checked, [
            (sheet, [diagnostic(one, sheet, sheets) for one in checked.diagnostics if sheet.reading.holds(one.span)])
            for sheet in sheets
            if sheet.reading.name in self.documents.opened
        ]

    def closed(self, path: str) -> None:
        self.documents.close(path)
        self._checked.pop(path, None)
        self._sheets.pop(path, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.uri(path), []))

    # ----------------------------------------------------------------- answers

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


def server(home: str) -> Server:
    """A server with its answers in place; the words of the protocol stand on the left, ours on the right."""
    made = Server(home)

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        ls.changed(ls.path(params.text_document.uri), params.text_document.text)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        if params.content_changes:
            ls.changed(ls.path(params.text_document.uri), params.content_changes[-1].text)

    @made.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(ls: Server, params: types.DidSaveTextDocumentParams) -> None:
        for path in list(ls.documents.opened):
            ls.check_soon(path)

    @made.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(ls: Server, params: types.DidChangeWatchedFilesParams) -> None:
        for path in list(ls.documents.opened):
            ls.check_soon(path)

    @made.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(ls: Server, params: types.DidCloseTextDocumentParams) -> None:
        ls.closed(ls.path(params.text_document.uri))

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
        return await ls.ask(ls.hover, ls.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=['"', "{", ".", " "]))
    async def complete(ls: Server, params: types.CompletionParams) -> types.CompletionList | None:
        return await ls.ask(ls.complete, ls.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(ls: Server, params: types.DefinitionParams) -> list[types.Location]:
        return await ls.ask(ls.definition, ls.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location]:
        with_definition = params.context.include_declaration
        return await ls.ask(ls.references, ls.path(params.text_document.uri), params.position, with_definition)

    @made.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        return await ls.ask(ls.symbols, ls.path(params.text_document.uri))

    @made.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
        return await ls.ask(ls.actions, ls.path(params.text_document.uri), params.range)

    if find_spec(FORMATTER) is not None:

        @made.feature(types.TEXT_DOCUMENT_FORMATTING)
        async def formatting(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
            return await ls.ask(ls.formatted, ls.path(params.text_document.uri))

    return made


def serve() -> None:
    """Serve one editor over standard input and output until it goes."""
    asked, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    sys.setswitchinterval(0.001)  # seconds; so an answer waits five times less for a check that goes on
    os.dup2(2, 1)  # whatever else would print must not get between the answers
    made = server(os.path.expanduser("~"))
    try:
        made.start_io(asked, answers)
    finally:
        for worker in (made.answerer, made.checker):
            worker.shutdown(wait=False, cancel_futures=True)
