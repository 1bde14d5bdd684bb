"""An editor: the client of a language server that runs as a process, as editors start it."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyfilter

try:
    from lsprotocol import types
    from pygls.lsp.client import LanguageClient
    from pygls.uris import from_fs_path
except ModuleNotFoundError:  # the tests without a server do without
    types = None

WAIT = 60  # seconds, for a machine with much else to do


class Editor:
    """Opens files and asks about them. Lines and columns count from 0, columns in UTF-16 units."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.loop = asyncio.new_event_loop()
        self.client = LanguageClient("editor", "1")
        self.told: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()
        self.version = 0

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def told(found: types.PublishDiagnosticsParams) -> None:
            self.told.put_nowait(found)

    def start(self, encodings: list[str] | None = None) -> types.InitializeResult:
        checkout = str(Path(pyfilter.__file__).parents[1])
        env = {**os.environ, "HOME": str(self.home), "PYTHONPATH": checkout}
        self.run(self.client.start_io(sys.executable, "-m", "pyfilter", "language-server", env=env))
        general = types.GeneralClientCapabilities(position_encodings=encodings) if encodings else None
        abilities = types.ClientCapabilities(general=general)
        wanted = types.InitializeParams(abilities, process_id=os.getpid())
        result = self.run(self.client.initialize_async(wanted))
        self.client.initialized(types.InitializedParams())
        return result

    def run(self, waiting: Any) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(waiting, WAIT))

    def leave(self) -> int | None:
        """The server's exit status."""
        self.run(self.client.shutdown_async(None))
        self.client.exit(None)
        process = self.client._server
        assert process is not None
        status: int | None = self.run(process.wait())
        self.run(self.client.stop())
        return status

    # ------------------------------------------------------------------ files

    def path(self, name: str) -> Path:
        return self.home / name

    def uri(self, name: str) -> str:
        found = from_fs_path(str(self.path(name)))
        assert found
        return found

    def document(self, name: str) -> types.TextDocumentIdentifier:
        return types.TextDocumentIdentifier(self.uri(name))

    def open(self, name: str, text: str) -> list[types.Diagnostic]:
        """The problems that the server tells of it."""
        item = types.TextDocumentItem(self.uri(name), "pyfilter", 0, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return self.problems(name)

    def change(self, name: str, text: str) -> None:
        self.version += 1
        changed = types.VersionedTextDocumentIdentifier(uri=self.uri(name), version=self.version)
        whole = [types.TextDocumentContentChangeWholeDocument(text)]
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(changed, whole))

    def problems(self, name: str) -> list[types.Diagnostic]:
        """The next that is told of a file."""
        while (found := self.run(self.told.get())).uri != self.uri(name):
            pass
        return list(found.diagnostics)

    # -------------------------------------------------------------- questions

    def hover(self, name: str, line: int, column: int) -> str:
        found = self.run(
            self.client.text_document_hover_async(types.HoverParams(self.document(name), types.Position(line, column)))
        )
        return found.contents.value if found else ""

    def complete(self, name: str, line: int, column: int) -> list[types.CompletionItem]:
        place = types.CompletionParams(self.document(name), types.Position(line, column))
        return list(self.run(self.client.text_document_completion_async(place)).items)

    def definition(self, name: str, line: int, column: int) -> list[types.Location]:
        place = types.DefinitionParams(self.document(name), types.Position(line, column))
        return list(self.run(self.client.text_document_definition_async(place)))

    def references(self, name: str, line: int, column: int, definition: bool = True) -> list[types.Location]:
        place = types.ReferenceParams(
            types.ReferenceContext(definition), self.document(name), types.Position(line, column)
        )
        return list(self.run(self.client.text_document_references_async(place)))

    def symbols(self, name: str) -> list[types.DocumentSymbol]:
        wanted = types.DocumentSymbolParams(self.document(name))
        return list(self.run(self.client.text_document_document_symbol_async(wanted)))

    def actions(self, name: str, range: types.Range) -> list[types.CodeAction]:
        wanted = types.CodeActionParams(self.document(name), range, types.CodeActionContext([]))
        return list(self.run(self.client.text_document_code_action_async(wanted)))

    def format(self, name: str) -> list[types.TextEdit] | None:
        wanted = types.DocumentFormattingParams(self.document(name), types.FormattingOptions(4, True))
        found = self.run(self.client.text_document_formatting_async(wanted))
        return None if found is None else list(found)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Editor]:
    """An editor that has not started its server."""
    if types is None:
        pytest.skip("pygls is not installed: pip install 'pyfilter-mail[editor]'")
    tmp_path.chmod(0o700)
    made = Editor(tmp_path)
    yield made
    made.loop.close()


@pytest.fixture
def editor(closed: Editor) -> Iterator[Editor]:
    closed.start()
    yield closed
    assert closed.leave() == 0
