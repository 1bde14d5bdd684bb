"""Patterns: globs (our own) and regular expressions (RE2).

This is the only file that imports re2, and it does so when the first regular
expression is really needed: 9 ms of a delivery that most deliveries save.

Glob: ``*`` any run of characters, ``?`` one character, ``{name}`` a run of at
least one character, captured. It is held against the whole value. Matching
takes each run of plain characters at its leftmost place, which finds a match
where there is one, in time proportional to the value: a glob cannot hang. Where
a block with ``?`` could begin at each of thousands of places, RE2 looks for it.

Regex: RE2 syntax (linear time, no back-references, no look-around), searched in
the value. Before RE2 is touched, a text that every match must contain is looked
for with ``in`` (*required literal*).

Glob in the program: ``(blocks, gaps)``. A block is ``(length, ((offset, run), ...))``: plain
characters at fixed offsets, the rest of its length are ``?``. ``gaps[i]`` stands
between ``blocks[i]`` and ``blocks[i + 1]``: ``(least length, (capture name, ...))``. The first
block holds the start of the value, the last its end.
"""

from __future__ import annotations

from pyfilter.language.forms import fold, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from pyfilter.language.tree import Hole, Wild

    Block = tuple[int, tuple[tuple[int, str], ...]]
    Gap = tuple[int, tuple[str, ...]]
    Glob = tuple[tuple[Block, ...], tuple[Gap, ...]]
    Regex = tuple[str, str | None, tuple[str, ...]]

# places at which a block is held against the value one by one: real values end long before, and to load RE2 costs more
PLACES = 10_000

__all__ = ["glob", "glob_literal", "match_glob", "regex", "regex_problem", "search_regex"]


# --------------------------------------------------------------------- globs


def glob(parts: tuple[str | Hole | Wild, ...], exactly: bool) -> Glob:
    """The glob of a text's parts (tree.Text.parts), its characters in the form they are compared in."""
    form = plain if exactly else fold
    blocks: list[Block] = []
    gaps: list[Gap] = []
    runs: list[tuple[int, str]] = []
    length = 0
    gap: Gap | None = None  # the gap that waits for its block
    for part in parts:
        name = getattr(part, "name", None)
        character = getattr(part, "character", None)
        if name is None and character != "*":
            if gap is not None:
                blocks.append((length, tuple(runs)))
                gaps.append(gap)
                runs, length, gap = [], 0, None
            if isinstance(part, str):
                run = form(part)
                runs.append((length, run))
                length += len(run)
            else:
                length += 1
            continue
        least, names = gap or (0, ())
        gap = (least, names) if name is None else (least + 1, (*names, name))
    if gap is not None:
        blocks.append((length, tuple(runs)))
        gaps.append(gap)
        runs, length = [], 0
    blocks.append((length, tuple(runs)))
    return tuple(blocks), tuple(gaps)


def glob_literal(pattern: Glob) -> str:
    """The longest run of characters that every matching value contains; may be empty."""
    return max((run for _, runs in pattern[0] for _, run in runs), key=len, default="")


def match_glob(pattern: Glob, value: str) -> tuple[tuple[str, int, int], ...] | None:
    """Hold ``pattern`` against the whole of ``value`` (in the pattern's form).

    Returns the captures as ``(name, start, end)``, or None where it does not match.
    Where several holes meet without a character between, each but the first takes one character.
    """
    blocks, gaps = pattern
    length, runs = blocks[0]
    if not gaps:
        return () if length == len(value) and _stands(runs, value, 0) else None
    if length > len(value) or not _stands(runs, value, 0):
        return None
    captures: list[tuple[str, int, int]] = []
    position = length
    last = len(gaps) - 1
    for number, (least, names) in enumerate(gaps):
        length, runs = blocks[number + 1]
        if number == last:
            found = len(value) - length
            if found < position + least or not _stands(runs, value, found):
                return None
        else:
            found = _find(length, runs, value, position + least)
            if found < 0:
                return None
        if names:
            end = found
            rest = len(names) - 1
            captures.append((names[0], position, end - rest))
            for index, name in enumerate(names[1:]):
                captures.append((name, end - rest + index, end - rest + index + 1))
        position = found + length
    return tuple(captures)


def _stands(runs: tuple[tuple[int, str], ...], value: str, position: int) -> bool:
    return all(value.startswith(run, position + offset) for offset, run in runs)


def _find(length: int, runs: tuple[tuple[int, str], ...], value: str, start: int) -> int:
    """The first place from ``start`` on where the block stands, or -1."""
    highest = len(value) - length
    if not runs:
        return start if start <= highest else -1
    offset, run = runs[0]
    if len(runs) == 1:
        found = value.find(run, start + offset)
        return found - offset if 0 <= found <= highest + offset else -1
    tried = 0
    while start <= highest:
        found = value.find(run, start + offset)
        if found < 0 or found - offset > highest:
            return -1
        start = found - offset
        if _stands(runs, value, start):
            return start
        start += 1
        tried += 1
        if tried == PLACES:
            try:
                return _searched(length, runs, value, start)
            except UnicodeEncodeError:
                continue  # a lone surrogate from the environment has no UTF-8
    return -1


def _searched(length: int, runs: tuple[tuple[int, str], ...], value: str, start: int) -> int:
    """The same by RE2, a thousand times as fast."""
    import re2

    written = "(?s)"
    end = 0
    for offset, run in runs:
        written += "." * (offset - end) + str(re2.escape(run))
        end = offset + len(run)
    found = _compile(written + "." * (length - end)).search(value, start)
    return -1 if found is None else int(found.start())


# ------------------------------------------------------------------- regexes

_compiled: dict[str, Any] = {}


def regex(pattern: str, flags: str, exactly: bool) -> Regex:
    """The program form of ``/pattern/flags``, which must have passed ``regex_problem``.

    Returns the pattern for RE2 in NFC, as the values are, with its flags in front; the required
    literal, or None, in the form ``plain(text).casefold()`` or, with ``exactly``, ``plain(text)``; the
    names it captures. (Not ``fold``: its NFC step may join a letter of a match with an accent behind it.)
    """
    pattern = plain(pattern)
    letters = "".join(sorted(set(flags) - {"i"} if exactly else set(flags) | {"i"}))
    whole = f"(?{letters}){pattern}" if letters else pattern
    names = tuple(_compile(whole).groupindex)
    # flags inside the pattern, `(?i)` or `(?i:…)`, may loosen what `exactly` asks for
    inner = any(piece[:1] not in (":", "P", "<") for piece in pattern.split("(?")[1:])
    literal = None if exactly and inner else _required_literal(pattern)
    if literal is not None and not exactly:
        literal = literal.casefold()
    return whole, literal, names


def search_regex(pattern: str, names: tuple[str, ...], value: str) -> dict[str, str] | None:
    """Search RE2 ``pattern`` in ``value`` (plain form). Returns what it captured, or None for no match."""
    try:
        found = _compile(pattern).search(value)
    except UnicodeEncodeError:  # a lone surrogate from the environment has no UTF-8
        found = _compile(pattern).search(value.encode("utf-8", "replace").decode())
    if found is None:
        return None
    return {name: found.group(name) for name in names if found.group(name) is not None}


def _compile(pattern: str) -> Any:
    compiled = _compiled.get(pattern)
    if compiled is None:
        import re2

        options = re2.Options()
        options.log_errors = False  # it would write to stderr
        compiled = _compiled[pattern] = re2.compile(pattern, options)
    return compiled


# RE2's words -> ours. The first that begins the message wins; {} is the piece RE2 names.
_CAUSES = (
    ("missing ]", "the `[` in `{}` is never closed"),
    ("missing )", "a `(` is never closed"),
    ("unexpected )", "this `)` closes nothing"),
    ("no argument for repetition operator", "nothing stands before `{}` that could be repeated"),
    ("missing argument to repetition operator", "nothing stands before `{}` that could be repeated"),
    ("bad repetition operator", "`{}` repeats a repetition"),
    ("invalid repetition size", "`{}` repeats too often (the most is 1000)"),
    ("invalid repeat count", "`{}` repeats too often (the most is 1000)"),
    ("invalid character class range", "`{}` is not a range: the lower character stands first"),
    ("invalid character range", "`{}` is not a range: the lower character stands first"),
    ("invalid character class", "`{}` is not a class of characters"),
    ("invalid escape sequence", "`{}` means nothing in a pattern (there are no back-references)"),
    ("trailing \\", "a lone backslash ends the pattern"),
    ("invalid perl operator",
     ("`{}` is not supported: there is no look-ahead and no look-behind, so that no pattern can hang")),
    ("invalid named capture group", "`{}` does not name a capture: write `(?P<name>…)`"),
    ("duplicate capture group name", "`{}` is captured twice"),
    ("pattern too large", "the pattern grows too large: repeat less"),
    ("expression nests too deeply", "the pattern nests too deeply"),
)  # fmt: skip


def regex_problem(pattern: str, flags: str) -> tuple[str, int] | None:
    """What is wrong with ``/pattern/flags``: the cause in plain words, its offset in ``pattern``; None if nothing."""
    unknown = [flag for flag in flags if flag not in "ism"]
    if unknown:
        return (
            (
                f"`{unknown[0]}` is not a flag: there are i (any case, the default), s (`.` also matches a line break) "
                "and m (`^` and `$` match at each line)"
            ),
            len(pattern),
        )
    import re2

    try:
        _compile(f"(?i){pattern}" if not flags else f"(?{flags}){pattern}")
    except re2.error as error:
        words = error.args[0] if error.args else ""
        if isinstance(words, bytes):
            words = words.decode("utf-8", "replace")
        head, _, piece = str(words).partition(": ")
        cause = next((text for start, text in _CAUSES if head.startswith(start)), "RE2 does not accept it")
        place = pattern.rfind(piece) if piece else -1
        if head.startswith("missing )"):
            place, piece = _unclosed(pattern), "("
        elif head.startswith("unexpected )"):
            place = _closing(pattern, 0)
        elif piece.startswith(("[:", "\\p", "\\P")):
            cause = "`{}` is not a class of characters"
        elif head.startswith("trailing"):
            place = len(pattern) - 1
        return cause.replace("{}", piece), max(place, 0)
    except UnicodeEncodeError:
        return "it holds half a character (a lone surrogate)", 0
    return None


def _parentheses(pattern: str, start: int = 0) -> Iterator[tuple[int, str]]:
    """Each `(` and `)` from ``start`` on that groups, with its offset: none that is escaped or in a class."""
    position = start
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            position += 1
        elif character == "[":
            position = _class_end(pattern, position)
        elif character in "()":
            yield position, character
        position += 1


def _unclosed(pattern: str) -> int:
    """Offset of the last `(` that is never closed."""
    opened: list[int] = []
    for position, character in _parentheses(pattern):
        if character == "(":
            opened.append(position)
        elif opened:
            opened.pop()
    return opened[-1] if opened else 0


def _closing(pattern: str, start: int) -> int:
    """Offset of the first `)` from ``start`` on with no `(` of its own; the last offset where there is none."""
    depth = 0
    for position, character in _parentheses(pattern, start):
        depth += 1 if character == "(" else -1
        if depth < 0:
            return position
    return len(pattern) - 1


def _class_end(pattern: str, start: int) -> int:
    """Offset of the `]` that ends the class opened at ``start`` (or of the last character)."""
    position = start + 1
    if pattern.startswith("^", position):
        position += 1
    if pattern.startswith("]", position):
        position += 1
    while position < len(pattern) and pattern[position] != "]":
        if pattern[position] == "\\":
            position += 1
        elif pattern.startswith("[:", position):
            named = pattern.find(":]", position)
            position = named + 1 if named >= 0 else position
        position += 1
    return min(position, len(pattern) - 1)


def _atom(pattern: str, start: int) -> tuple[str, int]:
    """One piece of a regex: the ASCII character it stands for ("" if it may be something else), and its end."""
    character = pattern[start]
    if character == "(":
        return "", _closing(pattern, start + 1) + 1
    if character == "[":
        return "", _class_end(pattern, start) + 1
    if character == "\\":
        escaped = pattern[start + 1 : start + 2]
        return escaped if escaped.isascii() and not escaped.isalnum() else "", start + 2
    return "" if character in ".^$" or not character.isascii() else character, start + 1


def _required_literal(pattern: str) -> str | None:
    """The longest run of ASCII characters that stands in every match, or None where none is certain.

    Only what stands outside groups and classes and is not optional counts. An alternative at that level
    or a piece whose end is not plain (``\\Q``, ``\\x``, ``\\p``, octal) means None: a literal that is not
    required would hide a match.
    """
    best = run = ""
    position = 0
    while position < len(pattern):
        if pattern[position] == "|" or (
            pattern[position] == "\\" and pattern[position + 1 : position + 2] in "QxpP01234567"
        ):
            return None
        character, position = _atom(pattern, position)
        quantifier = pattern[position : position + 1]
        if quantifier and quantifier in "*+?{":
            if quantifier == "{":
                closing = pattern.find("}", position)
                least, _, most = pattern[position + 1 : closing].partition(",")
                if closing < 0 or not least.isdigit() or not (most + "0").isdigit():
                    return None  # RE2 takes such a brace literally
                position = closing
            position += 1
            if pattern[position : position + 1] == "?":  # the lazy form
                position += 1
            if quantifier == "+":  # once for certain, and then the run ends
                best = max(best, run + character, key=len)
            else:
                best = max(best, run, key=len)
            run = ""
        elif character:
            run += character
        else:
            best, run = max(best, run, key=len), ""
    return max(best, run, key=len) or None
