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
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from pyfilter import __version__
from pyfilter.editor.answers import FORMATTER, Answers
from pyfilter.editor.documents import Checked, Documents
from pyfilter.editor.shapes import Sheet

__all__ = ["Server", "serve"]

LONGEST_REST = 0.5  # seconds

Answer = TypeVar("Answer")


class Server(LanguageServer):
    """``home``: of the user whose rules these are."""

    def __init__(self, home: str) -> None:
        super().__init__("pyfilter", __version__, types.TextDocumentSyncKind.Full)
        self.documents = Documents(home)
        self.answers = Answers(self.documents)
        self.answerer = ThreadPoolExecutor(max_workers=1)
        self.checker = ThreadPoolExecutor(max_workers=1)
        self._checked: dict[str, Checked] = {}
        self._resting: dict[str, asyncio.TimerHandle] = {}
        self._checks: set[asyncio.Task[None]] = set()
        self._rest = 0.0  # seconds

    async def ask(self, question: Callable[..., Answer], *words: Any) -> Answer | None:
        """Answer in a thread of its own."""
        return await self._done(self.answerer, question, *words)

    async def _done(self, worker: Executor, question: Callable[..., Answer], *words: Any) -> Answer | None:
        """No answer where we fail: that is told in the editor's log, which few read, and not across the text."""
        try:
            return await asyncio.get_running_loop().run_in_executor(worker, question, *words)
        except Exception as error:
            text = f"this is a defect of pyfilter: {type(error).__name__}: {error}\n{traceback.format_exc()}"
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, text))
            return None

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
        answer = await self._done(self.checker, self._problems, path)
        if answer is None:
            return
        checked, found = answer
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
        found = self.answers.problems(path)
        self._rest = min(time.monotonic() - begun, LONGEST_REST)
        return found

    def closed(self, path: str) -> None:
        self.documents.close(path)
        self._checked.pop(path, None)
        self.answers.forget(path)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.answers.uri(path), []))


def server(home: str) -> Server:
    """A server with its answers in place; the words of the protocol stand on the left, ours on the right."""
    made = Server(home)

    @made.feature(types.INITIALIZED)
    def initialized(ls: Server, params: types.InitializedParams) -> None:
        units = ls.workspace.position_encoding
        ls.answers.units = str(getattr(units, "value", units))

    @made.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(ls: Server, params: types.DidOpenTextDocumentParams) -> None:
        ls.changed(ls.answers.path(params.text_document.uri), params.text_document.text)

    @made.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(ls: Server, params: types.DidChangeTextDocumentParams) -> None:
        if params.content_changes:
            ls.changed(ls.answers.path(params.text_document.uri), params.content_changes[-1].text)

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
        ls.closed(ls.answers.path(params.text_document.uri))

    @made.feature(types.TEXT_DOCUMENT_HOVER)
    async def hover(ls: Server, params: types.HoverParams) -> types.Hover | None:
        return await ls.ask(ls.answers.hover, ls.answers.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=['"', "{", ".", " "]))
    async def complete(ls: Server, params: types.CompletionParams) -> types.CompletionList | None:
        return await ls.ask(ls.answers.complete, ls.answers.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_DEFINITION)
    async def definition(ls: Server, params: types.DefinitionParams) -> list[types.Location] | None:
        return await ls.ask(ls.answers.definition, ls.answers.path(params.text_document.uri), params.position)

    @made.feature(types.TEXT_DOCUMENT_REFERENCES)
    async def references(ls: Server, params: types.ReferenceParams) -> list[types.Location] | None:
        with_definition = params.context.include_declaration
        return await ls.ask(
            ls.answers.references, ls.answers.path(params.text_document.uri), params.position, with_definition
        )

    @made.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    async def symbols(ls: Server, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return await ls.ask(ls.answers.symbols, ls.answers.path(params.text_document.uri))

    @made.feature(
        types.TEXT_DOCUMENT_CODE_ACTION, types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
    )
    async def actions(ls: Server, params: types.CodeActionParams) -> list[types.CodeAction] | None:
        return await ls.ask(ls.answers.actions, ls.answers.path(params.text_document.uri), params.range)

    if find_spec(FORMATTER) is not None:

        @made.feature(types.TEXT_DOCUMENT_FORMATTING)
        async def formatting(ls: Server, params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
            return await ls.ask(ls.answers.formatted, ls.answers.path(params.text_document.uri))

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
