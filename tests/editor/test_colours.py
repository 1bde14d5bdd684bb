"""The grammars of editors: made from the vocabulary table, and what real editors make of them.

The TextMate grammar is run by VS Code's own tokenizer, the Vim syntax by Vim or Neovim itself.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pyfilter.editor.classes import CLASSES
from pyfilter.editor.grammars import grammars
from pyfilter.editor.textmate import SCOPES
from pyfilter.language.lalr import keywords

CHECKOUT = Path(__file__).parents[2]
EDITORS = CHECKOUT / "examples" / "editors"
HERE = Path(__file__).parent

# classes beside those of the vocabulary: ours -> TextMate's scope, Vim's group
MORE = {
    "comment": ("comment.line.number-sign", "Comment"),
    "text": ("string.quoted", "String"),
    "message": ("string.quoted.triple.message", "Message"),
    "regex": ("string.regexp", "Regex"),
    "pattern": ("string.quoted.double", "Glob"),
    "escape": ("constant.character.escape", "Escape"),
    "star": ("keyword.operator.wildcard", "Wildcard"),
    "hole": ("variable.other.hole", "Hole"),
    "capture": ("variable.parameter.capture", "Capture"),
    "group": ("variable.parameter.capture", "Group"),
    "number": ("constant.numeric", "Number"),
    "rule name": ("entity.name.section.rule", "RuleName"),
    "name": ("entity.name.type", "Name"),
    "header name": ("entity.other.header-name", "Header"),
    "shipped": ("string.other.shipped", "Shipped"),
}
# groups of Vim's that only tell where a word stands
VIM_CLASS = {
    "ListName": "Name", "ListFrom": "Clause", "FlagAs": "Clause", "Optional": "Clause", "Else": "Statement",
    "Exactly": "Relation", "Or": "Condition",
}  # fmt: skip

# a line, and what the words in it are, in order; a word is looked for behind the one before
LINES = [
    ('rule "boss" {   # the simplest', [("rule", "statement"), ('"boss"', "rule name"), ("# the simplest", "comment")]),
    ("rule boss else {", [("rule", "statement"), ("boss", "rule name"), ("else", "statement")]),
    (
        '    when from.domain is "news.example" or "promo.example"',
        [
            ("when", "statement"), ("from.domain", "field"), ("is", "relation"), ("news", "text"), ("or", "condition"),
            ("promo", "text"),
        ],
    ),
    ("     and not (from in family)", [
        ("and", "condition"), ("not", "condition"), ("from", "field"), ("in", "relation"), ("family", "name"),
    ]),
    ('list shops from "shops.txt"', [("list", "statement"), ("shops", "name"), ("from", "clause"), ("shops", "text")]),
    (
        'list book from command "addresses" every 1 hour',
        [("from", "clause"), ("command", "clause"), ("every", "clause"), ("1", "number"), ("hour", "unit")],
    ),
    ('when subject matches "[{tag}] *?\\*"', [
        ("subject", "field"), ("matches", "relation"), ("[", "pattern"), ("tag", "capture"), ("*", "star"),
        ("?", "star"), ("\\*", "escape"),
    ]),
    ('when subject is "*{tag}"', [("*", "text"), ("tag", "hole")]),
    ('when subject matches "a" or "*" or from is "*"', [
        ("*", "star"), ("or", "condition"), ("from", "field"), ("*", "text"),
    ]),
    ('when subject matches exactly /a "(?P<nr>[0-9]+)/i, "*"', [
        ("exactly", "relation"), ('a "', "regex"), ("nr", "group"), ("+)", "regex"), ("*", "star"),
    ]),
    ('when subject does not match "*"', [("does not match", "relation"), ("*", "star")]),
    ('    file into "a \\" {list} \\{ # b"  # c', [
        ("file into", "action"), ("a ", "text"), ('\\"', "escape"), ("list", "hole"), ("\\{", "escape"),
        ("# b", "text"), ("# c", "comment"),
    ]),
    ('file into "{today:%Y-%m}"', [("today", "hole")]),
    ("set layout = maildir++", [("set", "statement"), ("layout", "setting"), ("maildir++", "value")]),
    ("set spamd.required = no", [("spamd.required", "setting"), ("no", "value")]),
    ('set header X-A "b"', [("set header", "action"), ("X-A", "header name"), ("b", "text")]),
    ('when header X-Cron-Env is not "a"', [("header", "field"), ("X-Cron-Env", "header name"), ("is not", "relation")]),
    ("mark as read, seen", [("mark", "action"), ("as", "clause"), ("read", "flag"), ("seen", "flag")]),
    ("when dkim is none or size >= 2.5 MB", [
        ("dkim", "field"), ("none", "value"), ("or", "condition"), ("size", "field"), (">=", "relation"),
        ("2.5", "number"), ("MB", "unit"),
    ]),
    ("when none { spam; dkim passes }", [("none", "condition"), ("spam", "field"), ("passes", "relation")]),
    ("when today between 2026-12-24 and 2027-01-02", [
        ("today", "field"), ("between", "relation"), ("2026-12-24", "number"), ("2027-01-02", "number"),
    ]),
    ("when time between 22:00 and 6:00", [("time", "field"), ("22:00", "number"), ("6:00", "number")]),
    ('reply every 7 days subject "Away" "x"', [
        ("reply", "action"), ("every", "clause"), ("7", "number"), ("days", "unit"), ("subject", "clause"),
    ]),
    ("include optional <lists>", [("include", "statement"), ("optional", "clause"), ("<lists>", "shipped")]),
    ("do archive", [("do", "action"), ("archive", "name")]),
    ("action archive { keep }", [("action", "statement"), ("archive", "name"), ("keep", "action")]),
    ('let me = "x"', [("let", "statement"), ("me", "name"), ("x", "text")]),
    ("discard and continue", [("discard", "action"), ("and continue", "clause")]),
    # no word of the language stands in a word
    ("fromage sizes xfrom", [("fromage", ""), ("sizes", ""), ("xfrom", "")]),
    # a long text, and a message, in which nothing is special
    ('reply """', [("reply", "action"), ('"""', "text")]),
    ("    when {list} # no comment", [("when", "text"), ("list", "hole"), ("# no comment", "text")]),
    ('    """', [('"""', "text")]),
    ('message """', [("message", "clause"), ('"""', "message")]),
    ("    Subject: when {list}", [("when", "message"), ("list", "message")]),
    ('    """', [('"""', "message")]),
    ("expect keep", [("expect", "clause"), ("keep", "action")]),
]  # fmt: skip

# class -> a line that a word of it stands in
FRAMES = {
    "statement": "{} ",
    "clause": "{} ",
    "condition": "when {} {{",
    "relation": 'when subject {} "x"',
    "field": "when {} exists",
    "action": '    {} "x"',
    "flag": "mark {}",
    "setting": 'set {} = "x"',
    "unit": "when size > 5 {}",
    "value": "set x = {}",
}
WORDS = [(word, name) for name, words in CLASSES.items() for word in words]
WORD_LINES = [(FRAMES[name].format(word), [(word, name)]) for word, name in WORDS]

Found = Callable[[int, int, int], set[str]]


def judge(lines: list[tuple[str, list[tuple[str, str]]]], found: Found, wanted: Callable[[str], str]) -> list[str]:
    """What is coloured wrongly; ``found``: the classes at the characters of a line."""
    wrong = []
    for number, (line, words) in enumerate(lines):
        position = 0
        for word, name in words:
            start = line.index(word, position)
            position = start + len(word)
            classes = found(number, start, position)
            if classes != {wanted(name)}:
                wrong.append(f"{line}: {word} is {classes}, not {wanted(name)}")
    return wrong


def test_the_files_are_what_the_table_makes() -> None:
    for name, text in grammars().items():
        assert (EDITORS / name).read_text("utf-8") == text, f"{name}: run `python -m pyfilter.editor.grammars`"


def test_every_word_of_the_grammar_has_a_class() -> None:
    coloured = {piece for words in CLASSES.values() for word in words for piece in word.split()}
    assert set(keywords().values()) - coloured == set()


def test_every_class_has_a_frame_and_a_scope() -> None:
    assert set(CLASSES) == set(FRAMES) == set(SCOPES)


# ------------------------------------------------------------------------ VS Code


def modules() -> Path:
    """Where npm has put VS Code's tokenizer (.ci/setup dev)."""
    place = Path(os.environ.get("PYFILTER_NODE_MODULES", CHECKOUT / ".venv" / "node_modules"))
    if not shutil.which("node"):
        pytest.skip("node is not installed: apt-get install nodejs")
    if not (place / "vscode-textmate").is_dir():
        pytest.skip("VS Code's tokenizer is not installed: npm install --prefix .venv vscode-textmate vscode-oniguruma")
    return place


def textmate(lines: list[str]) -> Found:
    grammar = EDITORS / "vscode" / "syntaxes" / "pyfilter.tmLanguage.json"
    done = subprocess.run(
        ["node", str(HERE / "tokenize.js"), str(modules()), str(grammar)],
        input="\n".join(lines), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    tokens: dict[int, list[tuple[int, int, str]]] = {}
    for row in done.stdout.splitlines():
        line, start, end, scopes = json.loads(row)
        tokens.setdefault(line, []).append((start, end, scopes[-1].removesuffix(".pyfilter") if scopes else ""))

    def found(line: int, start: int, end: int) -> set[str]:
        return {_ours(scope) for first, last, scope in tokens[line] if first < end and start < last}

    return found


def _ours(scope: str) -> str:
    names = {value.removesuffix(".pyfilter"): name for name, value in SCOPES.items()}
    names |= {value: name for name, (value, _) in MORE.items() if name not in ("pattern", "group", "text")}
    for place, name in sorted(names.items(), key=lambda item: -len(item[0])):
        if scope == place or scope.startswith(f"{place}."):
            return name
    return "text" if scope.startswith("string.quoted") else scope


def _in_textmate(name: str) -> str:
    return {"pattern": "text", "group": "capture"}.get(name, name)


def test_vs_code_colours_lines() -> None:
    assert judge(LINES, textmate([line for line, _ in LINES]), _in_textmate) == []


def test_vs_code_colours_every_word() -> None:
    assert judge(WORD_LINES, textmate([line for line, _ in WORD_LINES]), _in_textmate) == []


# ---------------------------------------------------------------------------- Vim


VIMS = {"vim": ["-es"], "nvim": ["--headless"]}


def vim(program: str, lines: list[str], place: Path) -> tuple[str, Found]:
    """The file type, and Vim's groups."""
    if not shutil.which(program):
        pytest.skip(f"{program} is not installed: apt-get install {program.replace('nvim', 'neovim')}")
    rules, out = place / ".pyfilterrc", place / "groups"
    rules.write_text("\n".join(lines) + "\n", "utf-8")
    env = {
        **os.environ,
        "PYFILTER_EDITOR": str(EDITORS / "vim"),
        "PYFILTER_RULES": str(rules),
        "PYFILTER_OUT": str(out),
    }
    command = [program, "-u", "NONE", "-i", "NONE", *VIMS[program], "-S", str(HERE / "groups.vim")]
    subprocess.run(command, env=env, stdin=subprocess.DEVNULL, check=True, timeout=60, capture_output=True)
    kind, *rows = out.read_text().splitlines()
    groups: dict[int, list[tuple[int, int, str]]] = {}
    for row in rows:
        line, start, end, *group = row.split()
        name = group[0].removeprefix("pyfilter") if group else ""
        groups.setdefault(int(line), []).append((int(start), int(end), VIM_CLASS.get(name, name)))

    def found(line: int, start: int, end: int) -> set[str]:
        return {name for first, last, name in groups[line] if first < end and start < last}

    return kind, found


def _in_vim(name: str) -> str:
    return MORE[name][1] if name in MORE else name.capitalize()


@pytest.mark.parametrize("program", VIMS)
def test_vim_colours_lines(program: str, tmp_path: Path) -> None:
    kind, found = vim(program, [line for line, _ in LINES], tmp_path)
    assert kind == "pyfilter"
    assert judge(LINES, found, _in_vim) == []


@pytest.mark.parametrize("program", VIMS)
def test_vim_colours_every_word(program: str, tmp_path: Path) -> None:
    assert judge(WORD_LINES, vim(program, [line for line, _ in WORD_LINES], tmp_path)[1], _in_vim) == []
