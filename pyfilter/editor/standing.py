"""What can stand at a place of a text that is being typed.

In: the text and a character. Out: a ``Standing``: in what block the place lies, what of its
statement stands before it, what the grammar takes next, and the word that is half typed.

The text up to the place is cut into statements by braces, line ends and `;`; the one the place
lies in is given to the parser, which says what could go on. What stands above may be wrong,
and what stands behind does not matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from pyfilter.language.lalr import Parser, Stuck
from pyfilter.language.recovery import MARGIN

__all__ = ["Standing", "standing"]

_MARGIN = re.compile(rf"^{MARGIN.pattern}", re.MULTILINE)

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r\f\u00a0\ufeff]+)
    | (?P<comment>\#[^\n]*)
    | (?P<long>\"\"\"(?:[^"]|"(?!""))*(?:\"\"\")?)
    | (?P<text>"(?:\\.|[^"\\\n])*(?:"|\\?$)?)
    | (?P<line>\n)
    | (?P<number>[-+]?\d[\d.:-]*)
    | (?P<word>[^\W\d_][\w.+-]*)
    | (?P<sign><=|>=|==|[^\s])
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:\\.|[^/\\\n])*(?:/[a-z]*)?")
_PARTIAL = re.compile(r"[^\W\d_][\w.+-]*$")
_GOES_ON = re.compile(r'[ \t\r]*(?:(?:and|or)(?![\w.-])|""")')

# what a `{` opens, by the first word of its statement, else by the last word before it
_BLOCKS = {"rule": "rule", "action": "action", "test": "test", "list": "list"}
_GROUPS = {"any": "group", "all": "group", "none": "group", "of": "group"}
_OPEN_LINE = frozenset((",", "and", "or", "(", "as"))

# block -> what to put before a statement of it, so that the parser is where it stands
_BEFORE = {
    "": "",
    "rule": "rule x {\n",
    "action": "action x {\n",
    "test": 'test "x" {\n',
    "list": "list x {\n",
    "group": "rule x {\nwhen any {\n",
    "score": "rule x {\nwhen score > 1 {\n",
}


@dataclass(slots=True)
class _Block:
    kind: str
    start: int  # of the statement
    words: list[str] = field(default_factory=list)
    before: list[str] = field(default_factory=list)  # the statement above


@dataclass(frozen=True, slots=True)
class Standing:
    """``within``: code, text or comment; ``start``: of the half-typed word, or of the text behind its quote;
    ``tokens``: type and text of the statement so far; ``expected``: types of tokens that may follow;
    ``above``: the words of the statement above; ``block`` empty outside of every rule."""

    within: str
    start: int
    partial: str
    block: str
    tokens: tuple[tuple[str, str], ...]
    expected: frozenset[str]
    above: tuple[str, ...]
    begins: int  # where the outermost declaration around begins, or one above it
    depth: int  # braces open there

    @property
    def last(self) -> str:
        return self.tokens[-1][0] if self.tokens else ""

    def ends_with(self, *types: str) -> bool:
        return tuple(type for type, _ in self.tokens[-len(types) :]) == types


def standing(text: str, offset: int) -> Standing:
    begins = _beginning(text, offset)
    blocks, within, start = _scan(text, begins, offset)
    block = blocks[-1]
    depth = len(blocks) - 1
    partial = ""
    if within == "code":
        found = _PARTIAL.search(text, max(block.start, offset - 200), offset)
        partial = found[0] if found else ""
        start = offset - len(partial)
    statement = text[block.start : start if within == "code" else max(start - 1, block.start)]
    if within == "comment":
        return Standing(within, start, "", block.kind, (), frozenset(), (), begins, depth)
    tokens, expected = _taken(_BEFORE[block.kind], statement.removesuffix('""'))
    if within == "text":
        partial = text[start:offset]
    return Standing(within, start, partial, block.kind, tokens, expected, tuple(block.before), begins, depth)


def _scan(text: str, position: int, offset: int) -> tuple[list[_Block], str, int]:
    """The open blocks; what the place is within; where that begins."""
    blocks = [_Block("", position)]
    while position < offset:
        block = blocks[-1]
        last = block.words[-1] if block.words else ""
        if text[position] == "/" and (last in ("matches", "match", "exactly", ",", "or")):
            found = _REGEX.match(text, position, offset)
        else:
            found = _TOKEN.match(text, position, offset)
        if found is None:
            position += 1
            continue
        kind, written = found.lastgroup or "regex", found[0]
        begun, position = position, found.end()
        if kind == "comment" and position == offset:
            return blocks, "comment", begun
        if position == offset and _unclosed(kind, written):
            return blocks, "text" if kind != "regex" else "comment", begun + (3 if kind == "long" else 1)
        if kind in ("blank", "comment"):
            continue
        if kind == "line" or written == ";":
            if kind == "line" and (last in _OPEN_LINE or _GOES_ON.match(text, _next_line(text, position), offset)):
                continue
            if block.words:
                block.before, block.words = block.words, []
            block.start = position
        elif written == "{":
            blocks.append(_Block(_kind(block.words), position))
        elif written == "}":
            if len(blocks) > 1:
                blocks.pop()
            blocks[-1].words.append("}")
        else:
            block.words.append(written)
    return blocks, "code", offset


def _beginning(text: str, offset: int) -> int:
    """The last declaration at the left margin, where a text is so long that it matters."""
    if offset < 20_000:
        return 0
    found = [match.start() for match in _MARGIN.finditer(text, 0, offset)]
    return found[-1] if found else 0


def _next_line(text: str, position: int) -> int:
    """Behind blank lines and comments."""
    found = re.compile(r"(?:[ \t\r]*(?:#[^\n]*)?\n)*").match(text, position)
    return found.end() if found else position


def _unclosed(kind: str, written: str) -> bool:
    if kind == "long":
        return len(written) < 6 or not written.endswith('"""')
    if kind == "text":
        return len(written) < 2 or not re.fullmatch(r'"(?:\\.|[^"\\\n])*"', written)
    return kind == "regex" and not re.fullmatch(r"/(?:\\.|[^/\\\n])+/[a-z]*", written)


def _kind(words: list[str]) -> str:
    if words and words[0] in _BLOCKS:
        return _BLOCKS[words[0]]
    if "score" in words[-3:]:
        return "score"
    return _GROUPS.get(words[-1], "rule") if words else "rule"


def _taken(before: str, statement: str) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    """The tokens of a statement and what may follow; nothing may where it cannot be read up to its end."""
    parser = Parser(before + statement)
    found: list[tuple[str, str]] = []
    try:
        for token in parser.tokens():
            parser.take(token)
            if token.start_pos >= len(before):
                found.append((token.type, str(token)))
    except Stuck:
        return tuple(found), frozenset()
    return tuple(found), parser.expected()
