"""``pyfilter COMMAND``: finds the command, and ends as every command ends.

Problems are one line on standard error, with what to do; a traceback is shown to nobody who did
not ask for it with PYFILTER_TRACEBACK. A reader that goes away (``| head``) ends a command
quietly. ``pyfilter deliver`` has its own statuses and does not come here (``__main__``); its
row is for ``--help``.

A command is imported when it is asked for, so that each costs what it needs.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from difflib import get_close_matches

import click

from pyfilter.cli.status import AMISS, DONE, FAILED, INTERRUPTED
from pyfilter.cli.terminal import complain, visible

__all__ = ["main"]

# command -> the module that holds it as ``command``
COMMANDS = {
    "check": "pyfilter.cli.check",
    "deliver": "pyfilter.cli.deliver",
    "explain": "pyfilter.cli.explain",
    "format": "pyfilter.cli.format",
    "language-server": "pyfilter.cli.language_server",
    "learn": "pyfilter.cli.learn",
    "serve": "pyfilter.cli.serve",
    "test": "pyfilter.cli.test",
    "watch": "pyfilter.cli.watch",
}

# words that a later version will know; saying so is kinder than "no such command"
LATER_COMMANDS = frozenset({"apply", "doctor", "import", "log", "stats", "undo", "where"})
LATER_OPTIONS = frozenset({"--against", "--html", "--jobs", "--run-commands", "--verify"})

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

HELP = """Sort mail by readable rules.

\b
Rules stand in ~/.pyfilterrc:
  rule "cron jobs" {
      when header X-Cron-Env exists
      file into "Cron"
  }

\b
Examples:
  pyfilter check                         are my rules right?
  pyfilter explain E201                  what does this error mean?
  pyfilter test mail.eml                 what would happen to this message, and why?
  pyfilter test ~/Maildir                where would all this mail go?
  pyfilter learn spam ~/Maildir/.spam    teach spamd what is spam
  pyfilter deliver <mail.eml             file it (what the mail server runs)
"""


class Commands(click.Group):
    """The table above as click sees it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in LATER_COMMANDS:
            raise click.UsageError(f"`{cmd_name}` is not in this version", ctx)
        if cmd_name not in COMMANDS:
            meant = get_close_matches(cmd_name, COMMANDS, 1)
            raise click.UsageError(
                f"there is no command `{cmd_name}`" + (f": did you mean `{meant[0]}`?" if meant else ""), ctx
            )
        command: click.Command = importlib.import_module(COMMANDS[cmd_name]).command
        return command


def _version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or context.resilient_parsing:
        return
    from pyfilter import __version__

    print(f"pyfilter {__version__}")
    context.exit()


@click.command(cls=Commands, context_settings=CONTEXT, help=HELP, invoke_without_command=True, no_args_is_help=False)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
@click.pass_context
def commands(context: click.Context) -> int:
    if context.invoked_subcommand is None:
        complain(context.get_help())
    return FAILED  # replaced by the status of the command, if there is one


def main(arguments: Sequence[str]) -> int:
    """Run the command that the words after ``pyfilter`` name; the exit status."""
    try:
        _speak_safely()
        if list(arguments[:1]) == ["help"]:
            arguments = [*arguments[1:2], "--help"]
        status = commands.main(args=arguments, prog_name="pyfilter", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
        return status if isinstance(status, int) else DONE
    except click.ClickException as error:
        return _usage(error, arguments)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return _silenced()
    except OSError as error:
        return _refused(error)
    except Exception as error:
        return _defect(error)


def _speak_safely() -> None:
    """Characters that the terminal's encoding lacks are written as escapes, rather than not at all."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _usage(error: click.ClickException, arguments: Sequence[str]) -> int:
    context = getattr(error, "ctx", None)  # some errors of click's do not know it
    named = [word for word in arguments[:1] if word in COMMANDS]
    path = context.command_path if context is not None else " ".join(["pyfilter", *named])
    text = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption):
        meant = f": did you mean `{error.possibilities[0]}`?" if error.possibilities else ""
        text = f"there is no option `{error.option_name}`{meant}"
        if error.option_name in LATER_OPTIONS:
            text = f"`{error.option_name}` is not in this version"
    complain(f"{path}: {visible(text[:1].lower() + text[1:])}")
    if isinstance(error, click.UsageError):
        complain(f"Try `{path} --help`.")
    return FAILED


def _silenced() -> int:
    """The reader of our output went away; nor is there anybody to tell when Python flushes it."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
    return AMISS


def _refused(error: OSError) -> int:
    """An output that cannot be written; what commands read, they report themselves."""
    _silenced()
    name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else "standard output"
    complain(f"pyfilter: {visible(name)}: {error.strerror or error}")
    return FAILED


def _defect(error: Exception) -> int:
    if os.environ.get("PYFILTER_TRACEBACK"):
        raise error
    complain(
        f"pyfilter: this is a defect of pyfilter: {type(error).__name__}: {visible(str(error))}\n"
        "Run the command again with PYFILTER_TRACEBACK=1 to see where, and report that."
    )
    return FAILED
