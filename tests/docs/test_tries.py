"""Sixty everyday rules as new users typed them (tries/sixty.txt), run: what docs/tries.md says of them is so.

A try is read, checked and run over its two messages. Where it has errors, what the first one's help says is
followed: the line to write takes the place of what is underlined, or of the word, the condition or the line around
it. Where help is not one line to write, tries/followed.txt has the rule as somebody writes it who does what it says.
So on until nothing is wrong, and both messages must go where they are meant to.

``PYFILTER_REWRITE=1 pytest tests/docs/test_tries.py`` writes the table anew; read the diff before committing it.
"""

from __future__ import annotations

import base64
import functools
import hashlib
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
DIGEST = "863aa9508ad6b2d1c6a27b685ef6a6fd6df947cd2b0e03b0d420fc3bf54c3056"  # of tries/sixty.txt


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
    """``line`` in the place of what is underlined, or of the word, the condition or the line around it; never of
    another condition, joined by `and` or `or`."""
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


def counted(verdicts: list[str]) -> dict[str, int]:
    """How often each, errors of several slips together."""
    kinds = {"works": 0, "one error": 0, "several": 0, "no": 0}
    for said in verdicts:
        kinds[said if said in kinds else "several"] += 1
    return kinds


def first_time() -> dict[str, str]:
    lines = (HERE / "tries" / "first.txt").read_text("utf-8").splitlines()
    return dict(line.split(" ", 1) for line in lines if not line.startswith("#"))


def cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    return "<br>".join(f"`{cell(line)}`" for line in text.splitlines() if line.strip())


def row(one: Try, result: Outcome, first: str) -> str:
    said = "<br>".join(f"{told.code}: {cell(told.message)}. *Help:* {cell(told.help)}" for told in result.told)
    cells = (one.number, cell(one.wish), code(one.typed), said or "nothing", first, verdict(one, result))
    return f"| {' | '.join(cells)} |"


PEOPLE = {
    "admin": "A mail administrator, who comes from procmail, Sieve and Exim",
    "webmail": "Somebody who knows the filter pages of webmail",
    "python": "A Python developer",
}
KINDS = {
    "works": "works as it was typed",
    "one error": "one error, whose help makes it work",
    "several": "two or three slips, an error for each, whose helps make it work",
    "no": "anything else",
}


def tables() -> str:
    """What stands in the page from its first table on."""
    done = {one: outcome(one, one.typed) for one in tries()}
    first = first_time()
    before, after = counted(list(first.values())), counted([verdict(one, done[one]) for one in done])
    lines = ["| of sixty | the first time | now |", "|---|---|---|"]
    lines += [f"| {text} | {before[kind]} | {after[kind]} |" for kind, text in KINDS.items()]
    for person, who in PEOPLE.items():
        lines += ["", f"## {who}", "", "| | wish | typed | what is said | first | now |", "|---|---|---|---|---|---|"]
        lines += [row(one, done[one], first[one.number]) for one in done if one.person == person]
    return "\n".join(lines) + "\n"


# ------------------------------------------------------------------ the tests


def test_twenty_of_each() -> None:
    assert [one.number for one in tries()] == [f"{number:02}" for number in range(1, 61)]
    assert counted_people() == {"admin": 20, "webmail": 20, "python": 20}
    assert list(first_time()) == [one.number for one in tries()]


def counted_people() -> dict[str, int]:
    people = [one.person for one in tries()]
    return {person: people.count(person) for person in PEOPLE}


def test_the_tries_stay_as_they_were_typed() -> None:
    digest = hashlib.sha256((HERE / "tries" / "sixty.txt").read_bytes()).hexdigest()
    assert digest == DIGEST


@pytest.mark.parametrize("one", tries(), ids=[one.number for one in tries()])
def test_a_try_works_or_is_told_how(one: Try) -> None:
    result = outcome(one, one.typed)
    assert verdict(one, result) != "no", (result, errors(result.last))


@pytest.mark.parametrize("one", tries(), ids=[one.number for one in tries()])
def test_the_two_mails_are_told_apart(one: Try) -> None:
    """Else a rule that takes everything, or nothing, would do."""
    result = outcome(one, one.typed)
    meant, near = one.mails
    assert not goes_as_meant(result.last, replace(near, goes=meant.goes))


def test_every_recorded_edit_follows_an_error_that_is_said() -> None:
    for one in tries():
        codes = {told.code for told in outcome(one, one.typed).told}
        assert {code for number, code in followed() if number == one.number} <= codes, one.number
    assert {number for number, _ in followed()} <= {one.number for one in tries()}


def test_the_page_says_what_happens() -> None:
    text = PAGE.read_text("utf-8")
    head = text[: text.index("| of sixty ")]
    if REWRITE:
        PAGE.write_text(head + tables(), "utf-8")
    assert PAGE.read_text("utf-8") == head + tables()
