"""The rules a command works with: loaded, or their problems shown.

Without ``--rules``: /etc/pyfilterrc where there is one, then ~/.pyfilterrc, else
~/.config/pyfilter/rules; the very files that a delivery reads.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from pyfilter.cli.terminal import complain, has_colour, visible

if TYPE_CHECKING:
    from pyfilter import Rules
    from pyfilter.language.diagnostics import Diagnostic

__all__ = ["diagnose", "elsewhere", "load", "load_settings", "say_what_becomes_of_mail", "warn_elsewhere"]


def load(path: str | None) -> Rules | None:
    """The checked rules; None if there are none, when the reason stands on standard error."""
    from pyfilter import Rules, RulesError
    from pyfilter.language.diagnostics import render, summary

    warn_elsewhere()
    try:
        return Rules.load(path)
    except RulesError as error:
        if not error.diagnostics:
            complain(f"pyfilter: {visible(str(error))}")
            return None
        for diagnostic in error.diagnostics:
            complain(render(diagnostic, has_colour(sys.stderr)) + "\n")
        complain(f"pyfilter: {summary(error.diagnostics)}: mend the rules first (`pyfilter check` shows this again)")
        say_what_becomes_of_mail(path)
        return None


def load_settings(path: str | None) -> dict[str, object] | None:
    """The settings of the rules, the defaults where there is no rule file; None and a reason as ``load``."""
    from pyfilter.language import files
    from pyfilter.language.loading import load as load_program

    home = os.path.expanduser("~")
    try:
        absent = path is None and all(files.stamp(name) is None for name in files.candidates(home)[-1])
        loaded = load_program(home) if absent else None
    except files.Refused:
        loaded = None  # which is told below
    if loaded is not None and loaded.program is not None:
        return loaded.settings
    rules = load(path)
    settings: Any = None if rules is None else rules.program["settings"]
    return settings  # type: ignore[no-any-return]


def say_what_becomes_of_mail(path: str | None) -> None:
    """On standard error, if the rules that do not check are those of deliveries."""
    from pyfilter.language import files
    from pyfilter.language.loading import load as load_program
    from pyfilter.meanwhile import what_becomes_of_mail

    home = os.path.expanduser("~")
    try:
        if path is not None and all(os.path.abspath(path) not in place for place in files.candidates(home)):
            return
        loaded = load_program(home)
    except files.Refused:
        return  # mail waits, and the log says why
    if loaded.program is None:
        complain(f"pyfilter: until the rules are mended, {what_becomes_of_mail(loaded)}")


def diagnose(path: str | None) -> tuple[Rules | None, list[Diagnostic] | None]:
    """The rules, None if they do not check, and all problems; None for both if they cannot be read, when the reason
    stands on standard error."""
    from pyfilter import Rules, RulesError

    try:
        rules = Rules.load(path)
        return rules, list(rules.diagnostics)
    except RulesError as error:
        if error.diagnostics:
            return None, list(error.diagnostics)
        complain(f"pyfilter: {visible(str(error))}")
        return None, None


def elsewhere() -> list[str]:
    """Rule files that XDG variables name and a delivery, which has no such variables, does not read."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    home = os.path.expanduser("~")
    if not base or os.path.realpath(base) == os.path.realpath(os.path.join(home, ".config")):
        return []
    path = os.path.join(base, "pyfilter", "rules")
    return [path] if os.path.exists(path) else []


def warn_elsewhere() -> None:
    for path in elsewhere():
        complain(
            f"pyfilter: warning: {visible(path)} is not read: a delivery has no XDG_CONFIG_HOME. "
            "Move it to ~/.pyfilterrc or ~/.config/pyfilter/rules."
        )
