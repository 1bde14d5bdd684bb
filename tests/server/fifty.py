"""Fifty rule files that have, between them, every word of the language that decides or files.

``FIFTY`` is the table, by name. What is made by ``make`` is made of words that stand in the messages (random_rules.py),
so that rules match; the rest are the files that come with pyfilter, those of the golden cases, and what people write.

None asks the world but for what every way in hears alike: a program that says the same of the same message, and spam,
dkim, spf and dmarc as the header of the message has them. ``LEFT_OUT`` says of each word that is in none why.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyfilter.language.vocabulary import SETTINGS

from ..engine.test_cases import CASES, sections
from ..test_fidelity import RULES as FIDELITY
from .random_rules import Words, checked, quoted, random_rules

__all__ = ["FIFTY", "HEAD", "LEFT_OUT", "RuleFile"]

# above each of them
HEAD = 'set durable = none\nset log = "~/log"\n'

CHECKOUT = Path(__file__).parents[2]

_SCANNER = "of a scanner that is asked"
LEFT_OUT = {
    "scan": "asks a scanner",
    "verify": "asks DNS",
    "test": "decides nothing",
    "deadline": "decides nothing",
    "broken-rules": "of rules that do not check",
    **dict.fromkeys([name for name in SETTINGS if name.startswith(("spamd.", "rspamd."))], _SCANNER),
}


class RuleFile(NamedTuple):
    """``beside``: other files in the home; ``folders``: those that are there before the first message, as on disk.

    ``is_ordered``: what becomes of a message depends on those before it. ``acts``: a plan does not say all that lies in
    the home afterwards: it is sent, or handed to programs, and the most of it is ``most`` messages."""

    make: Callable[[Words], str]
    beside: dict[str, str] = {}
    folders: tuple[str, ...] = ()
    is_ordered: bool = False
    acts: bool = False
    most: int = 10**9


def _text(text: str, **more: object) -> RuleFile:
    return RuleFile(lambda words: text, **more)  # type: ignore[arg-type]


BY_HEADERS = "set spam.source = headers\nset trusted-hops = 20\n"


# ------------------------------------------------------------------ long ones


def _contains(words: Words) -> str:
    """A thousand texts, most of which stand nowhere."""
    lines = []
    for number in range(1000):
        field = ("subject", "from", "list-id", "to-or-cc")[number % 4]
        found = (words.words, words.addresses, words.lists, words.domains)[number % 4]
        text = found[number % len(found)] if number % 5 == 0 else f"nowhere-{number}."
        lines.append(f'rule "{number}" {{ when {field} contains "{text}"; file into "c/{number % 50}" }}')
    return checked("", lines)


def _regexes(words: Words) -> str:
    lines = []
    for number in range(1000):
        field = ("subject", "from", "list-id.text", "to")[number % 4]
        found = (words.words, words.addresses, words.lists, words.domains)[number % 4]
        text = found[number % len(found)] if number % 5 == 0 else f"nowhere-{number}."
        pattern = "".join(letter if letter.isalnum() else f"\\{letter}" for letter in text)
        tail = ("", "( |$)", "[^a-z]*$", ".*[0-9]+")[number // 4 % 4]
        lines.append(f'rule "{number}" {{ when {field} matches /{pattern}{tail}/; file into "m/{number % 50}" }}')
    return checked("", lines)


def _idle(words: Words) -> str:
    """Five thousand that never hold, and five that may."""
    idle = [
        f'rule "{number}" {{ when subject contains "zq{number}zq"; file into "never" }}\n' for number in range(5000)
    ]
    live = [
        f'rule "w{n}" {{ when subject contains "{word}"; file into "w/{n}" }}\n'
        for n, word in enumerate(words.words[:5])
    ]
    return "".join(idle + live)


def _equals(words: Words) -> str:
    lines = [
        f'rule "{number}" {{ when {field} is "{text}"; file into "is/{number % 40}" }}'
        for number, (field, text) in enumerate(
            [("from", text) for text in words.addresses[::2]]
            + [("to.domain", text) for text in words.domains[::3]]
            + [("list-id", text) for text in words.lists]
            + [("cc.address", text) for text in words.addresses[1::4]]
        )
    ]
    return checked("", lines[:1500])


def _lists(words: Words) -> str:
    odd = [f"nobody{number}@nowhere.example" for number in range(3000)]
    return f"""
        list first = {quoted(words.addresses[::3] + odd)}
        list second {{ {"; ".join(f'"{text}"' for text in words.addresses[1::3])} }}
        list domains = {quoted("@" + text for text in words.domains[::2])}
        rule "1" {{ when from in first and to-or-cc not in second; file into "first" }}
        rule "2" {{ when to-or-cc in second, "@lists.example"; file into "second" and continue }}
        rule "3" {{ when sender in domains or reply-to in domains; file into "domains" }}
        rule "4" {{ when from.domain in {quoted(words.domains[1::2][:40])}; mark flagged; file into "other" }}
        rule "5" {{ when none {{ from in first; cc in first; to in first }}; copy into "none" }}
    """


def _from_files(words: Words) -> str:
    return """
        list some from "some.txt"
        list empty from "empty.txt"
        rule "some" { when from in some; file into "some" }
        rule "empty" { when from not in empty and to in some; file into "to" }
    """


def _globs(words: Words) -> str:
    lines = [
        f'rule "{number}" {{ when subject matches "{glob}"; file into "g/{{what}}" }}'
        for number, word in enumerate(words.words[:60])
        for glob in (f"{word} {{what}}", f"*{word}?{{what}}", f"{{what}} {word}*")[number % 3 :: 3]
    ]
    return checked("", lines)


def _bodies(words: Words) -> str:
    lines = []
    for number, word in enumerate(words.words[:120]):
        condition = (
            f'body contains "{word}"',
            f"body matches /\\b{word}\\b.{{0,20}}[0-9]/",
            f'body.html contains "{word}"',
            f'body.raw contains exactly "{word}"',
            f'body starts with "{word}"',
            f'body in "{word}"',
        )[number % 6]
        lines.append(f'rule "{number}" {{ when {condition}; copy into "b/{number}" }}')
    return checked("", [*lines, 'rule "late" { when body ends with "."; file into "dot" }'])


# ----------------------------------------------------------- by kind of word

ATTACHMENTS = """
rule "none" { when attachments is 0 and not attachment exists; copy into "none" }
rule "many" { when attachments > 2 or attachment.size > 20 kB; file into "many" }
rule "patch" { when attachment.name matches "*.{kind}"; file into "by kind/{kind}" and continue }
rule "type" { when attachment.type matches /^(?P<top>[a-z]+)\\//; file into "by type/{top}" }
rule "named" { when attachment.name contains "." or attachment.name is "x"; file into "named" }
rule "small" { when attachment.size between 0.1 kB and 2 kB; file into "small" }
"""

RAW = """
rule "1" { when headers.raw matches /^Precedence: *(?P<what>[a-z]+)/m; copy into "precedence/{what}" }
rule "2" { when headers.raw matches /^Received:.* (with|by) .*\\n(.*\\n)*Received:/; mark answered }
rule "3" { when message.raw matches /\\r\\n/; file into "crlf" and continue }
rule "4" { when message.raw matches /[^\\x00-\\x7f]/; file into "eight bit" and continue }
rule "5" { when any-header contains "postfix", "sendmail"; file into "{sender.domain}" }
rule "6" { when any-header matches /utf-?8/i and destination contains "@"; file into "utf" }
rule "7" { when message-id matches "<*@{host}>"; file into "ids/{host}" }
"""

SCORES = """
define loud as subject matches exactly /^[^a-z]+$/
rule "points" {
    when score >= 5 {
        3 if subject contains "free", "offer", "re:"
        2.5 if from.domain ends with ".com"
        1.5 if bulk
        4 if loud
        -4 if thread contains "@" and header In-Reply-To exists
        1 if body contains "click", "http"
        -10 if size < 0.3 kB
    }
    file into "points"
}
rule "few" { when score < 1 { 1 if to-or-cc.count > 2; 0.5 if reply-to exists; -1 if cc exists }; file into "few" }
rule "else" else { when score == 2 { 1 if from.name exists; 1 if subject exists }; mark flagged; keep }
rule "over" { when score > 2 { 3 if bcc exists; 3 if size > 10 kB }; file into "over" }
"""

EDITS = """
rule "a" { add header X-Rule "a {subject}"; add header X-From "ž {from.name}" }
rule "b" { when header X-Rule contains "re:"; set header Subject "[re] {subject}"; copy into "re" }
rule "c" { when subject starts with "[re]"; remove header "X-Fro*"; file into "seen" and continue }
rule "d" { when list-id exists; remove header List-Id; set header X-Was "{list-id}"; file into "lists" }
rule "e" { when not list-id exists and header Content-Type exists; remove header Content-Type; copy into "bare" }
rule "f" { when size > 3 kB; set header X-Size "large"; set header X-Size "large"; keep and continue }
rule "g" { when header X-Size is "large"; mark read; file into "large" }
rule "h" { when from exists; set header From "{to}"; file into "turned/{from.domain}" }
"""

FLOW = """
let top = "flow"
define work as any { from.domain ends with ".com"; to matches "*lists*" }
define quiet as not work and not bulk
action aside { mark read; copy into "{top}/aside"; log "aside: {subject}" }
action loud { do aside; unmark read; mark flagged, answered }
rule "outer" {
    when work
    do aside
    rule "inner" { when subject matches "[{tag}] *"; file into "{top}/{tag}"; log "tagged {tag}" }
    rule "not inner" else { when size > 5 kB; file into "{top}/big"; unmark read }
    rule "neither" else { do loud }
    rule "stops" { when cc.count > 3; stop }
    mark draft
}
rule "no" { when quiet and subject contains "test"; copy into "{top}/kept"; reject "no tests: \\"{subject}\\"" }
rule "later" { when subject contains "error"; copy into "{top}/lost"; defer "later" }
rule "gone" { when bulk and reply-to exists; discard and continue }
rule "twice" { when from.count is 1; file into "{top}/one" and continue; mark starred }
rule "more" { when at least 2 of { cc exists; to exists; sender is "" }; keep and continue; file into "{top}/two" }
rule "away" { when header Precedence is "junk"; discard }
"""

AUTHORITIES = """
rule "dkim" { when dkim passes; file into "dkim/{dkim.domain}" and continue }
rule "spf" { when spf fails or spf is softfail; file into "spf" and continue }
rule "dmarc" { when dmarc passes and not dmarc is fail; file into "dmarc" and continue }
rule "none" { when not dkim exists; mark flagged; keep and continue }
rule "domain" { when dkim.domain is "gmail.com" or dkim.domain ends with ".org"; file into "known" }
"""

SPAM = """
rule "yes" { when spam; mark read; file into "spam" }
rule "high" { when spam.score >= spam.threshold; file into "high" }
rule "some" { when spam.score between 0 and 3; file into "some/{spam.score}" and continue }
rule "tests" { when spam.tests is "BAYES_00" or spam.tests starts with "RCVD"; file into "tests" }
rule "no" { when spam is no and spam.threshold < 6; file into "ham" }
rule "lost" { when size > 2 kB; discard }
"""

# what is the same whenever it is asked
CLOCK = """
rule "old" { when date < 2004-01-01; file into "old/{date:%Y}" }
rule "span" { when date between 2004-01-01 and 2012-06-30; file into "span/{date:%Y-%m}" }
rule "future" { when date > now + 2 days or age < 0 seconds; file into "future" }
rule "year" { when age > 1 year and now.year >= 2026 and today > 2026-01-01; file into "year" }
rule "month" { when date.month is 2 or date.day == 31; file into "month" }
rule "none" { when not date exists and not age within 7 days; file into "none" }
rule "always" { when today.year > 2025 and today.month < 13 and today.day > 0; copy into "always" }
rule "ever" { when now.month between 1 and 12 and now.day <= 31; mark answered }
rule "day" { when any { time < 12:00; time >= 12:00 }; mark flagged }
rule "days" { when any { weekday is saturday, sunday; weekday is not saturday, sunday }; file into "days" }
"""

WHERE = """
rule "here" { when from.domain matches "{where}"; file into "here/{where}" and continue }
rule "there" { when to.domain matches "{where}"; mark read; file into "there" }
"""

MAILBOXES = """
rule "1" { when from.domain ends with ".com"; file into mbox "~/boxes/com.mbox" and continue }
rule "2" { when list-id exists; copy into mh "~/boxes/lists"; file into "lists" }
rule "3" { when to.domain ends with ".org"; file into "mbox:~/boxes/org.mbox"; mark read }
"""

SUPPOSED = """
set sendmail = "~/sendmail"
set max-redirects = 3
set from-address = "me@example.org"
"""

SENDS = f"""{SUPPOSED}
rule "a" {{ when subject contains "re"; copy to "copy@example.net" }}
rule "b" {{ when from.count is 1 and subject contains "in"; forward to "{{from.address}}" }}
rule "c" {{ when size > 2 kB; forward to "a@example.net", "b@example.net" and continue }}
rule "d" {{ when not bulk; reply every 7 days subject "Away" "I am away."; file into "answered" }}
rule "e" {{ when bulk; copy to "1@example.net", "2@example.net", "3@example.net"; forward to "4@example.net" }}
"""

VACATION = f"""{SUPPOSED}{BY_HEADERS}
define away as today > 2026-01-01
list my-addresses = "me@example.org", "@example.com", "@example.org", "@lists.example.org"
let away-text = "I am away."
include <vacation>
"""

PROGRAMS = """
list many from command "/bin/cat" "~/some.txt" every 1 hour
rule "many" { when from in many; file into "many" and continue }
rule "has" { when command "/bin/grep" "-qi" "subject: re" succeeds; mark answered }
rule "has not" { when command "/bin/grep -q" "zzzz" fails and size < 3 kB; file into "small" }
rule "shout" { when subject contains "a"; pass through "/usr/bin/tr a-y A-Y"; file into "LOUD" }
rule "tell" { when size > 10 kB; notify "~/told" "{subject}"; file into "told" }
rule "pipe" { when from.domain ends with ".org"; pipe to "~/taken" "{from.address}" }
"""

FORBIDDEN = """
set allow-commands = no
set create-folders = no
set subscribe = no
rule "there" { when from.domain ends with ".com"; file into "There" }
rule "not there" { when size > 3 kB; mark flagged; file into "Missing/{from.domain}" and continue }
rule "odd" { when subject exists; file into "{subject}" }
"""

SHOUT = '#!/bin/sh\nprintf \'%s\\n\' "$*" >>"$HOME/beside"\nexec cat >/dev/null\n'


# ------------------------------------------------------- golden cases, manual


def _cases() -> list[str]:
    """The rules of golden cases that are rules alone, each case a rule around its own, so many in a file."""
    alone = []
    for path in CASES:
        rules = sections(path.read_text("utf-8"))["rules"]
        if all(line.startswith(("rule ", " ", "}", "\n", "#")) for line in rules.splitlines(keepends=True)):
            text = f'rule "{path.stem}" {{\n{rules}}}'
            if not any(word in text for word in ASKING):
                alone.append(text)
    alone.sort(key=lambda text: bool(TAKES_ALL.search(text)))  # what takes every message stands last
    return ["\n".join(alone[number::6]) for number in range(6)]


TAKES_ALL = re.compile(r'rule "[^"]*" \{ (?!when)|when (not|none)\b')
ASKING = (
    "forward", "reply", "pipe", "pass through", "notify", "command", "copy to", "duplicate", "scan", "verify", "time ",
    "weekday", "today", "now", "time is", "mbox", "mh ", "LOGNAME", "spam",
)  # fmt: skip


def _seed(words: Words) -> str:
    return (CHECKOUT / "examples/seed/.pyfilterrc").read_text("utf-8") + BY_HEADERS


def _some(words: Words) -> str:
    return "\n".join(["# some", *words.addresses[::4], *("@" + text for text in words.domains[::5])]) + "\n"


FIFTY: dict[str, RuleFile] = {
    "lists, plus addresses": _text("include <plus>\ninclude <lists>\n"),
    "calendar, receipts, newsletters": _text("include <calendar>\ninclude <receipts>\ninclude <newsletters>\n"),
    "reports": _text("include <reports>\n"),
    "spam, newsletters": _text(f"{BY_HEADERS}include <spam>\ninclude <newsletters>\n"),
    "muted threads": RuleFile(lambda words: f"list muted-threads = {quoted(words.ids[::3])}\ninclude <mute>\n"),
    "duplicates": _text(
        'rule "large" { when duplicate and size > 2 kB; discard }\ninclude <duplicates>\n', is_ordered=True
    ),
    "vacation": _text(VACATION, beside={"sendmail": SHOUT}, is_ordered=True, acts=True, most=40),
    "the seed": RuleFile(_seed),
    "fidelity": _text(FIDELITY.replace("set durable = none\n", "")),
    "1000 contains": RuleFile(_contains),
    "1000 regex": RuleFile(_regexes),
    "5000 that never hold": RuleFile(_idle),
    "1500 is": RuleFile(_equals),
    "long lists": RuleFile(_lists),
    "lists in files": RuleFile(_from_files, beside={"some.txt": "", "empty.txt": "# nobody\n"}),
    "globs": RuleFile(_globs),
    "bodies": RuleFile(_bodies),
    "attachments": _text(ATTACHMENTS),
    "raw": _text(RAW),
    "scores": _text(SCORES),
    "header edits": _text(EDITS),
    "flow": _text(FLOW),
    "authorities": RuleFile(lambda words: f"set trusted-authserv = {quoted(words.authorities)}\n{AUTHORITIES}"),
    "spam by headers": _text(BY_HEADERS + SPAM),
    "clock": _text(CLOCK),
    "layout fs": _text("set layout = fs\n" + WHERE),
    "another Maildir": _text('set maildir = "~/mail/in"\n' + WHERE),
    "folders that are missing": _text(FORBIDDEN, folders=("Maildir/.There", "Maildir/.test")),
    "other mailboxes": _text(MAILBOXES, acts=True),
    "sends": _text(SENDS, beside={"sendmail": SHOUT}, is_ordered=True, acts=True, most=40),
    "programs": _text(
        PROGRAMS, beside={"some.txt": "", "told": SHOUT, "taken": SHOUT}, is_ordered=True, acts=True, most=150
    ),
    "no rule": _text("# nothing\n"),
    **{f"cases {number}": _text(text) for number, text in enumerate(_cases())},
    **{f"by chance {n}": RuleFile(lambda words, n=n: random_rules(words, n)) for n in range(12)},  # type: ignore[misc]
}
