r"""What stands between quotes: escapes, holes, stars, the indentation of a long text.

In: one quoted text as written, with its place. Out: a ``Text`` whose parts are
``str``, ``Hole`` and ``Wild`` in order, and a diagnostic for everything in it
that is not the language.

The rules:

- ``\"  \\  \{  \}  \*  \?`` stand for the character itself; any other
  backslash is an error (E110), and stays in the text so that nothing is lost.
- ``{name}`` and ``{name:format}`` are holes; a name has letters, digits,
  ``-``, ``_`` and dots. A lone ``{`` or ``}`` is an error (E111), a hole whose
  name is no name another (E112).
- An unescaped ``*`` or ``?`` is a ``Wild``; only ``matches`` cares.
- Of a triple-quoted text the first line break and the indentation common to
  all its non-blank lines, the closing quotes' line included, are dropped.
- ``message`` of a test: neither holes nor escapes, only the indentation goes.
"""

from __future__ import annotations

import re
from itertools import groupby

from pyfilter import limits
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Hole, Source, Span, Text, Wild

NAME = r"[^\W\d][\w\u0300-\u036f]*(?:[.-][\w\u0300-\u036f]+)*"

_SPECIAL = re.compile(
    rf"""
      (?P<escape>\\(?:.|$))
    | (?P<hole>\{{(?P<name>{NAME})(?::(?P<format>[^{{}}\n]*))?\}})
    | (?P<bad_hole>\{{[^{{}}\n]*\}})
    | (?P<brace>[{{}}])
    | (?P<wild>[*?])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPABLE = '"\\{}*?'

Part = str | Hole | Wild


def text(source: Source, start: int, end: int, problems: list[Diagnostic], *, verbatim: bool = False) -> Text:
    """The text written at ``source.text[start:end]``, quotes included."""
    span = Span(source, start, end)
    if source.text.startswith('"""', start) and end - start >= 6:
        lines = unindented(source.text, start + 3, end - 3)
        long = True
    else:
        lines = [(start + 1, end - 1)]
        long = False
    parts: list[Part] = []
    for number, (line_start, line_end) in enumerate(lines):
        if number:
            parts.append("\n")
        if verbatim:
            parts.append(source.text[line_start:line_end])
        else:
            parts.extend(_parts(source, line_start, line_end, problems))
    return Text(span, _joined(parts), long)


def unindented(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The lines of a long text as (start, end), first break and common indentation gone."""
    lines: list[tuple[int, int]] = []
    position = start
    while True:
        stop = text.find("\n", position, end)
        last = stop < 0
        stop = end if last else stop
        content_end = stop
        if not last and content_end > position and text[content_end - 1] == "\r":
            content_end -= 1
        lines.append((position, content_end))
        if last:
            break
        position = stop + 1
    if len(lines) == 1:
        return lines
    if not text[lines[0][0] : lines[0][1]].strip(" \t\r"):
        del lines[0]
    closing = len(lines) - 1
    margins = [
        _margin(text, line_start, line_end)
        for number, (line_start, line_end) in enumerate(lines)
        if number == closing or text[line_start:line_end].strip()
    ]
    common = margins[0]
    for margin in margins[1:]:
        while not margin.startswith(common):
            common = common[:-1]
    return [(min(line_start + len(common), line_end), line_end) for line_start, line_end in lines]


def _margin(text: str, start: int, end: int) -> str:
    """The blanks a line begins with, as written: tabs and spaces are never counted against each other."""
    line = text[start:end]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _parts(source: Source, start: int, end: int, problems: list[Diagnostic]) -> list[Part]:
    parts: list[Part] = []
    position = start
    for found in _SPECIAL.finditer(source.text, start, end):
        if len(problems) > limits.PROBLEMS:
            break
        parts.append(source.text[position : found.start()])
        span = Span(source, found.start(), found.end())
        position = found.end()
        match found.lastgroup:
            case "escape":
                character = found[0][1:]
                if character and character in _ESCAPABLE:
                    parts.append(character)
                else:
                    parts.append(found[0])
                    problem = _bad_escape(span, character)
                    said = (known.help for known in problems if known.span.start >= start)
                    if not (_PATTERN in problem.help and problem.help in said):  # a pattern in quotes is one slip
                        problems.append(problem)
            case "hole":
                parts.append(Hole(span, found["name"], found["format"]))
            case "wild":
                parts.append(Wild(span, found[0]))
            case "bad_hole":
                parts.append(found[0])
                problems.append(_bad_hole(span))
            case _:
                parts.append(found[0])
                problems.append(_lone_brace(span))
    parts.append(source.text[position:end])
    return parts


def _joined(parts: list[Part]) -> tuple[Part, ...]:
    joined: list[Part] = []
    for plain, run in groupby(parts, lambda part: isinstance(part, str)):
        if not plain:
            joined.extend(run)
        elif together := "".join(part for part in run if isinstance(part, str)):
            joined.append(together)
    return tuple(joined)


# groups are named, not numbered
_NAMED_GROUP = "name the group in the pattern, `(?P<name>…)`, and write `{name}` here"


# what somebody means who writes `\[` or `\.` in quotes
_PATTERN = "for a regular expression write `matches /…/`, without quotes"


def _bad_escape(span: Span, character: str) -> Diagnostic:
    help = "a backslash itself is written `\\\\`"
    if character.isdigit():
        help = _NAMED_GROUP
    elif character and character in ".+()[]|^$dwsbDWSB/":
        help += f";\n{_PATTERN}"
    elif character in ("n", "r", "t"):
        help += ';\na text of several lines is written between `"""` and `"""`'
    return Diagnostic("E110", f"`\\{character}` means nothing in a text", span, "", help)


def _bad_hole(span: Span) -> Diagnostic:
    inside = span.text[1:-1].strip()
    if re.fullmatch(rf"{NAME}(?::.*)?", inside):
        help = f"write `{{{inside}}}`, without blanks"
    elif inside.isdigit():
        help = _NAMED_GROUP
    elif not inside:
        help = "name what is to be put in, `{from.domain}`;\nfor the characters themselves write `\\{\\}`"
    else:
        help = (
            "a hole holds one name, `{from.domain}` or `{today:%Y-%m}`;\n"
            f"for the characters themselves write `\\{{{inside}\\}}`"
        )
    return Diagnostic("E112", f"`{span.text}` is no hole", span, "not a name", help)


def _lone_brace(span: Span) -> Diagnostic:
    brace = span.text
    other = "}" if brace == "{" else "{"
    return Diagnostic(
        "E111",
        f"a `{brace}` without its `{other}` in a text",
        span,
        "",
        f"for the character itself write `\\{brace}`; a hole is `{{name}}`",
    )
