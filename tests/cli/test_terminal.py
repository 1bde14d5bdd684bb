"""What comes from a stranger is shown by a terminal, never obeyed."""

import contextlib
import io
import os
import pty

import pytest

from pyfilter.cli.terminal import Waiting, has_colour, paint, visible, visible_lines, width


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain words", "plain words"),
        ("Grüße, 日本", "Grüße, 日本"),
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\nb\rc\0d", "a␊b␍c␀d"),
        ("a\x9b2Jb\x7f", "a<9B>2Jb<7F>"),
        ("\u202egnp.exe", "<U+202E>gnp.exe"),
        ("a\u2028b\u2066c", "a<U+2028>b<U+2066>c"),
        ("\udcff.eml", "<U+DCFF>.eml"),
    ],
)
def test_controls_are_written_out(hostile: str, shown: str) -> None:
    assert visible(hostile) == shown


def test_every_character_below_the_first_plane_is_safe() -> None:
    text = visible("".join(map(chr, range(0x10000))))
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
    assert not set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029") & set(text)
    text.encode()  # no half of a surrogate pair is left


def test_lines_stay_lines() -> None:
    assert visible_lines("one\n\x1btwo\n") == "one\n␛two\n"


def test_columns_count_what_a_terminal_shows() -> None:
    assert [width(text) for text in ("abc", "日本", "e\u0301", "ü")] == [3, 4, 1, 1]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "colour"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
        ({}, False),
    ],
)
def test_colour_goes_to_a_terminal_that_wants_it(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], colour: bool
) -> None:
    for name in ("TERM", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert has_colour(Terminal()) is colour
    assert paint("x", "bold", Terminal()) == ("\x1b[1mx\x1b[0m" if colour else "x")
    assert not has_colour(io.StringIO())
    assert not has_colour(None)


def test_a_pipe_sees_no_progress(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with Waiting(lambda: 100, after=0) as progress:
        progress.advance(50)
    assert capsys.readouterr() == ("", "")


def everything(controller: int) -> str:
    """What was written to a terminal that is closed now."""
    shown = b""
    with contextlib.suppress(OSError):  # EIO: the other side is closed
        while chunk := os.read(controller, 65536):
            shown += chunk
    os.close(controller)
    return shown.decode()


@pytest.mark.parametrize("total", [100, None])
def test_a_terminal_sees_progress_on_standard_error(monkeypatch: pytest.MonkeyPatch, total: int | None) -> None:
    controller, terminal = pty.openpty()
    monkeypatch.setenv("TERM", "xterm")
    with os.fdopen(terminal, "w") as stderr:
        monkeypatch.setattr("sys.stderr", stderr)
        with Waiting(lambda: total, after=0) as progress:
            progress.advance(50)
            progress.advance(25)
    shown = everything(controller)
    assert "reading" in shown
    assert ("75/100 bytes" in shown) == (total is not None)


def test_what_is_quick_shows_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with Waiting(lambda: 100) as progress:
        progress.advance(50)
    assert terminal.getvalue() == ""
