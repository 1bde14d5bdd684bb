"""``pyfilter format [FILE…]``: rules as everybody would write them.

A file is replaced in one step, with its mode and owner, and only where something changes; of a symbolic link the
file it leads to. ``-`` is standard input, written to standard output. What the style is: language/format.py.

Ends with 0; with ``--check`` or ``--diff``, which change nothing, with 1 if something would change; with 2 if a file
cannot be read or written, does not parse (its errors are shown), or would not mean the same: then it is left alone.
"""

from __future__ import annotations

import contextlib
import difflib
import gc
import os
import stat
import sys
import tempfile
from collections.abc import Iterator

import click

from pyfilter.cli.status import AMISS, DONE, FAILED
from pyfilter.cli.terminal import complain, has_colour, paint, visible

HELP = """Write rules as everybody would write them.

FILE is ~/.pyfilterrc if none is named, else ~/.config/pyfilter/rules; - is standard input, written to
standard output. Blanks and line breaks change, never what the rules mean; comments stay.

\b
Examples:
  pyfilter format
  pyfilter format --diff               what would change?
  pyfilter format --check *.rules      are they formatted?
  pyfilter format - <new.rules

Ends with 0; with 1 if --check or --diff find something to change; with 2 if a file cannot be read or
written, or has errors: then it is left alone.
"""

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


@click.command(name="format", help=HELP, short_help="Write rules as everybody would write them.")
@click.argument("paths", metavar="[FILE]...", nargs=-1)
@click.option("--check", is_flag=True, help="Change nothing; name the files that would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(paths: tuple[str, ...], check: bool, diff: bool) -> int:
    with _uncollected():
        return max([_format(path, check, diff) for path in paths or (_own(),)])


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """The trees of a large file are no garbage: to look through them again and again takes as long as to make them."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _own() -> str:
    """The user's rule file, as a delivery finds it."""
    from pyfilter.language.files import USER

    places = [os.path.join(os.path.expanduser("~"), name) for name in USER]
    return next((path for path in places if os.path.lexists(path)), places[0])


def _format(path: str, check: bool, diff: bool) -> int:
    from pyfilter.language.decoding import decoded
    from pyfilter.language.diagnostics import render, summary
    from pyfilter.language.format import formatted

    piped = path == "-"
    try:
        data = sys.stdin.buffer.read() if piped else _read(path)
    except OSError as error:
        return _refused(path, error)
    source, problems = decoded("standard input" if piped else path, data)
    written, problems = (None, problems) if problems else formatted(source)
    if written is None and not problems:
        complain(f"pyfilter: {visible(source.name)}: formatted it would not mean the same, so it is left as it is;")
        complain("          this is an error of pyfilter's own: please report it, with the file")
        return FAILED
    if written is None:
        for problem in problems:
            complain(render(problem, has_colour(sys.stderr)) + "\n")
        complain(f"{summary(problems)}: {visible(source.name)} is left as it is")
        return FAILED
    crlf = data.partition(b"\n")[0].endswith(b"\r")
    new = (written.replace("\n", "\r\n") if crlf else written).encode()
    if check or diff:
        if new == data:
            return DONE
        if check:
            print(f"{visible(source.name)} is not formatted")
        if diff:
            _show(source.name, data.decode("utf-8"), new.decode())
        return AMISS
    if piped:
        sys.stdout.buffer.write(new)
        return DONE
    try:
        if new != data:
            _replace(os.path.realpath(path), new)
    except OSError as error:
        return _refused(path, error)
    return DONE


def _read(path: str) -> bytes:
    """A FIFO or a device would wait for ever, or never end."""
    if not stat.S_ISREG(os.stat(path).st_mode) and not os.path.isdir(path):
        raise OSError(0, "not a regular file")
    with open(path, "rb") as file:
        return file.read()


def _refused(path: str, error: OSError) -> int:
    complain(f"pyfilter: {visible(path)}: {visible(error.strerror or str(error))}")
    return FAILED


def _show(name: str, old: str, new: str) -> None:
    lines = difflib.unified_diff(old.split("\n"), new.split("\n"), name, f"{name} (formatted)", lineterm="")
    for line in lines:
        shown = visible(line)
        print(paint(shown, _COLOURS[line[0]]) if line[:1] in _COLOURS else shown)


def _replace(path: str, data: bytes) -> None:
    """All of the file at once: whoever reads it meanwhile sees the old or the new one."""
    found = os.stat(path)
    descriptor, beside = tempfile.mkstemp(prefix=".pyfilter-format-", dir=os.path.dirname(path))
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if (found.st_uid, found.st_gid) != (os.geteuid(), os.getegid()):
                os.fchown(file.fileno(), found.st_uid, found.st_gid)
            os.fchmod(file.fileno(), stat.S_IMODE(found.st_mode))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(beside)
        raise
