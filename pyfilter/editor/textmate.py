"""The grammar that VS Code, TextMate, Sublime and others colour a rule file by, as data for JSON.

Out: a TextMate grammar (the manual of TextMate 1.5, "Language Grammars"), its regular expressions
for Oniguruma. What comes first wins, so what stands around a word comes before the word: the
`from` of `list shops from "…"` is no field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pyfilter.editor.classes import CLASSES, HEADER_VERBS

__all__ = ["textmate"]

# class -> scope, by the conventions themes go by
SCOPES = {
    "statement": "keyword.control.statement.pyfilter",
    "clause": "keyword.control.clause.pyfilter",
    "condition": "keyword.operator.logical.pyfilter",
    "relation": "keyword.operator.relation.pyfilter",
    "field": "variable.language.field.pyfilter",
    "action": "support.function.action.pyfilter",
    "flag": "constant.language.flag.pyfilter",
    "setting": "support.type.property-name.setting.pyfilter",
    "unit": "keyword.other.unit.pyfilter",
    "value": "constant.language.pyfilter",
}
_BEFORE, _BEHIND = r"(?<![\w.-])", r"(?![\w.+-])"
_B = r"[ \t]+"


def textmate() -> dict[str, Any]:
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "comment": "Made by `python -m pyfilter.editor.grammars` from the vocabulary table. Do not edit by hand.",
        "name": "pyfilter",
        "scopeName": "source.pyfilter",
        "fileTypes": ["pyfilterrc"],
        "patterns": [{"include": "#code"}],
        "repository": {
            "code": {"patterns": [{"include": f"#{name}"} for name in _ORDER]},
            "comment": _match(r"#.*$", "comment.line.number-sign.pyfilter"),
            "message": {
                "begin": rf"{_BEFORE}(message)[ \t]*(\"\"\")",
                "beginCaptures": _captures(SCOPES["clause"], "string.quoted.triple.message.pyfilter"),
                "end": r'"""',
                "contentName": "string.quoted.triple.message.pyfilter",
                "endCaptures": {"0": {"name": "string.quoted.triple.message.pyfilter"}},
            },
            "long": _text(r'"""', "triple"),
            "text": _text(r'"', "double"),
            "pattern": {
                "begin": rf"{_BEFORE}(does[ \t]+not[ \t]+match|match(?:es)?)(?:{_B}(exactly))?{_BEHIND}",
                "beginCaptures": _captures(SCOPES["relation"], SCOPES["relation"]),
                # as long as patterns follow, separated by `,` or `or`
                "end": r'(?![ \t]*(?:["/,]|or[ \t]*["/]))',
                "patterns": [
                    _match(rf"{_BEFORE}or{_BEHIND}", SCOPES["condition"]),
                    _text(r'"', "double", ("#escape", "#capture", "#wildcard")),
                    {"include": "#regex"},
                ],
            },
            "regex": {
                "name": "string.regexp.pyfilter",
                "begin": r"(?<=[\s,(])/(?=(?:\\.|[^/\\])+/)",
                "end": r"/([a-z]*)",
                "endCaptures": _captures("keyword.other.flags.pyfilter"),
                "patterns": [
                    {"match": r"\(\?P?<(\w+)>", "captures": _captures("variable.parameter.capture.pyfilter")},
                    _match(r"\\.", "constant.character.escape.pyfilter"),
                    _match(r"\[(?:\\.|[^\]\\])*\]", "constant.other.character-class.pyfilter"),
                ],
            },
            "escape": _match(r'\\["\\{}*?]', "constant.character.escape.pyfilter"),
            "wildcard": _match(r"[*?]", "keyword.operator.wildcard.pyfilter"),
            "capture": _hole("variable.parameter.capture.pyfilter"),
            "hole": _hole("variable.other.hole.pyfilter"),
            "rule": {
                "match": rf"{_BEFORE}(rule|test){_B}(?:(\"(?:\\.|[^\"\\])*\")|([^\W\d][\w-]*))(?:{_B}(else){_BEHIND})?",
                "captures": _captures(
                    SCOPES["statement"],
                    "entity.name.section.rule.pyfilter",
                    "entity.name.section.rule.pyfilter",
                    SCOPES["statement"],
                ),
            },
            "list": {
                "match": rf"{_BEFORE}(list){_B}([^\W\d][\w-]*)(?:{_B}(from)(?:{_B}(command))?{_BEHIND})?",
                "captures": _captures(
                    SCOPES["statement"], "entity.name.type.list.pyfilter", SCOPES["clause"], SCOPES["clause"]
                ),
            },
            "name": {
                "match": rf"{_BEFORE}(let|define|action){_B}([^\W\d][\w-]*)",
                "captures": _captures(SCOPES["statement"], "entity.name.type.pyfilter"),
            },
            "shipped": {
                "match": rf"{_BEFORE}(include)(?:{_B}(optional))?{_B}(<[a-z0-9-]+>)",
                "captures": _captures(SCOPES["statement"], SCOPES["clause"], "string.other.shipped.pyfilter"),
            },
            "setting": {
                "match": rf"{_BEFORE}(set){_B}(?:({_any(CLASSES['setting'])}){_BEHIND})",
                "captures": _captures(SCOPES["statement"], SCOPES["setting"]),
            },
            "setting-value": {
                "match": rf"(?<==)[ \t]*({_any(CLASSES['value'])}){_BEHIND}",
                "captures": _captures(SCOPES["value"]),
            },
            "header": {
                "match": rf"{_BEFORE}(?:({_any(HEADER_VERBS)})|(header|environment)){_B}([^\W\d][\w-]*)",
                "captures": _captures(SCOPES["action"], SCOPES["field"], "entity.other.header-name.pyfilter"),
            },
            "flags": {
                "begin": rf"{_BEFORE}((?:un)?mark){_BEHIND}(?:{_B}(as){_BEHIND})?",
                "beginCaptures": _captures(SCOPES["action"], SCOPES["clause"]),
                "end": rf"(?![ \t]*(?:,|{_any(CLASSES['flag'])}{_BEHIND}))",
                "patterns": [_words("flag")],
            },
            "do": {
                "match": rf"{_BEFORE}(do){_B}([^\W\d][\w-]*)",
                "captures": _captures(SCOPES["action"], "entity.name.type.pyfilter"),
            },
            "in": {
                "match": rf"{_BEFORE}((?:not{_B})?in){_B}([^\W\d][\w-]*)",
                "captures": _captures(SCOPES["relation"], "entity.name.type.list.pyfilter"),
            },
            # `subject "Away"` of a reply, `file "away.txt"`
            "reply": _match(rf"{_BEFORE}(?:subject|file)(?=[ \t]+\")", SCOPES["clause"]),
            # `none` is also a word that fields and settings can be
            "group": _match(rf"{_BEFORE}(?:any|all|none)(?=[ \t]*\{{)", SCOPES["condition"]),
            "result": {
                "match": rf"{_BEFORE}(is(?:{_B}not)?){_B}({_any(CLASSES['value'])}){_BEHIND}",
                "captures": _captures(SCOPES["relation"], SCOPES["value"]),
            },
            "comparison": _match(r"<=|>=|==|<|>", SCOPES["relation"]),
            "date": _match(r"(?<![\w.-])[0-9]{4}-[0-9]{2}-[0-9]{2}(?!\w)", "constant.numeric.date.pyfilter"),
            "time": _match(r"(?<![\w.-])[0-9]{1,2}:[0-9]{2}(?!\w)", "constant.numeric.time.pyfilter"),
            "quantity": {
                "match": rf"(?<![\w.])([-+]?[0-9]+(?:\.[0-9]+)?)(?:[ \t]*({_any(CLASSES['unit'])}){_BEHIND})?",
                "captures": _captures("constant.numeric.pyfilter", SCOPES["unit"]),
            },
            **{name: _words(name) for name in _WORDS},
        },
    }


# words without anything around them that says what they are; a phrase before its first word
_WORDS = ("action", "relation", "clause", "statement", "field", "condition", "value")
_ORDER = (
    "comment", "message", "long", "text", "pattern", "regex", "rule", "list", "name", "shipped", "setting",
    "setting-value", "header", "flags", "do", "in", "reply", "group", "result", "comparison", "date", "time",
    "quantity", *_WORDS,
)  # fmt: skip


def _any(words: Iterable[str]) -> str:
    """Any of the words, the longest first; a phrase may have several blanks."""
    ordered = sorted(words, key=lambda word: (-len(word), word))
    return "|".join(_B.join(re.escape(piece) for piece in word.split()) for word in ordered)


def _words(name: str) -> dict[str, Any]:
    return _match(rf"{_BEFORE}(?:{_any(CLASSES[name])}){_BEHIND}", SCOPES[name])


def _match(pattern: str, scope: str) -> dict[str, Any]:
    return {"name": scope, "match": pattern}


def _captures(*scopes: str) -> dict[str, Any]:
    return {str(number): {"name": scope} for number, scope in enumerate(scopes, 1)}


def _text(quote: str, kind: str, inside: tuple[str, ...] = ("#escape", "#hole")) -> dict[str, Any]:
    end = quote if kind == "triple" else r'"|$'  # an open quote ends with its line
    return {
        "name": f"string.quoted.{kind}.pyfilter",
        "begin": quote,
        "end": end,
        "patterns": [{"include": name} for name in inside],
    }


def _hole(scope: str) -> dict[str, Any]:
    return {
        "name": "meta.template.hole.pyfilter",
        "match": r"(\{)([^{}:\"\n]*)(:[^{}\"\n]*)?(\})",
        "captures": _captures(
            "punctuation.definition.template.pyfilter", scope, "constant.other.format.pyfilter",
            "punctuation.definition.template.pyfilter",
        ),
    }  # fmt: skip
