"""`add header`, `set header`, `remove header`: which headers a rule may change, and to what.

In: the action of the tree. Out: ("add-header", name, template), ("set-header", name, template),
("remove-header", name), with place; None where something was reported.

- A name is one of RFC 5322, section 3.6.8. `remove header` takes a `*` at its end: all that begin so.
- What mail servers write to say which way a message came and who sent it is not changed: loops and forgeries are
  found by it.
- A warning for what is signed or needed by mail programs, and for a second header where RFC 5322, section 3.6,
  allows one.
- A text is one line; what a hole brings is made one by the engine.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.language.check_headers import header_name
from pyfilter.language.check_texts import Lowered, Scope, Texts
from pyfilter.language.tree import Action, Text, Word

__all__ = ["changed"]

# which way a message came: no rule changes it
_WAY = frozenset({"received", "return-path", "delivered-to", "x-original-to"})
# who sent it, in the words of one's own servers: may be taken out, never written
_WITNESS = frozenset(
    {"authentication-results", "received-spf", "arc-authentication-results", "arc-message-signature", "arc-seal"}
)
# header -> what suffers if it changes
_NEEDED = {
    "dkim-signature": "nobody behind you can verify the sender any more",
    "from": "its signature fails, and an answer goes elsewhere",
    "date": "its signature fails",
    "message-id": "answers do not find their thread",
    "in-reply-to": "it leaves its thread",
    "references": "it leaves its thread",
    "mime-version": "mail programs read the body wrongly",
    "content-type": "mail programs read the body wrongly",
    "content-transfer-encoding": "mail programs read the body wrongly",
}
# RFC 5322, section 3.6: at most one in a message
_SINGLE = frozenset({
    "date", "from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject",
    "mime-version", "content-type", "content-transfer-encoding", "content-disposition", "content-id",
})  # fmt: skip
# characters before a star: `X*` would take nearly everything
_BEFORE_STAR = 3


def changed(node: Action, scope: Scope, at: tuple[int, int], texts: Texts) -> Lowered | None:
    report = texts.report
    word = node.arguments[0]
    assert isinstance(word, Text | Word)
    name = header_name(word, report)
    if name is None or not _may_change(node, name, word, texts):
        return None
    kind = node.verb.replace(" ", "-")
    if node.verb == "remove header":
        return kind, name, *at
    text = node.arguments[1]
    assert isinstance(text, Text)
    template = texts.template(text, scope)
    if template is None:
        return None
    literal = template if isinstance(template, str) else "".join(part for part in template if isinstance(part, str))
    if len(literal) > limits.HEADER_TEXT_CHARACTERS:
        help = f"a header's text has at most {limits.HEADER_TEXT_CHARACTERS} characters"
        report.add("E307", "the text is too long", text.span, f"{len(literal)} characters", help)
        return None
    return kind, name, template, *at


def _may_change(node: Action, name: str, word: Text | Word, texts: Texts) -> bool:
    """Whether ``name`` is changed by such an action; what is wrong is reported."""
    report = texts.report
    stem, star, behind = name.lower().partition("*")
    if star and (node.verb != "remove header" or behind or len(stem) < _BEFORE_STAR):
        label = "only `remove header` takes several" if node.verb != "remove header" else ""
        help = f"write at least {_BEFORE_STAR} letters and one `*` behind them" if not label else "write the name out"
        report.add("E346", "a star in the name of a header", word.span, label, help)
        return False

    def among(names: frozenset[str]) -> str | None:
        return next((known for known in sorted(names) if known == stem or (star and known.startswith(stem))), None)

    way = among(_WAY)
    witness = among(_WITNESS) if node.verb != "remove header" else None
    if way or witness:
        label = "it says which way the message came" if way else "only your mail server may say who the sender is"
        help = 'write a header of your own: `add header X-Rule "…"`' if not star else f"`{way}` begins so"
        report.add("E345", f"`{name}` is not changed by a rule", word.span, label, help)
        return False
    if node.verb == "add header" and stem in _SINGLE:
        report.add(
            "W340",
            f"a message has one `{name}` at most",
            word.span,
            "this adds a second one",
            f"write `set header {node.span.text.partition('header')[2].strip()}`",
        )
    elif stem in _NEEDED:
        report.add("W340", f"`{name}` is needed as it is", word.span, _NEEDED[stem], "")
    return True
