"""Sixty everyday rules as new users typed them (tries/sixty.txt), run: what docs/tries.md says of them is so.

A try is read, checked and run over its two messages. Where it has errors, what the first one's help says is followed:
the line to write takes the place of what is underlined, or of the words around it that it repeats. Where help is not one
line to write, tries/followed.txt has the rule as somebody writes it who does what it says. So on until nothing is wrong,
and both messages must go where they are meant to.

``PYFILTER_REWRITE=1 pytest tests/docs/test_tries.py`` writes the table anew; read the diff before committing it.
"""

from __future__ import annotations

import base64
import functools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from pyfilter.language.compiling import compile_sources
from pyfilter.language.diagnostics import Diagnostic
from pyfilter.language.tree import Source
from pyfilter.trials import run

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "tries.md"
REWRITE = bool(os.environ.get("PYFILTER_REWRITE"))
MOST = 4  # errors that somebody follows one after another


@dataclass(frozen=True)
class Mail:
    given: str
    raw: bytes
    goes: str


@dataclass(frozen=True)
class Try:
    number: str
    person: str
    wish: str
    typed: str
    mails: tuple[Mail, ...]


@dataclass(frozen=True)
class Told:
    """An error on the way, and what was written then."""

    code: str
    message: str
    help: str


@dataclass(frozen=True)
class Outcome:
    """``told``: one after another, each followed; ``last``: the rule then."""

    told: tuple[Told, ...]
    works: bool
    last: str


# ------------------------------------------------------------------ reading


def tries() -> list[Try]:
    text = (HERE / "tries" / "sixty.txt").read_text("utf-8")
    return [_try(block) for block in re.split(r"(?m)^== ", text)[1:]]


def _try(block: str) -> Try:
    head, rest = block.split("\n", 1)
    number, person = head.split()
    found = re.fullmatch(
        r"wish +(?P<wish>.*)\ntyped\n(?P<typed>(?:    .*\n)+)match (?P<match>.*)\n    (?P<mail>.*)\n"
        r"miss (?P<miss>.*)\n    (?P<near>.*)\n*",
        rest,
    )
    assert found, block
    typed = re.sub(r"(?m)^    ", "", found["typed"])
    mails = (_mail(found["mail"], found["match"]), _mail(found["near"], found["miss"]))
    return Try(number, person, found["wish"], typed, mails)


def _mail(line: str, goes: str) -> Mail:
    given, line = re.fullmatch(r"(?:\(given ([^)]*)\) )?(.*)", line).groups("")  # type: ignore[union-attr]
    head, _, body = line.partition(" | | ")
    given = re.sub(r"^today ", "today is ", given)
    header = head.replace(" | ", "\n")
    if names := re.findall(r"<attachment ([^>]*)>", body):
        return Mail(given, _with_files(header, names), goes)
    if size := re.fullmatch(r"<body (\d+) MB>", body):
        body = ("x" * 75 + "\n") * (int(size[1]) * 1_000_000 // 76)
    return Mail(given, f"{header}\n\n{body}\n".encode(), goes)


def _with_files(header: str, names: list[str]) -> bytes:
    lines = [header, "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b"', "", "--b", "", "text"]
    for name in names:
        lines += ["--b", f'Content-Type: application/octet-stream; name="{name}"']
        lines += [f'Content-Disposition: attachment; filename="{name}"', "Content-Transfer-Encoding: base64", ""]
        lines += [base64.b64encode(b"data").decode()]
    return "\n".join([*lines, "--b--", ""]).encode()


@functools.cache
def followed() -> dict[tuple[str, str], str]:
    """{(number, code of the error): the rule when its help, which is no line to write, was followed}"""
    text = (HERE / "tries" / "followed.txt").read_text("utf-8")
    blocks = re.findall(r"(?m)^== (\d\d) (E\d+)\n((?:(?!== ).*\n)*)", text)
    return {(number, code): rule.strip("\n") + "\n" for number, code, rule in blocks}


# ------------------------------------------------------------------ running


@functools.cache
def errors(typed: str) -> list[Diagnostic]:
    found = compile_sources([Source("rules", typed)]).diagnostics
    return [problem for problem in found if problem.severity == "error"]


def goes_as_meant(typed: str, mail: Mail) -> bool:
    given = f"    given {mail.given}\n" if mail.given else ""
    expected = "".join(f"    expect {what}\n" for what in mail.goes.split("; "))
    block = f'\ntest "it" {{\n    message "Subject: x"\n{given}{expected}}}\n'
    compiled = compile_sources([Source("rules", typed + block)])
    assert compiled.program is not None, (typed, compiled.diagnostics)
    (trial,) = compiled.trials
    (tried,) = run(compiled.program, [replace(trial, message=mail.raw)])
    return not tried.problems


def works(one: Try, typed: str) -> bool:
    return not errors(typed) and all(goes_as_meant(typed, mail) for mail in one.mails)


def outcome(one: Try, typed: str, told: tuple[Told, ...] = ()) -> Outcome:
    """What becomes of ``typed`` when each error's help is followed."""
    found = errors(typed)
    if not found:
        return Outcome(told, works(one, typed), typed)
    first = found[0]
    now = (*told, Told(first.code, first.message, first.help))
    if len(told) >= MOST:
        return Outcome(now, False, typed)
    best = Outcome(now, False, typed)
    same = (first.code, first.message, first.span.start)
    for edited in as_help_says(one, typed, first):
        if any((after.code, after.message, after.span.start) == same for after in errors(edited)):
            continue
        result = outcome(one, edited, now)
        if result.works and (not best.works or len(result.told) < len(best.told)):
            best = result
        if best.works and len(best.told) == len(now):
            break
    return best


def as_help_says(one: Try, typed: str, problem: Diagnostic) -> Iterator[str]:
    told = re.search(r"(?:\bwrite|did you mean)\s+`([^`]*)`", problem.help)
    if told:
        yield from _put(typed, problem, told[1])
    if recorded := followed().get((one.number, problem.code)):
        yield recorded


def _put(typed: str, problem: Diagnostic, line: str) -> Iterator[str]:
    """``line`` in the place of what is underlined, or of the words around it that it repeats, or of the line."""
    start, end = problem.span.start, problem.span.end
    left = typed.rfind("\n", 0, start) + 1
    right = typed.find("\n", start)
    right = len(typed) if right < 0 else right
    code = typed[left:right]
    begins = [at.end() for at in re.finditer(r"^\s*(?:when\s+)?|\b(?:and|or)\s+|&&\s*", code[: start - left])]
    ends = [end, *(end + at.start() for at in re.finditer(r"\s+(?:and|or|&&)\s|\s*[{;]|\s*$", typed[end:right]))]
    whole = re.match(r"\s*", code)
    word = start - len(re.search(r"\S*$", code[: start - left])[0])  # type: ignore[index]
    starts = [start, word, *(left + at for at in begins[-1:]), left + (whole.end() if whole else 0)]
    for at in dict.fromkeys(starts):
        for until in dict.fromkeys(ends[:2]) if at != starts[-1] else dict.fromkeys((*ends[:2], right)):
            if not re.search(r"\b(?:and|or)\b|&&", typed[at:start] + typed[end:until]):
                yield typed[:at] + line + typed[until:]


# ------------------------------------------------------------------ the table


def verdict(one: Try, result: Outcome) -> str:
    if not result.works or len(errors(one.typed)) > max(len(result.told), 1):
        return "no"
    if not result.told:
        return "works"
    return "one error" if len(result.told) == 1 else f"{len(result.told)} errors, one for each slip"


if __name__ == "__main__":
    for one in tries():
        result = outcome(one, one.typed)
        print(f"== {one.number} {one.person}: {one.wish}: {verdict(one, result).upper()}")
        for told in result.told:
            print(f"   {told.code} {told.message}\n      help: {told.help}")
        if not result.works:
            print(result.last)
            for problem in errors(result.last):
                print("   >", problem.code, problem.message, "|", problem.span.text.split("\n")[0], "|", problem.help)
