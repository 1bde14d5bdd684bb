"""Whichever way mail comes, the same becomes of it: by LMTP, handed over by the launcher, delivered by the launcher
alone, and as `pyfilter test` says it would.

The library decides (``Rules.decide``, in this process): its plans say into which folders each letter goes, with which
flags and which header, and what the mail server hears. Then the letters are brought each way into a home of its own
(ways.py), and all that lies there is compared, byte for byte. `pyfilter test --json` must say the very same plans: it
asks the same ``agent.decide``, and is itself run to show it.

The rules are those of fifty.py, the letters real mail and our own. `make torture` (TORTURE=1) takes all letters by LMTP
and warm under all rules, cold all under one and COLD under each; else it is a sample, as ``SHARES`` says: our
own mail by LMTP under all rules, every 25th of the real mail under every tenth.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pyfilter import Envelope, Message, Rules, limits
from pyfilter.archive.report import plan_as_json
from pyfilter.archive.sources import Found, messages
from pyfilter.delivery.targets import maildir_path, targets
from pyfilter.engine.plan import Plan
from pyfilter.language.vocabulary import (
    ACTIONS,
    CONDITION_WORDS,
    FLAGS,
    RELATIONS,
    SETTINGS,
    STATEMENTS,
    field_names,
)
from pyfilter.message.editing import version_of
from pyfilter.message.message import Unreadable

from ..engine.test_cases import CASES, sections
from ..test_fidelity import CORPUS, OURS
from ..torture.record import record
from .fifty import FIFTY, HEAD, LEFT_OUT, RuleFile
from .random_rules import Words
from .serving import PACKAGES
from .ways import LAUNCHER, Answer, Copy, Letter, Way, beside, cold, digest, filed, lmtp, logged, warm

WHOLE = "TORTURE" in os.environ
# rule files at a time, and of each connections or launchers
AT_A_TIME = 2
MANY = 3
# letters that the launcher delivers alone, and `pyfilter test` reads, under each rule file; each is a start of Python
COLD = 200
# under this one they get all of them
FOR_ALL = "flow"

PLAIN = re.compile(r"[A-Za-z0-9.+_-]+@[A-Za-z0-9.-]+[A-Za-z0-9]")


class Share(NamedTuple):
    """Of a sample: every so manieth letter, the rule files that get each way."""

    letters: int
    lmtp: int
    warm: int
    cold: int
    alone: int  # letters that are brought cold


ALL = Share(letters=1, lmtp=1, warm=1, cold=1, alone=COLD)
SHARES = {"our own": Share(1, 1, 6, 12, 10), "real": Share(25, 10, 10, 20, 10)}


class Expected(NamedTuple):
    """What the library says of one letter. ``said``: as `pyfilter test --json` writes it."""

    answer: Answer
    copies: tuple[Copy, ...]
    said: dict[str, object]


# ------------------------------------------------------------------- letters


def letters_of(data: Sequence[tuple[str, bytes]]) -> list[Letter]:
    """Each once, since the second would be a mail server's retry; with envelopes of every kind."""
    letters = {}
    for number, (name, text) in enumerate(data):
        recipient = ("me@example.org", "me+lists@example.org", "me+Shop@example.org", "you@example.com")[number % 4]
        letters.setdefault(text, Letter(name, _sender(text) if number % 5 else "", recipient, text))
    return list(letters.values())


def _sender(text: bytes) -> str:
    try:
        boxes = Message.from_bytes(text).mailboxes("from")
    except Unreadable:
        return ""
    return next((box.address for box in boxes if box.address and PLAIN.fullmatch(box.address)), "")


def ours() -> list[Letter]:
    """Messages of the golden cases, odd ones, and such as go past a limit."""
    cases = [(path.stem, sections(path.read_text("utf-8"))["message"].encode()) for path in CASES]
    odd = [(f"odd {number}", text) for number, text in enumerate(OURS)]
    beyond = [
        ("many fields", b"From: a@example.com\n" + b"X: y\n" * (limits.HEADER_FIELDS + 1) + b"\nbody\n"),
        ("dots", b"Subject: dots\n\n.\n..\n.\r\n\r\n.\r\n.x\n."),
        ("CRs", b"Subject: a\rb\r\r\n\r\n\r\r\n\r"),
    ]
    written = (
        "Received: from x by mx.example.org; Tue, 24 Nov 2026 04:38:40 +0000\nFrom: Ann <ann@shop.example>\n\nbody\n"
    )
    judged = [
        (line, f"{line}\n{written}".encode())
        for line in (
            "X-Spam-Status: Yes, score=7.6 required=5.0 tests=BAYES_99,RCVD_IN_XBL",
            "X-Spam-Status: No, score=1.5 required=5.0 tests=BAYES_00",
            "X-Spam-Status: No, score=-0.1 required=6.5 tests=NONE",
            "Authentication-Results: mx.example.org; dkim=pass header.d=shop.example; spf=softfail; dmarc=pass",
            "Authentication-Results: mx.example.org; dkim=fail header.d=shop.example; spf=fail; dmarc=fail",
            "Authentication-Results: other.example; dkim=pass header.d=shop.example; spf=pass",
        )
    ]
    return letters_of([*cases, *odd, *beyond, *judged])


def real() -> list[Letter]:
    found = [item for item in messages(str(CORPUS)) if isinstance(item, Found) and ".tsv" not in item.name]
    assert len(found) > 5000
    return letters_of([(os.path.relpath(item.name, CORPUS), item.data) for item in found])


def words_of(letters: Sequence[Letter]) -> Words:
    """What stands in them, for rules to look for."""
    found: dict[str, dict[str, None]] = {name: {} for name in Words._fields}
    found["authorities"]["mx.example.org"] = None
    for letter in letters:
        message = Message.from_bytes(letter.data)
        try:
            for box in message.mailboxes("from", "to", "cc"):
                if box.address and PLAIN.fullmatch(box.address):
                    found["addresses"][box.address] = None
                    found["domains"][box.domain] = None
            for word in " ".join(message.values("subject")).split():
                if re.fullmatch(r"[A-Za-z0-9]{3,12}", word):
                    found["words"][word.lower()] = None
            for name in message.list_ids():
                if re.fullmatch(r"[A-Za-z0-9.-]+", name):
                    found["lists"][name] = None
            for name in message.values("message-id"):
                if re.fullmatch(r"<[A-Za-z0-9.@-]+>", name):
                    found["ids"][name] = None
            for value in message.values("authentication-results"):
                if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name := value.partition(";")[0]):
                    found["authorities"][name] = None
        except Unreadable:
            continue
    for number in range(60):  # where there are few messages
        found["addresses"][f"nobody{number}@nowhere{number}.example"] = None
        found["domains"][f"nowhere{number}.example"] = None
        found["words"][f"nothing{number}"] = None
        found["lists"][f"nothing{number}.lists.example"] = None
        found["ids"][f"<{number}@nowhere.example>"] = None
    most = {"addresses": 3000, "domains": 1500, "words": 2000, "lists": 300, "ids": 1000, "authorities": 50}
    return Words(**{name: list(values)[: most[name]] for name, values in found.items()})


# --------------------------------------------------------------- comparisons

# what a way leaves behind: copies, what lies beside them, lines of the log
Traces = tuple[Counter[Any], Counter[Any], Counter[Any]]


class Comparison:
    """One rule file and its letters, in a directory of its own."""

    def __init__(self, directory: Path, name: str, letters: Sequence[Letter], words: Words) -> None:
        self.directory = directory
        self.file: RuleFile = FIFTY[name]
        self.name = name
        self.letters = letters[: self.file.most]
        self.text = HEAD + self.file.make(words)
        self.beside = {name: text or "\n".join(words.addresses[::4]) for name, text in self.file.beside.items()}
        self.expected: list[Expected] = []
        self.first: tuple[int, Traces] | None = None  # what the first way left behind, of so many letters
        self.disagreements: list[str] = []
        self.decided = 0

    def home(self, way: str) -> Path:
        home = self.directory / way / "home"
        home.mkdir(parents=True, mode=0o700)
        for name, text in {".pyfilterrc": self.text, **self.beside}.items():
            (home / name).write_text(text, "utf-8")
            (home / name).chmod(0o700)
        for folder in self.file.folders:
            for part in ("cur", "new", "tmp"):
                (home / folder / part).mkdir(parents=True, mode=0o700)
        return home

    def expect(self) -> None:
        """What the library says; of letters whose fate depends on those before, it delivers each."""
        home = self.home("library")
        os.environ["HOME"] = str(home)
        rules = Rules.load()
        for letter in self.letters:
            message = Message.from_bytes(letter.came)
            plan = rules.decide(message, Envelope.of_archive(message), trace=False)
            assert plan.envelope is not None
            assert (plan.envelope.sender, plan.envelope.recipient) == (letter.sender, letter.recipient)
            self.expected.append(Expected(_answer(plan), _copies(plan, message, home), plan_as_json(plan)))
            if self.file.is_ordered and not self.file.acts:
                plan.deliver(str(home))

    def compare(self, way: Way, count: int) -> None:
        """Bring the first so many letters this way."""
        home = self.home(way.__name__)
        letters, expected = self.letters[:count], self.expected[:count]
        answers = way(home, letters, 1 if self.file.is_ordered else MANY)
        for letter, answer, one in zip(letters, answers, expected, strict=True):
            if answer != one.answer:
                self._disagree(way.__name__, letter.name, f"{answer} in place of {one.answer}")
        found = filed(home)
        self.decided += len(letters)
        if not self.file.acts:
            self._compare_copies(way.__name__, letters, expected, found)
        traces: Traces = (found, beside(home), logged(home))
        if self.first is None:
            self.first = len(letters), traces
            return
        count, others = self.first
        for what, mine, theirs in zip(("a copy", "beside", "the log"), traces, others, strict=True):
            more = mine - theirs
            less = theirs - mine if len(letters) == count else Counter()
            for one, times in more.items():
                self._disagree(way.__name__, f"{what}, {times} times", str(one))
            for one, times in less.items():
                self._disagree(way.__name__, f"{what}, missing {times} times", str(one))

    def compare_test(self, count: int) -> None:
        """What `pyfilter test` says of the first so many."""
        home = self.home("test")
        mail = home.parent / "mail"
        mail.mkdir()
        for number, letter in enumerate(self.letters[:count]):
            (mail / f"{number:06}").write_bytes(letter.came)
        ended = subprocess.run(
            [sys.executable, "-m", "pyfilter", "test", "--json", str(mail)],
            env={"HOME": str(home), "PATH": "/usr/bin:/bin", "PYTHONPATH": PACKAGES},
            capture_output=True,
        )
        said = [json.loads(line) for line in ended.stdout.splitlines()]
        assert len(said) == len(self.letters[:count]), ended.stderr
        self.decided += len(said)
        for letter, one, row in zip(self.letters, self.expected, said, strict=False):
            del row["message"], row["message_id"]
            wanted = json.loads(json.dumps(one.said).replace(str(self.directory / "library/home"), "~"))
            row = json.loads(json.dumps(row).replace(str(home), "~"))
            if row != wanted:
                self._disagree("test", letter.name, f"{row} in place of {wanted}")

    def _compare_copies(
        self, way: str, letters: Sequence[Letter], expected: Sequence[Expected], found: Counter[Copy]
    ) -> None:
        wanted = Counter(copy for one in expected for copy in one.copies)
        for copy in wanted - found:
            names = [letter.name for letter, one in zip(letters, expected, strict=True) if copy in one.copies]
            self._disagree(way, ", ".join(names), f"is not in {copy}")
        as_it_came = {digest(letter.came): letter.name for letter in letters}
        for copy in found - wanted:
            self._disagree(way, as_it_came.get(copy[2], "a letter that was changed"), f"is in {copy}")

    def _disagree(self, way: str, letter: str, what: str) -> None:
        self.disagreements.append(f"{self.name}, {way}: {letter}: {what}")


def _answer(plan: Plan) -> Answer:
    if plan.outcome == "deferred":
        return Answer("deferred")
    if plan.outcome != "rejected":
        return Answer("delivered")
    reason = " ".join("".join(letter if letter.isprintable() else " " for letter in plan.reason).split())
    reason = reason[: limits.REASON_CHARACTERS] or "message refused"
    return Answer("rejected", reason.encode("ascii", "replace").decode("ascii"))


def _copies(plan: Plan, message: Message, home: Path) -> tuple[Copy, ...]:
    if plan.outcome == "deferred":
        return ()
    settings = plan.settings
    inbox = maildir_path(str(settings["maildir"]), str(home))
    within = {name: copy for name, copy in plan.copies().items() if not name.startswith(("mbox:", "mh:"))}
    wanted, _ = targets(within, inbox, str(settings["layout"]), bool(settings["create-folders"]))
    return tuple(
        (os.path.relpath(os.fsdecode(path), home), flags, digest(b"".join(version_of(message, *version))))
        for path, (_, flags, version) in wanted.items()
    )


# what the processes that compare inherit
class Task(NamedTuple):
    directory: Path
    letters: Sequence[Letter]
    words: Words
    share: Share


_tasks: list[Task] = []


def _compare(number: int) -> tuple[str, int, list[str]]:
    """One rule file; (its name, decisions, disagreements)."""
    (task,) = _tasks
    share, name = task.share, list(FIFTY)[number]
    if number % share.lmtp:
        return name, 0, []
    directory = task.directory / str(number)
    comparison = Comparison(directory, name, task.letters, task.words)
    comparison.expect()
    everything = len(comparison.letters)
    comparison.compare(lmtp, everything)
    if number % share.warm == 0:
        comparison.compare(warm, everything)
    few = everything if name == FOR_ALL and WHOLE else share.alone
    if number % share.cold == 0 or name == FOR_ALL:
        comparison.compare(cold, few)
    if (number % share.cold == 0 or name == FOR_ALL) and not (comparison.file.acts or comparison.file.is_ordered):
        comparison.compare_test(everything if WHOLE else 100)
    shutil.rmtree(directory)
    return name, comparison.decided, comparison.disagreements


def run(kind: str, letters: list[Letter], directory: Path) -> None:
    share = ALL if WHOLE else SHARES[kind]
    letters = letters[:: share.letters]
    words = words_of(letters)
    started = time.monotonic()
    _tasks[:] = [Task(directory, letters, words, share)]
    with multiprocessing.get_context("fork").Pool(AT_A_TIME) as processes:
        results = processes.map(_compare, range(len(FIFTY)), 1)
    disagreements = [line for _, _, lines in results for line in lines]
    (directory / "disagreements").write_text("\n".join(disagreements))
    assert disagreements[:20] == [], f"{len(disagreements)} disagreements, in {directory}/disagreements"
    record(
        "one decision",
        "pyfilter",
        f"{kind} mail",
        files=len(FIFTY),
        messages=len(letters),
        decided=sum(decided for _, decided, _ in results),
        different=0,
        seconds=round(time.monotonic() - started),
    )


# --------------------------------------------------------------------- tests


@pytest.fixture(scope="module")
def own() -> list[Letter]:
    return ours()


def test_the_fifty_have_every_word_that_decides_or_files(own: list[Letter]) -> None:
    words = words_of(own)
    written = "\n".join(HEAD + file.make(words) for file in FIFTY.values())
    written = re.sub(r'"(?:\\.|[^"\\])*"|/(?:\\.|[^/\\\n])*/', '""', written)
    known = {*field_names(), *RELATIONS, *ACTIONS, *FLAGS, *CONDITION_WORDS, *STATEMENTS, *SETTINGS}
    spelt = {
        word: {"compare": "[<>]=?", "exists": "exists?", "succeeds": "succeeds?"}.get(word, re.escape(word))
        for word in known
    }
    missing = {word for word, form in spelt.items() if not re.search(rf"(?<![\w.-]){form}(?![\w.-])", written)}
    assert len(FIFTY) >= 50
    assert missing == set(LEFT_OUT)


def test_rules_that_differ_are_found_out(own: list[Letter], tmp_path: Path) -> None:
    comparison = Comparison(tmp_path, "layout fs", own[:3], words_of(own))
    comparison.expect()
    comparison.text = f'{HEAD}rule "no" {{ reject "no" }}'
    comparison.compare(cold, 3)
    assert comparison.disagreements[0] == (
        f"layout fs, cold: {own[0].name}: Answer(status='rejected', reason='no') in place of "
        "Answer(status='delivered', reason='')"
    )
    copies = Counter(copy for one in comparison.expected for copy in one.copies)
    lacking = [line for line in comparison.disagreements if "is not in" in line]
    assert len(lacking) == len(copies) > 0


@pytest.fixture(autouse=True)
def one_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The launcher hands on none of the variables that we do not name."""
    monkeypatch.delenv("TZ", raising=False)
    monkeypatch.setenv("HOME", "/nonexistent")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def launcher() -> None:
    if not LAUNCHER.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"needs {LAUNCHER}: run `make test`")
        pytest.skip(f"needs {LAUNCHER}: run `make test`")


def test_of_our_own_mail_the_same_becomes_whichever_way_it_comes(own: list[Letter], tmp_path: Path) -> None:
    run("our own", own, tmp_path)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus, real mail, is not here")
def test_of_real_mail_the_same_becomes_whichever_way_it_comes(tmp_path: Path) -> None:
    run("real", real(), tmp_path)
