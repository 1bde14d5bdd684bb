"""Holes are typed: what a message may put into a folder's name, a path, an address, a program's argument, a line.

A hole is filled from a message, and a message is hostile. In a folder or a path it is part of one
component; in a line it cannot end the line; an address must come out as one and no more; a program's argument cannot
begin with `-`. What was taken away is said in a note, so that the trace shows it.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.engine.fields import UNDECIDED
from pyfilter.engine.plan import INBOX
from pyfilter.engine.relations import insert
from pyfilter.language.forms import plain
from pyfilter.language.reserved import is_reserved
from pyfilter.message.addresses import mailbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.engine.fields import Case

__all__ = ["address", "argument", "folder", "line", "mailbox_path", "paragraphs", "printable", "sentence"]

# Unicode's line separators, the characters that turn the direction of writing (UAX 9), soft hyphens, fillers,
# joiners of words and tags: nobody sees them in a list of folders or a log, and they make two names look like
# one. Joiners of letters (U+200C, U+200D) stay: Persian and emoji are written with them.
_INVISIBLE = frozenset(
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069\u206a\u206b\u206c\u206d\u206e\u206f\u3164\ufeff\uffa0"
    "\ufff9\ufffa\ufffb"
)
# characters of a hole: a letter with all its accents, for each byte of a component
_LOOKED_AT = 16 * limits.COMPONENT_BYTES


def _harmless(character: str) -> bool:
    code = ord(character)
    return (
        code >= 0x20
        and not 0x7F <= code <= 0x9F
        and not 0xD800 <= code <= 0xDFFF
        and code & 0xFFFE != 0xFFFE
        and character not in _INVISIBLE
        and code >> 12 != 0xE0  # tags and selectors, UAX 44: Default_Ignorable_Code_Point
    )


def printable(text: str) -> str:
    """``text`` without control, bidi and half characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(character for character in text if _harmless(character))


def line(text: str, longest: int) -> str:
    """``text`` as one line of at most ``longest`` characters: white space of any kind is one space."""
    return printable(" ".join(text[: longest * 4].split()))[:longest]


def _filled(part: tuple[Any, ...], case: Case) -> str:
    """A hole's text; empty where its field cannot be read: no action fails for that, the mail must lie somewhere."""
    try:
        return insert(part, case)
    except UNDECIDED:
        return ""


def sentence(template: Any, case: Case, longest: int) -> str:
    """The one line that ``template`` makes of this message, as a reason or for the log."""
    parts = (template,) if isinstance(template, str) else template
    return line("".join(part if isinstance(part, str) else _filled(part, case) for part in parts), longest)


def paragraphs(template: Any, case: Case, longest: int) -> str:
    """The text of several lines that ``template`` makes of this message: its lines are the rule's, a hole ends none."""
    if isinstance(template, str):
        return template
    return "".join(
        part if isinstance(part, str) else line(_filled(part, case), limits.LOG_CHARACTERS) for part in template
    )[:longest]


def address(template: Any, case: Case) -> tuple[str | None, str]:
    """The one address that ``template`` makes of this message, or None and what came out instead."""
    if isinstance(template, str):
        return template, ""
    text = "".join(
        part if isinstance(part, str) else _filled(part, case)[: limits.ADDRESS_CHARACTERS + 1] for part in template
    )
    plain_text = 0 < len(text) <= limits.ADDRESS_CHARACTERS and text.isascii() and text.isprintable()
    if plain_text and " " not in text and text[0] != "-":
        box = mailbox(text)
        if box is not None and box.local and box.domain and box.address.lower() == text.lower():
            return text, ""
    return None, printable(text[:80])


def argument(template: Any, case: Case) -> tuple[str, str]:
    """The argument of a program that ``template`` makes of this message, and a note, empty if there is none."""
    if isinstance(template, str):
        return template, ""
    text = "".join(part if isinstance(part, str) else _filled(part, case) for part in template)
    # NUL ends an argument, a half character is none; what begins with `-` would be an option
    cleaned = text.replace("\0", "")[: limits.ARGUMENT_BYTES].encode("utf-8", "ignore")[: limits.ARGUMENT_BYTES]
    made = cleaned.decode("utf-8", "ignore").lstrip("-")
    if made == text:
        return made, ""
    return made, f"an argument was {printable(text[:80])!r}; for a program it is {printable(made[:80])!r}"


def mailbox_path(kind: str, template: Any, case: Case) -> tuple[str, list[str]]:
    """The folder ("mbox:PATH", "mh:PATH") that ``template`` names for this message, and notes. Where a hole comes out
    empty, the inbox."""
    if isinstance(template, str):
        return f"{kind}:{template}", []
    longest = max(sum(map(_weight, name)) for name in _literal_names(template))
    room = max(0, (limits.COMPONENT_BYTES - 16 - longest) // sum(not isinstance(part, str) for part in template))
    notes: list[str] = []
    path = ""
    for part in template:
        if isinstance(part, str):
            path += part
            continue
        text = plain(_filled(part, case)[:_LOOKED_AT])
        cleaned = _component(text, "", room)
        if cleaned != text:
            notes.append(f"{{{part[1]}}} was {printable(text)[:80]!r}; in a mailbox's path it is {cleaned!r}")
        if not cleaned:
            notes.append(f"{{{part[1]}}} came out empty in a mailbox's path: the inbox instead")
            return INBOX, notes
        path += cleaned
    return f"{kind}:{path}", notes


def _literal_names(template: Any) -> list[list[str]]:
    """What the rule itself writes of each component of a path."""
    names: list[list[str]] = [[]]
    for part in template:
        if isinstance(part, str):
            first, *rest = part.split("/")
            names[-1].append(first)
            names += [[name] for name in rest]
    return names


def _weight(text: str) -> int:
    """At most how many bytes ``text`` takes on disk, in UTF-8 or modified UTF-7 (RFC 3501, 5.1.3)."""
    return sum(1 if character.isascii() and character != "&" else 8 for character in text)


def _component(text: str, layout: str, room: int) -> str:
    """A hole's text as (part of) one component of a folder's name."""
    cleaned = printable(text[: limits.COMPONENT_BYTES]).replace("/", "")
    start = 0
    while start < len(cleaned) and (cleaned[start] in ".~" or cleaned[start].isspace()):
        start += 1
    cleaned = cleaned[start:]
    if layout == "maildir++":
        cleaned = cleaned.replace(".", "_")
    while cleaned and _weight(cleaned) > room:
        cleaned = cleaned[:-1]
    return cleaned.strip()


def folder(template: Any, case: Case, layout: str) -> tuple[str, list[str]]:
    """The folder that ``template`` (language/program.py) names for this message, and notes.

    A name that is empty, or has an empty component, means the inbox.
    """
    if template is None:
        return INBOX, []
    if isinstance(template, str):
        return (INBOX, []) if template.lower() == "inbox" else (_of_the_maildir(template), [])
    # one component on disk carries the whole name in maildir++; the rest is for the leading dot
    if layout == "fs":
        literal = max(sum(map(_weight, component)) for component in _literal_names(template))
    else:
        literal = sum(_weight(part) for part in template if isinstance(part, str))
    holes = sum(not isinstance(part, str) for part in template)
    room = max(0, (limits.COMPONENT_BYTES - 16 - literal) // holes)
    notes: list[str] = []
    name = ""
    for part in template:
        if isinstance(part, str):
            name += part
            continue
        # é in one character or in two is one folder; of a megabyte no more is looked at than could ever stand in it
        text = plain(_filled(part, case)[:_LOOKED_AT])
        cleaned = _component(text, layout, room)
        if cleaned != text:
            notes.append(f"{{{part[1]}}} was {printable(text)[:80]!r}; in a folder's name it is {cleaned!r}")
        name += cleaned
    if name.lower() == "inbox":
        return INBOX, notes
    if not all(component.strip() for component in name.split("/")):
        notes.append(f"the folder's name came out empty ({name!r}): the inbox instead")
        return INBOX, notes
    if layout == "fs":
        name = _unreserved(name, notes)
    return _of_the_maildir(name), notes


def _unreserved(name: str, notes: list[str]) -> str:
    """``name``, and none of its components is anything else than a folder in a Maildir of layout fs."""
    components = name.split("/")
    for depth, component in enumerate(components):
        if is_reserved(component, depth):
            components[depth] = f"_{component}"
            notes.append(f"{component!r} is no folder of a Maildir; in a folder's name it is {components[depth]!r}")
    return "/".join(components)


def _of_the_maildir(name: str) -> str:
    """``name``, no mailbox outside of the Maildir: only a rule itself names one, never a message ("mbox:/etc/x")."""
    format, colon, rest = name.partition(":")
    return f"{format}_{rest}" if colon and format.lower() in ("mbox", "mh") else name
