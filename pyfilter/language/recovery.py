"""Where reading goes on behind a syntax error.

In: the text and the place of the error. Out: a place further on where a
statement begins for certain, so that one error is one diagnostic and what
follows it is still read. Works on characters, not tokens: what stands here
has just failed to be made of tokens.

- Outside every rule: the next ``rule``, ``test``, ``list``, ``set``, ``let``,
  ``define``, ``action`` or ``include`` at the left margin.
- Inside a rule or a test: the next line that begins with the word of a
  statement (one of ours or one often taken for it), or the closing brace.
- Quoted texts, comments and braces opened on the way are stepped over.
"""

from __future__ import annotations

import re

from pyfilter.language.tree import Span

# what can only begin a declaration, at the left margin; `set header` is an action
MARGIN = re.compile(r"(?:rule|test|include|list|let|define|action|set(?![ \t]+header\b))(?=[ \t\r\n\"“<{=]|$)")

# a statement of ours or what is typed for one (slips.py has the right line back for each)
STATEMENT = re.compile(
    r"(?:rule|when|file|keep|forward|pipe|discard|reject|defer|copy|reply|mark|unmark|add|set|remove|scan|pass|log"
    r"|notify|do|stop|message|given|expect"
    r"|move|save|store|fileinto|deliver|put|delete|trash|drop|junk|flag|unflag|star|redirect|bounce|filter|rewrite"
    r"|send|resend|archive|sort|fwd|erase|kill|refuse|addflag|setflag|removeflag|unstar|run|exec|execute|transform"
    r"|vacation|autoreply|answer|respond|print|echo|continue|next|break|exit|return|if|unless|except|else|then|score)"
    r"(?![\w.-])",
    re.IGNORECASE,
)

# a line that is an action, even where a condition could go on
ACTION_LINE = re.compile(
    r"(?:(?:file|copy)[ \t]+(?:in)?to|forward[ \t]+to|pipe[ \t]+to|(?:un)?mark[ \t]+\w+|pass[ \t]+through|do[ \t]+\w+"
    r"|(?:add|set|remove)[ \t]+header"
    r"|(?:keep|discard|stop|scan|reject|defer|reply|log|notify)(?=[ \t]*(?:[\"#;}\r\n]|$)))"
    r"(?![\w.-])",
)

_STEP = re.compile(
    r"""
      (?P<long>\"\"\")
    | (?P<text>"(?:\\.|[^"\\\n])*")
    | (?P<lone>"[^\n]*)
    | (?P<comment>\#[^\n]*)
    | (?P<regex>(?<=[\s,])/(?:\\.|[^/\\\n])+/)
    | (?P<open>\{)
    | (?P<close>\})
    | (?P<semicolon>;)
    | (?P<line>\n(?:[ \t\r\f]*(?:\#[^\n]*)?\n)*[ \t\r\f]*)
    """,
    re.VERBOSE,
)


def at_margin(text: str, offset: int) -> bool:
    """Whether a declaration begins at ``offset``, at the left margin."""
    return (offset == 0 or text[offset - 1] in "\n\ufeff") and MARGIN.match(text, offset) is not None


def resume(text: str, offset: int, depth: int, inside: bool) -> int:
    """The offset to go on from; ``depth``: braces the broken statement had opened; ``inside``: within a block."""
    position = offset
    while found := _STEP.search(text, position):
        position = found.end()
        match found.lastgroup:
            case "long":
                closing = text.find('"""', position)
                within = _HEAD_LINE.search(text, position, closing) if closing >= 0 else None
                if closing < 0 or within:
                    return within.start() if within else _next_margin(text, position)
                position = closing + 3
            case "open":
                depth += 1
            case "close" if depth:
                depth -= 1
            case "close" if inside:
                return found.start()
            case "semicolon" if inside and not depth:
                blank = _BLANKS.match(text, position)
                position = blank.end() if blank else position
                if STATEMENT.match(text, position):
                    return position
            case "line":
                if text[position - 1] == "\n" and MARGIN.match(text, position):
                    return position
                if inside and not depth and (STATEMENT.match(text, position) or text.startswith("}", position)):
                    return position
    return len(text)


_HEAD_LINE = re.compile(r'^(?:rule|test)[ \t]+(?:"[^"\n]*"|[\w-]+)[ \t]*\{[ \t\r]*$', re.MULTILINE)


def unclosed(text: str, long: Span) -> int | None:
    """Where, within a long text, a rule or test begins at the left margin: its closing quotes are missing above."""
    found = _HEAD_LINE.search(text, long.start, long.end)
    return found.start() if found else None


_BLANKS = re.compile(r"[ \t\r\f]*")
_LINE_MARGIN = re.compile(rf"^{MARGIN.pattern}", re.MULTILINE)


def _next_margin(text: str, position: int) -> int:
    found = _LINE_MARGIN.search(text, position)
    return found.start() if found else len(text)
