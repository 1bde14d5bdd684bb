"""HTML reduced to its text, as somebody reads it.

In: the source. Out: its text on one line: what stands in blocks, table cells, lines and beside images is apart by a
space, what stands in one word stays together; scripts, styles, comments and the head are nobody's text.

The parser is Lexbor's (HTML Living Standard), by selectolax. What takes it the square of the source, elements nested
tens of thousands deep, tags of as many attributes and lists of as many options, is counted before it sees it:
limits.HTML_STEPS, of all parts of a message together.

Errors: Unreadable past HTML_CHARACTERS and HTML_STEPS.
"""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from pyfilter import limits
from pyfilter.message.headers import Unreadable
from pyfilter.message.words import one_space

__all__ = ["text_of"]

# elements within a word; all others are apart from what stands beside them
INLINE = frozenset(
    {
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
        "ins", "kbd", "label", "mark", "nobr", "o:p", "q", "s", "samp", "small", "span", "strike", "strong", "sub",
        "sup", "time", "tt", "u", "var", "wbr",
    }
)  # fmt: skip
TEXT = "-text"
WITHIN = INLINE | {TEXT, "-comment"}
SILENT = ["head", "script", "style", "template", "noscript", "title", "svg", "object", "iframe", "noembed", "noframes"]
# elements that nothing stands in, or that a neighbour ends
SHALLOW = frozenset(
    {
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
        "p", "li", "td", "th", "tr", "dt", "dd", "option", "thead", "tbody", "tfoot",
    }
)  # fmt: skip

TAG = re.compile(r"<(/?)([a-zA-Z][^\s/><]{0,30})")
# a tag with its attributes; a quote that is never closed ends it here. What is repeated is remembered for each time:
# no more than HTML_STEPS allow in one tag
WHOLE = re.compile(r"<[a-zA-Z](?:[^>\"']+|\"[^\"]*\"|'[^']*'){0,8000}")
# characters of a tag that may have too many attributes
LONG = 40
# of every tag, for all that is done with its element
TAG_STEPS = 125


def text_of(source: str, most: int) -> tuple[str, int]:
    """The text of ``source``, white space of any kind one space, and what it leaves of ``most`` steps."""
    if len(source) > limits.HTML_CHARACTERS:
        raise Unreadable(f"a part of it has more than {limits.HTML_CHARACTERS} characters of HTML")
    steps = _steps(source, most)
    tree = LexborHTMLParser(source)
    tree.strip_tags(SILENT)
    root = tree.root
    if root is None:
        return "", most - steps
    pieces: list[str] = []
    for node in root.traverse(include_text=True):
        name, before = node.tag, node.prev
        if name not in WITHIN or (before is not None and before.tag not in WITHIN):
            pieces.append(" ")  # where a block begins, and behind one
        if name == TEXT:
            pieces.append(node.text(deep=False) or "")
    return one_space("".join(pieces)), most - steps


def _steps(source: str, most: int) -> int:
    """About how many steps the parser takes. Raises Unreadable past ``most``."""
    depth = steps = options = 0
    open_of: dict[str, int] = {}  # element -> how many are open; what closes none of them changes nothing
    for tag in TAG.finditer(source):
        closing, name = tag.groups()
        name = name.lower()
        if not closing:
            if name == "option":  # each looks for the selected one among all before it
                options += 1
                steps += options
            if name not in SHALLOW:
                open_of[name] = open_of.get(name, 0) + 1
                depth += 1
        elif open_of.get(name):
            open_of[name] -= 1
            depth -= 1
        steps += depth + TAG_STEPS
        if steps > most:
            raise _too_many()
    for tag in WHOLE.finditer(source):
        start, end = tag.span()
        if end - start > LONG:
            steps += len(tag.group().replace("/", " ").split()) ** 2
        else:
            steps += ((end - start) // 2) ** 2
        if steps > most:
            raise _too_many()
    return steps


def _too_many() -> Unreadable:
    return Unreadable("its HTML has too many tags, is nested too deep, or a tag has too many attributes")
