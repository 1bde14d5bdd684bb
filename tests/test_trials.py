"""`test` blocks are run: what is given, what is expected, and what is said where it is not met."""

from __future__ import annotations

import pytest

from pyfilter import Rules
from pyfilter.language.diagnostics import render

RULES = """\
set trusted-authserv = "mx.example.org"
list family { "olga@family.example" }
rule "cron jobs" { when header X-Cron-Env exists; file into "Cron" }
rule "spam" { when spam and not from in family; mark read; file into "spam" }
rule "forged" { when dmarc fails; reject "no forgeries" }
rule "points" { when spam.score > 3; discard # on purpose
}
rule "signed" { when dkim.domain is "shop.example"; copy into "Shops"; log "signed by {dkim.domain}" }
rule "plus" { when recipient.extension matches "{box}"; file into "{box}" }
rule "bounces" { when sender is ""; file into "Bounces" and continue }
rule "site" { when environment SASL_USERNAME is "ann"; defer "later" }
"""


def tried(*statements: str, message: str = "From: a@b.example", rules: str = RULES) -> list[str]:
    """What is said of a test of ``statements``."""
    block = "\n    ".join(statements)
    made = Rules.from_text(f'{rules}\ntest "it" {{\n    message "{message}"\n    {block}\n}}\n', "rules")
    assert made.diagnostics == []
    (one,) = made.test()
    return [f"{problem.span.text}: {problem.label}\n{problem.help}" for problem in one.problems]


@pytest.mark.parametrize(
    "statements",
    [
        ["expect keep"],
        ["expect file into inbox"],
        ["expect not discard"],
        ["given spam", 'expect file into "spam"', 'expect file into "spam" by "spam"', "expect mark read"],
        ["given spam", "expect not keep", 'expect not file into "spam" by "plus"', "expect not mark flagged"],
        ["given not spam", "expect keep"],
        ["given spam is no", "expect keep"],
        ["given (spam is no) and not (spam)", "expect keep"],
        ["given spam.score is 7.5", "expect discard"],
        ["given spam.score == 3", "expect keep"],
        ["given dmarc fails", "expect reject", 'expect reject "no forgeries"', 'expect not reject "else"'],
        ["given dmarc is fail, pass", "expect keep"],
        ["given dkim.domain is \"Shop.example\"", 'expect copy into "Shops"', 'expect log "signed by Shop.example"'],
        ['given recipient is "me+Box@here.example"', 'expect file into "Box" by "plus"'],
        ['given sender is ""', 'expect file into "Bounces"'],
        ['given environment SASL_USERNAME is "ann"', "expect defer", "expect not keep"],
    ],
    ids=lambda statements: "; ".join(statements),
)  # fmt: skip
def test_met(statements: list[str]) -> None:
    assert tried(*statements) == []


SENT = """\
rule "all" {
    set header X-Rule "{subject}"
    remove header X-Old
    pass through "clean"
    notify "tell" "{subject}"
    reply subject "Away" "I am away."
    copy to "me@phone.example"
    copy into mbox "~/old.mbox"
    mark read, flagged
    unmark read
    pipe to "store --all" and continue
    forward to "a@x.example", "b@x.example"
}
"""


@pytest.mark.parametrize(
    "statement",
    [
        'expect set header X-Rule "dinner"',
        "expect remove header X-Old",
        'expect pass through "clean"',
        'expect notify "tell" "dinner"',
        'expect reply "I am away."',
        'expect not reply "I am here."',
        'expect copy to "Me@phone.example"',
        'expect copy into mbox "~/old.mbox"',
        'expect copy into "mbox:~/old.mbox"',
        "expect unmark read",
        'expect pipe to "store --all"',
        'expect pipe to "store" "--all"',
        'expect forward to "b@x.example" by "all"',
        'expect not forward to "c@x.example"',
        "expect not keep",
    ],
)
def test_what_is_changed_and_sent_is_expected_too(statement: str) -> None:
    made = Rules.from_text(f'{SENT}\ntest "it" {{\n    message "Subject: dinner"\n    {statement}\n}}\n', "rules")
    assert {problem.code for problem in made.diagnostics} <= {"W341"}, made.diagnostics
    (one,) = made.test()
    assert one.problems == ()


def test_what_came_instead_and_why() -> None:
    said = tried('expect file into "Cron" by "cron jobs"')
    assert said == [
        (
            'expect file into "Cron" by "cron jobs": got keep in INBOX\n'
            '- "cron jobs" (line 3): not matched\n'
            "    header X-Cron-Env exists: no, it is absent\n"
            "no rule took it"
        )
    ]


def test_the_rules_that_would_have_done_it_are_named() -> None:
    said = tried("given spam", 'expect file into "Cron"')
    assert said == [
        (
            'expect file into "Cron": got file into "spam" (read) by "spam"\n'
            '- "cron jobs" (line 3): not matched\n'
            "    header X-Cron-Env exists: no, it is absent\n"
            '+ "spam" (line 4): matched\n'
            "    spam: yes, it is yes\n"
            '    from in family: no, it is "a@b.example"'
        )
    ]


def test_a_rule_below_the_one_that_took_it_was_not_asked() -> None:
    (said,) = tried("given spam", 'expect copy into "Shops" by "signed"')
    assert '"signed" was not asked: the filtering had ended above it' in said


def test_what_must_not_happen() -> None:
    (said,) = tried("given spam", 'expect not file into "spam"')
    assert said.startswith('expect not file into "spam": but it did\n+ "spam" (line 4): matched\n')


@pytest.mark.parametrize(
    ("given", "expect", "got"),
    [
        ("given spam.score is 9", "expect keep", 'discard by "points"'),
        ("given not spam", 'expect keep by "spam"', "keep in INBOX"),
        ('given recipient is "me+Box@here.example"', 'expect file into "box"', 'file into "Box" by "plus"'),
        ("given dmarc fails", 'expect reject "other"', 'reject "no forgeries" by "forged"'),
    ],
)
def test_not_met(given: str, expect: str, got: str) -> None:
    (said,) = tried(given, expect)
    assert said.split("\n")[0] == f"{expect}: got {got}"


def test_nobody_outside_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> None:
        raise AssertionError("asked the world")

    monkeypatch.setattr("pyfilter.services.answers.answer", asked)
    rules = (
        'rule "a" { when spam; keep }\nrule "b" { verify dkim; scan with rspamd }\nrule "c" { when dkim fails; keep }'
    )
    assert tried("expect keep", 'expect not keep by "a"', rules=rules) == []


def test_a_message_without_a_scanners_header_is_not_spam() -> None:
    rules = 'set spam.source = headers\nrule "a" { when spam; file into "spam" }\n'
    assert tried("expect keep", rules=rules) == []
    assert tried("given spam", 'expect file into "spam"', rules=rules) == []


def test_a_wrong_test_leaves_the_rules_standing() -> None:
    made = Rules.from_text(
        'rule "a" { file into "A" }\ntest "x" { message "From: a@b.example"; expect stop }\n', "rules"
    )
    assert [problem.code for problem in made.diagnostics] == ["E506"]
    assert made.trials == []


def test_the_whole_problem_as_it_is_shown() -> None:
    made = Rules.from_text(
        'rule "a" { file into "A" }\ntest "x" { message "From: a@b.example"; expect keep }\n', "rules"
    )
    (one,) = made.test()
    assert [render(problem) for problem in one.problems] == [
        (
            'error[E501]: test "x" fails\n'
            " --> rules:2:41\n"
            "  |\n"
            '2 | test "x" { message "From: a@b.example"; expect keep }\n'
            "  |                                         ^^^^^^^^^^^ "
            'got file into "A" by "a"\n'
            "  |\n"
            '  = help: + "a" (line 1): matched (it has no condition)'
        )
    ]


CALENDAR = """\
rule "holidays" { when today between 2026-12-24 and 2027-01-02; file into "Holidays {today:%Y-%m-%d}" and continue }
rule "week end" { when weekday is saturday, sunday; file into "Weekend" and continue }
rule "night" { when time between 22:00 and 6:00; file into "Night" and continue }
rule "old" { when age > 1 year; file into "Old" and continue }
rule "first" { when now.day is 1 and time >= 12:00; file into "First" and continue }
"""
# statements -> the folders
GIVEN_TIMES = {
    "given today is 2026-12-24; given time is 18:00": ["Holidays 2026-12-24"],
    "given today is 2026-12-26": ["Holidays 2026-12-26", "Weekend"],
    "given today == 2026-12-26 and time is 23:00": ["Holidays 2026-12-26", "Weekend", "Night"],
    "given today is 2027-01-02; given weekday is saturday": ["Holidays 2027-01-02", "Weekend"],
    "given time is 5:59; given weekday is monday; given today is 2026-10-05": ["Night"],
    "given today is 2027-07-08": [],
    "given today is 2027-07-12": ["Old"],
    "given now is 2026-09-30 + 36 hours": ["First"],
    "given now is 2026-09-30 + 35 hours": [],
    "given now is 2026-10-01": ["First"],
    "given weekday is sunday; given time is 1:00; given weekday is sunday": ["Weekend", "Night"],
}


@pytest.mark.parametrize("given", GIVEN_TIMES)
def test_the_clock_says_what_is_given(given: str) -> None:
    wanted = GIVEN_TIMES[given]
    folders = ["Holidays 2026-12-24", "Holidays 2026-12-26", "Holidays 2027-01-02", "Weekend", "Night", "Old", "First"]
    expect = [f'expect{"" if folder in wanted else " not"} file into "{folder}"' for folder in folders]
    said = tried(
        *given.split("; "), *expect, message="Date: Fri, 10 Jul 2026 12:00:00 +0000", rules=_without_sunday(given)
    )
    assert said == []


def _without_sunday(given: str) -> str:
    """Where only the day of the week is given, the day is one that comes: other rules may hold on it."""
    lines = CALENDAR.splitlines()
    return "\n".join(lines[1:3] if "weekday is sunday" in given else lines)


def test_what_is_given_of_the_clock_holds_in_one_test() -> None:
    made = Rules.from_text(
        'rule "n" { when today is 1999-12-31; keep }\n'
        'test "then" { message "Subject: x"; given today is 1999-12-31; expect keep by "n" }\n'
        'test "now" { message "Subject: x"; expect not keep by "n" }\n'
        'test "then too" { message "Subject: x"; given today is 1999-12-31; expect keep by "n" }\n',
        "rules",
    )
    assert [one.problems for one in made.test()] == [(), (), ()]


_HELP = "write `given today is 2026-12-24`, `given time is 18:00` or `given weekday is saturday`"
_HEADER = "write it into the message of this test: `Date`"


@pytest.mark.parametrize(
    ("statements", "label", "help"),
    [
        ("given today > 2026-12-24", "it leaves open which moment", _HELP),
        ("given today is not 2026-12-24", "it leaves open which moment", _HELP),
        ("given today is 2026-12-24, 2026-12-25", "it leaves open which moment", _HELP),
        ("given today between 2026-12-24 and 2026-12-25", "it leaves open which moment", _HELP),
        ("given today exists", "it leaves open which moment", _HELP),
        ("given weekday is saturday, sunday", "it leaves open which moment", _HELP),
        ("given today.year is 2026", "only a part of the day", _HELP),
        ("given now is today", "no moment by itself", _HELP),
        ("given today is 2026-12-24 + 1 day", "no day by itself", _HELP),
        ("given today is 2026-12-24; given now is 2026-12-25", "another answer is given above", _HELP),
        ("given time is 8:00; given now is 2026-12-25 + 1 hour", "another answer is given above", _HELP),
        ("given now is 2026-12-25 + 1 hour; given time is 1:00", "another answer is given above", _HELP),
        ("given weekday is monday; given today is 2026-12-24", "that day is a thursday", _HELP),
        ("given date is 2026-12-24", "it stands in the message", _HEADER),
        ("given date is 2026-12-24, 2026-12-25", "it stands in the message", _HEADER),
        ("given date.year is 2026", "it stands in the message", _HEADER),
        ("given age > 2 days", "it stands in the message", _HEADER),
    ],
)  # fmt: skip
def test_no_answer_of_the_clock(statements: str, label: str, help: str) -> None:
    made = Rules.from_text(
        f'rule "a" {{ keep }}\ntest "x" {{ message "Subject: x"; {statements}; expect keep }}\n', "rules"
    )
    assert [(problem.code, problem.label, problem.help) for problem in made.diagnostics] == [("E504", label, help)]


OTHERS = """
rule "long ago" { when duplicate within 30 days; copy into "Long ago" }
rule "twice" { when duplicate; file into "Twice" }
rule "wanted" { when command "true" "-x" succeeds; file into "Wanted" }
rule "unwanted" { when command "true" fails; copy into "Unwanted" }
rule "points" { when score >= 2 { 1 if spam; 1.5 if command "false" }; file into "Points" }
"""


@pytest.mark.parametrize(
    "statements",
    [
        ["expect keep", 'expect copy into "Unwanted"'],
        ["given duplicate", 'expect file into "Twice"', 'expect copy into "Long ago"'],
        ["given duplicate within 3 days", 'expect file into "Twice"', 'expect copy into "Long ago"'],
        ["given not duplicate", "expect keep"],
        ['given command "true -x" succeeds', 'expect file into "Wanted"'],
        ['given command "true" "-x"', 'expect file into "Wanted"'],
        ['given command "true -x" fails', "expect keep"],
        ['given command "true" succeeds', 'expect not copy into "Unwanted"'],
        ['given spam and command "false" succeeds', 'expect file into "Points"'],
        ["given spam", "expect keep"],
    ],
)
def test_the_memory_and_programs_say_what_is_given(statements: list[str]) -> None:
    assert tried(*statements, rules=OTHERS) == []


@pytest.mark.parametrize(
    ("given", "label", "help"),
    [
        (
            'command "true" "{from.address}" succeeds',
            "what comes from a message is not known here",
            "write out the argument",
        ),
        ("bulk", "it stands in the message", "write it into the message of this test: `bulk`"),
        ('thread is "<a@b>"', "it stands in the message", "write it into the message of this test: `thread`"),
    ],
)
def test_what_states_no_answer_of_these(given: str, label: str, help: str) -> None:
    made = Rules.from_text(
        f'rule "a" {{ keep }}\ntest "x" {{ message "Subject: x"; given {given}; expect keep }}\n', "rules"
    )
    assert [(problem.code, problem.label, problem.help) for problem in made.diagnostics] == [("E504", label, help)]
