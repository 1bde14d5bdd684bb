"""Whatever parses, in whole or in part, is checked without an exception: rules are written by people.

Rule files of the golden cases are cut into words, and the words dropped, doubled, exchanged and
replaced by others of the language.
"""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyfilter.language.check import check
from pyfilter.language.codes import CODES
from pyfilter.language.diagnostics import render
from pyfilter.language.parse import parse
from pyfilter.language.tree import Source, Span, TestBlock
from pyfilter.language.vocabulary import RESERVED, field_names

FILES = [
    re.findall(r'"(?:\\.|[^"\\\n])*"|/[^/\n]+/|[\w.-]+|\s+|.', path.read_text("utf-8"))
    for path in sorted(Path(__file__).with_name("golden").glob("check/*.rules"))
]
WORDS = sorted(
    {word for words in FILES for word in words if not word.isspace()}
    | RESERVED
    | set(field_names())
    | {'"{x}"', '"*{y}*"', '".a.b/"', '"{from.domain}/{x}"', "/(?P<x>a)|b/", "not", "(", ")", "7", "10 MB", "é", "\n"}
)


@st.composite
def mutations(draw: st.DrawFn) -> str:
    words = list(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 6))):
        place = draw(st.integers(0, len(words) - 1))
        match draw(st.sampled_from(["drop", "double", "replace", "insert", "exchange"])):
            case "drop" if len(words) > 1:
                del words[place]
            case "double":
                words.insert(place, words[place])
            case "replace":
                words[place] = draw(st.sampled_from(WORDS))
            case "insert":
                words.insert(place, f" {draw(st.sampled_from(WORDS))} ")
            case _:
                other = draw(st.integers(0, len(words) - 1))
                words[place], words[other] = words[other], words[place]
    return "".join(words)


# of the mail server's environment, which a remedy names
VARIABLES = re.compile(r"`[A-Z]+_[A-Z]+`")


def _inside(span: Span, other: Span) -> bool:
    return span.source is other.source and other.start <= span.start and span.end <= other.end


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutations(), mutations())
def test_check_reports_and_never_raises(system: str, user: str) -> None:
    files = [parse(Source(name, text))[0] for name, text in (("/etc/pyfilterrc", system), ("~/.pyfilterrc", user))]
    program, found = check(files, home="/home/ann")
    # a test that is wrong leaves the rules standing
    tests = [item.span for file in files for item in file.items if isinstance(item, TestBlock)]
    errors = [p for p in found if p.severity == "error" and not any(_inside(p.span, test) for test in tests)]
    assert (program is None) == bool(errors)
    order = [(files.index(next(f for f in files if f.source is p.span.source)), p.span.start) for p in found]
    assert order == sorted(order)
    for problem in found:
        assert problem.code in CODES
        assert "\n" not in problem.message
        assert "Traceback" not in render(problem)
        # names of tokens, classes and nodes of the tree are nobody's business
        assert not re.search(
            r"[A-Z]{2,}_[A-Z]|object at 0x|<class|\bNone\b",
            VARIABLES.sub("", problem.message + problem.label + problem.help),
        )
