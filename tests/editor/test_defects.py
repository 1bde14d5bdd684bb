"""A defect of ours costs one answer; the server and the editor go on."""

from __future__ import annotations

import asyncio

import pytest


def test_a_question_that_fails_has_no_answer_and_stands_in_the_log() -> None:
    pytest.importorskip("pygls", reason="pygls is not installed: pip install 'pyfilter-mail[editor]'")
    from pyfilter.editor.server import Server

    made = Server("/nowhere")
    logged: list[str] = []
    made.window_log_message = lambda params: logged.append(params.message)  # type: ignore[method-assign]

    def fails() -> None:
        raise KeyError("x")

    assert asyncio.run(made.ask(fails)) is None
    assert asyncio.run(made.ask(lambda: 5)) == 5
    assert logged[0].startswith("this is a defect of pyfilter: KeyError: 'x'\nTraceback")
