"""``pyfilter language-server``: what an editor starts to be told about rule files (docs/editors.md).

Speaks the Language Server Protocol over standard input and output, and ends when the editor does.
What goes wrong inside goes to standard error, which editors keep in a log.

Ends with 0; with 2 where pygls, the library that speaks the protocol, is not installed.
"""

from __future__ import annotations

import sys

import click

from pyfilter.cli.status import DONE, FAILED
from pyfilter.cli.terminal import complain

HELP = """Tell an editor about rule files as they are written.

An editor starts this and speaks the Language Server Protocol with it: problems where they
stand, what a word means, words that fit, definitions, an outline. docs/editors.md says how to set it up
for VS Code, Neovim, Vim, Emacs, Kate and others.

\b
Examples:
  pyfilter language-server         what an editor runs
  pip install 'pyfilter-mail[editor]'

Ends with 0; with 2 if pygls, which it needs, is not installed.
"""

MISSING = (
    "pyfilter language-server: pygls is not installed here, which speaks with editors: "
    "pip install 'pyfilter-mail[editor]'"
)


@click.command(name="language-server", help=HELP, short_help="Tell an editor about rule files.")
@click.option("--stdio", is_flag=True, hidden=True, help="What it does anyway: some editors say so.")
def command(stdio: bool) -> int:
    try:
        from pyfilter.editor.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol", "cattrs", "attrs"):
            raise
        complain(MISSING)
        return FAILED
    if sys.stdin.isatty():
        complain("pyfilter language-server: waiting for an editor on standard input; Ctrl-C ends it")
    serve()
    return DONE
