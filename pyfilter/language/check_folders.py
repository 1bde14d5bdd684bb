"""Folder names: what is written after `file into` to what the Program keeps.

In: the template of the text, and `set layout`. Out: a template whose components are joined with
"/", or None for the inbox.

- ``".Cron.DenyHosts/"``, procmail's spelling, is ``Cron/DenyHosts``. In layout maildir++
  (`.Cron.DenyHosts/` on disk) any other dot is an error, since the dot separates folders on
  disk; in layout fs (`Cron/DenyHosts/`) one in front of a component, where it hides files.
- a trailing slash goes; empty components, control characters, ``~`` in front
  and ``..`` are errors; so is a name that is too long on disk in modified
  UTF-7 (RFC 3501, section 5.1.3).
- in layout fs what lies in a Maildir anyway is an error (reserved.py).
- ``inbox`` in any case, alone, is the inbox.

What a hole brings from a message is cleaned by the engine, component by
component; only what the rule itself writes is judged here.
"""

from __future__ import annotations

from base64 import b64encode

from pyfilter import limits
from pyfilter.language.check_report import Report
from pyfilter.language.check_texts import Part, Template, joined
from pyfilter.language.reserved import is_reserved
from pyfilter.language.tree import Span, Text

__all__ = ["INBOX", "folder", "respelled", "shown"]

INBOX = "inbox"
_DOT = "on disk the dot separates folders (layout maildir++)"


def folder(template: Template, span: Span, report: Report, layout: str) -> tuple[Template | None] | None:
    """``(place,)`` as the Program keeps it, place None for the inbox; None where something was reported."""
    parts: tuple[Part, ...] = (template,) if isinstance(template, str) else template
    start = parts[0] if parts and isinstance(parts[0], str) else ""
    components = _components(parts)
    literal = "/".join("".join(piece if isinstance(piece, str) else "" for piece in c) for c in components)
    problem = _problem(components, literal, start, layout)
    if problem:
        message, label, help = problem
        report.add("E305", message, span, label, help)
        return None
    if len(components) == 1 and literal.casefold() == INBOX and len(components[0]) == 1:
        return (None,)
    made: list[Part] = []
    for component in components:
        made.extend(("/", *component) if made else component)
    return (joined(made),)


def shown(text: Text) -> str:
    """The folder that a text without holes names, as a mail client shows it."""
    return "/".join("".join(map(str, pieces)) for pieces in _components((text.plain,)))


def respelled(written: str) -> str:
    """What stands between the quotes of a folder without holes, as `shown` but with its escapes; a folder that is
    none in any layout stays as it is, for the checker to show."""
    components = _components((written,))
    name = "/".join("".join(map(str, pieces)) for pieces in components)
    return written if _problem(components, name, written, "fs") else name


def _components(parts: tuple[Part, ...]) -> list[list[Part]]:
    """The pieces of each component; procmail's spelling resolved, a trailing slash gone."""
    pieces = list(parts)
    last = pieces[-1] if pieces else ""
    if isinstance(last, str) and len(parts) + len(last) > 1 and last.endswith("/") and not last.endswith("//"):
        pieces[-1] = last[:-1]
    separator = "/"
    first = pieces[0] if pieces else ""
    slashes = any(isinstance(piece, str) and "/" in piece for piece in pieces)
    if isinstance(first, str) and first.startswith(".") and not slashes and first not in (".", ".."):
        pieces[0] = first[1:]
        separator = "."
    components: list[list[Part]] = [[]]
    for piece in pieces:
        if not isinstance(piece, str):
            components[-1].append(piece)
            continue
        head, *rest = piece.split(separator)
        if head:
            components[-1].append(head)
        components.extend([text] if text else [] for text in rest)
    return components


def _problem(components: list[list[Part]], literal: str, start: str, layout: str) -> tuple[str, str, str] | None:
    """Message, label and remedy of the first thing that is wrong."""
    if components == [[]]:
        return "the folder has no name", "", "for the inbox write `keep`"
    if literal == "/dev/null":
        return (
            "mail is not filed into `/dev/null`",
            "",
            'write `file into "Trash"` to be able to look; to lose it for good write `discard # on purpose`',
        )
    if start.startswith(("/", "~")) or _is_variable(start):
        return (
            "a folder is named as a mail client shows it, not by its path",
            "",
            'name the Maildir by `set maildir = "…"` and the folder alone here: `file into "Lists/ports"`',
        )
    dot = "_" if layout == "maildir++" else "."
    for character in literal:
        if character < " " or "\x7f" <= character < "\xa0" or "\ud800" <= character < "\ue000":
            return "a folder's name has no control characters", f"U+{ord(character):04X}", ""
    for component in components:
        text = "".join(piece if isinstance(piece, str) else "" for piece in component)
        if not component:
            return (
                "a part of the folder's name is empty",
                "two separators follow each other",
                "write one `/` between the parts",
            )
        if _blank_at_an_end(component):
            return (
                "a part of a folder's name begins or ends with a blank",
                "nobody would see it",
                _write(_mended(components, dot)),
            )
        if text == ".." and len(component) == 1:
            return "a folder cannot lie above the Maildir", "", "leave out the `..`"
        beginning = component[0] if isinstance(component[0], str) else ""
        if beginning.startswith("~"):
            return "no part of a folder's name begins with `~`", "", "leave out the `~`"
        if text in (".", "") and not any(isinstance(piece, tuple) for piece in component):
            return "`.` is no folder", "", "for the inbox write `keep`"
        if "." in text and layout == "maildir++":
            return _dot(components)
        if beginning.startswith("."):
            return "no part of a folder's name begins with a dot", "", _write(_mended(components, dot))
    head = components[0]
    if len(components) > 1 and len(head) == 1 and isinstance(head[0], str) and head[0].casefold() == INBOX:
        return (
            "folders lie beside the inbox, not in it",
            "",
            f'leave out the first part: `file into "{_mended(components, dot)}"`',
        )
    lengths = [1 + sum(_length(piece) for piece in component if isinstance(piece, str)) for component in components]
    if layout != "fs":
        return _too_long(sum(lengths), limits.COMPONENT_BYTES)
    return (
        _reserved(components)
        or _too_long(max(lengths) - 1, limits.COMPONENT_BYTES)
        or _too_long(sum(lengths) - 1, limits.FOLDER_BYTES)
    )


def _too_long(length: int, most: int) -> tuple[str, str, str] | None:
    if length <= most:
        return None
    return (
        "the folder's name is too long",
        f"{length} bytes on disk",
        f"a file system takes {most} bytes; letters outside of ASCII take several each",
    )


def _reserved(components: list[list[Part]]) -> tuple[str, str, str] | None:
    """What a rule writes itself; what a hole makes of a component is the engine's."""
    for depth, component in enumerate(components):
        name = component[0]
        if len(component) == 1 and isinstance(name, str) and is_reserved(name, depth):
            return (
                f"`{name}` is no folder of a Maildir",
                "something else has this name there (layout fs)",
                _write(_mended(components, ".")),
            )
    return None


def _is_variable(start: str) -> bool:
    """`$HOME/…`, as procmail and shells have them."""
    return start[:1] == "$" and start[1:2].isalpha() and start[1:2].isupper()


def _blank_at_an_end(component: list[Part]) -> bool:
    first, last = component[0], component[-1]
    return (isinstance(first, str) and first[:1].isspace()) or (isinstance(last, str) and last[-1:].isspace())


def _dot(components: list[list[Part]]) -> tuple[str, str, str]:
    dots = sum(piece.count(".") for component in components for piece in component if isinstance(piece, str))
    inside, beside = _mended(components, "/"), _mended(components, "_")
    if len(components) > 1:
        help = f"{_write(beside)}, or another name without dots"
    elif inside == beside:
        help = _write(inside)
    elif dots == 1 and not beside.casefold().startswith(f"{INBOX}_"):
        help = f'for a folder inside a folder {_write(inside)}, else `"{beside}"`'
    else:
        help = _write(inside)
    return "a dot cannot stand in a folder's name", _DOT, help


def _mended(components: list[list[Part]], dot: str) -> str:
    """The name, as written, that was probably meant: ``dot`` for the dots, nothing empty or odd left; where dots may
    stay, which is in layout fs, other capitals for what is reserved there."""
    made: list[list[Part]] = [[]]
    for component in components:
        made.append([])
        for piece in component:
            if not isinstance(piece, str):
                made[-1].append(piece)
                continue
            first, *rest = (piece if dot == "." else piece.strip(".").replace(".", dot)).split("/")
            made[-1].append(first)
            made.extend([text] for text in rest)
    trimmed = [component for component in map(_trimmed, made) if component]
    while len(trimmed) > 1 and _shown(trimmed[:1]).casefold() == INBOX:
        del trimmed[0]
    for depth, component in enumerate(trimmed):
        if dot == "." and len(component) == 1 and isinstance(component[0], str) and is_reserved(component[0], depth):
            trimmed[depth] = [component[0].capitalize()]
    return _shown(trimmed)


def _trimmed(component: list[Part]) -> list[Part]:
    """Without blanks, dots and tildes in front, without blanks behind."""
    made = [piece for piece in component if piece]
    while made and isinstance(made[0], str) and (made[0][0].isspace() or made[0][0] in ".~"):
        made[0] = made[0][1:]
        made = [piece for piece in made if piece]
    while made and isinstance(made[-1], str) and made[-1] != made[-1].rstrip():
        made[-1] = made[-1].rstrip()
        made = [piece for piece in made if piece]
    return made


def _write(name: str) -> str:
    return f'write `"{name}"`' if name else "write `keep` for the inbox"


def _shown(components: list[list[Part]]) -> str:
    return "/".join(
        "".join(piece if isinstance(piece, str) else "{" + piece[1] + "}" for piece in component)
        for component in components
    )


def _length(text: str) -> int:
    """Bytes of ``text`` in modified UTF-7."""
    length, run = 0, ""
    for character in text + " ":
        if " " <= character <= "~":
            if run:
                length += 2 + len(b64encode(run.encode("utf-16-be")).rstrip(b"="))
                run = ""
            length += 2 if character == "&" else 1
        else:
            run += character
    return length - 1
