"""`forward to`, `copy to`: the addresses that mail is sent to. `reply`: what is answered, and how often.

In: the action of the tree. Out: ("forward", addresses, continues), ("copy-to", addresses), ("reply", text, path,
subject, every), with place; None where something was reported.

- An address is one plain address (RFC 5322, section 3.4.1), no name, no brackets, ASCII. With holes it is held against
  the same rule when mail comes (engine/holes.py). A warning where the message says who gets it.
- A reply has one text, or a file that holds it; its other clauses stand in any order, each once.
"""

from __future__ import annotations

import os

from pyfilter import limits
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_paths import beside, unusable
from pyfilter.language.check_texts import Lowered, Scope, Template, Texts
from pyfilter.language.tree import Action, Clause, Quantity, Text
from pyfilter.message.addresses import mailbox

__all__ = ["addressed", "answered"]

_FIXED = ("recipient", "today", "now", "time", "weekday", "environment ")


def addressed(node: Action, scope: Scope, at: tuple[int, int], texts: Texts) -> Lowered | None:
    made: list[Template] = []
    whole = True
    for text in node.arguments:
        assert isinstance(text, Text)
        address = _address(node.verb, text, scope, texts)
        if address is None:
            whole = False
        elif address not in made:
            made.append(address)
    if not whole:
        return None
    if len(made) > limits.ADDRESSES_OF_ACTION:
        span = node.arguments[limits.ADDRESSES_OF_ACTION].span
        help = "let the mail server send to so many, with an alias or a list"
        texts.report.add("E344", f"at most {limits.ADDRESSES_OF_ACTION} addresses", span, "one too many", help)
        return None
    if node.verb == "copy to":
        return "copy-to", tuple(made), *at
    return "forward", tuple(made), node.continues is not None, *at


def _address(verb: str, text: Text, scope: Scope, texts: Texts) -> Template | None:
    template = texts.template(text, scope)
    if template is None:
        return None
    if isinstance(template, str):
        label, help = _wrong(template)
        if label:
            texts.report.add("E344", f"`{verb}` wants an address", text.span, label, help)
            return None
        return template
    # a literal domain behind the last hole is the rule's choice, whatever stands before it
    last = template[-1]
    if isinstance(last, str) and "@" in last:
        label, help = _wrong("x" + last[last.index("@") :])
        if label:
            texts.report.add("E344", f"`{verb}` wants an address", text.span, label, help)
            return None
        return template
    if any(isinstance(part, tuple) and not part[1].startswith(_FIXED) for part in template):
        texts.report.add(
            "W313",
            "the sender chooses where this is sent",
            text.span,
            "it comes from the message",
            "name the address, or file the message and decide yourself",
        )
    return template


def _wrong(text: str) -> tuple[str, str]:
    """Why ``text`` is not one plain address, and what to write; both empty if it is."""
    box = mailbox(text) if text.isprintable() else None
    if not text.isascii():
        return "letters outside of ASCII", "write the domain as mail servers do: `xn--…`"
    if box is None or not box.local or not box.domain:
        if "," in text:
            return "several addresses in one text", "write each in quotes of its own, with `,` between"
        return "no address", "write one like `me@phone.example`"
    if box.address.casefold() != text.casefold():
        return "more than an address", f'write `"{box.address}"`'
    if text.startswith("-") or " " in text:
        return "no address that every program takes", ""
    return "", ""


# ------------------------------------------------------------------ reply


def answered(node: Action, scope: Scope, at: tuple[int, int], texts: Texts) -> Lowered | None:
    report = texts.report
    found: dict[str, Quantity | Text] = {}
    whole = True
    for clause in node.arguments:
        word, value = _clause(clause)
        if word in found or (word in ("text", "file") and {"text", "file"} & found.keys()):
            twice = "`reply` has two texts" if word in ("text", "file") else f"`{word}` stands twice"
            report.add("E347", twice, clause.span, "here again", "leave one of them out")
            whole = False
        found[word] = value
    text, file = found.get("text"), found.get("file")
    if text is None and file is None:
        rest = node.verb_span.source.text[node.verb_span.end :].partition("\n")[0].strip()
        if not rest.startswith(('"""', '"')):  # one that never ends is reported already
            help = 'write `reply "I am away."`, or `reply file "~/away.txt"`'
            report.add("E347", "`reply` needs its text", node.verb_span, "nothing to say", help)
        return None
    every = _every(found.get("every"), texts)
    subject: Template | None = None
    if isinstance(found.get("subject"), Text):
        subject = _said(found["subject"], scope, limits.SUBJECT_CHARACTERS, texts)
        whole = whole and subject is not None
    said: Template | None = ""
    path: str | None = None
    if isinstance(text, Text):
        said = _said(text, scope, limits.REPLY_CHARACTERS, texts)
    elif isinstance(file, Text):
        path = _file(file, texts)
        whole = whole and path is not None
    if not whole or said is None or every is None:
        return None
    return "reply", said, path, subject, every, *at


def _clause(node: object) -> tuple[str, Quantity | Text]:
    if isinstance(node, Clause):
        return node.word, node.text
    assert isinstance(node, Quantity | Text)
    return ("every" if isinstance(node, Quantity) else "text"), node


def _every(node: Quantity | Text | None, texts: Texts) -> int | None:
    """Seconds between two replies to one sender."""
    if not isinstance(node, Quantity):
        return limits.REPLY_SECONDS
    seconds = Numbers(texts.report).number(node, "seconds", "every")
    if seconds is None:
        return None
    if seconds < limits.REPLY_LEAST_SECONDS:
        help = "write at least `every 1 day` (RFC 5230, section 4.1); seven days are usual"
        texts.report.add("E347", "so often nobody is answered", node.span, "too short", help)
        return None
    return int(seconds)


def _said(node: object, scope: Scope, longest: int, texts: Texts) -> Template | None:
    assert isinstance(node, Text)
    template = texts.template(node, scope)
    if template is None:
        return None
    literal = template if isinstance(template, str) else "".join(part for part in template if isinstance(part, str))
    if len(literal) > longest:
        help = f"at most {longest} characters"
        texts.report.add("E307", "the text is too long", node.span, f"{len(literal)} characters", help)
        return None
    if isinstance(template, str) and not template.strip():
        texts.report.add("E347", "`reply` needs its text", node.span, "this one is empty", 'write `reply "I am away."`')
        return None
    return template


def _file(node: Text, texts: Texts) -> str | None:
    """The path of the file that holds the text: it is read when a reply is sent."""
    written = texts.literal(node, "a file's name")
    if written is None:
        return None
    path = beside(written, node.span.source, texts.home)
    problem = unusable(path, limits.REPLY_BYTES) if texts.look else ""
    if problem:
        label = "" if os.path.basename(path) == written else path
        help = "make it, or correct the path"
        texts.report.add("E347", f"the reply's file cannot be read: {problem}", node.span, label, help)
        return None
    return path
