"""What a scanner said, as header lines, which are read again as what was said."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pyfilter import limits
from pyfilter.message import spam_headers
from pyfilter.message.editing import LONGEST_LINE, lines_above
from pyfilter.message.message import Message
from pyfilter.message.verdict import LINE, TESTS_CHARACTERS, Verdict, number

Told = tuple[bool, float, float | None, tuple[str, ...]]

RAW = b"Received: from x by y\nSubject: z\n\nbody\n"
CRLF = RAW.replace(b"\n", b"\r\n")

# verdict -> its three lines
LINES: list[tuple[Verdict, list[str]]] = [
    (
        Verdict("spamd", True, 7.5, 5.0, ("BAYES_99", "HTML_MESSAGE")),
        ["YES", "7.5", "Yes, score=7.5 required=5.0 tests=BAYES_99,HTML_MESSAGE"],
    ),
    (
        Verdict("spamd", False, -1.9, 5.0, ("ALL_TRUSTED",)),
        ["NO", "-1.9", "No, score=-1.9 required=5.0 tests=ALL_TRUSTED"],
    ),
    (Verdict("spamd", False, 0.0, 5.0), ["NO", "0.0", "No, score=0.0 required=5.0 tests=none"]),
    (Verdict("rspamd", True, 15.25, 15.0, ("A",)), ["YES", "15.25", "Yes, score=15.25 required=15.0 tests=A"]),
    (Verdict("rspamd", False, 1.0, None, ("A",)), ["NO", "1.0", "No, score=1.0 tests=A"]),
    (Verdict("rspamd", False, 1.0, 0.0), ["NO", "1.0", "No, score=1.0 required=0.0 tests=none"]),
]

NUMBERS = [
    (0.0, "0.0"),
    (-0.0, "0.0"),
    (-0.001, "0.0"),
    (5, "5.0"),
    (-1.9, "-1.9"),
    (7.449, "7.45"),
    (0.1 + 0.2, "0.3"),
    (1000.0, "1000.0"),
    (-100.05, "-100.05"),
]


@pytest.mark.parametrize(("verdict", "values"), LINES, ids=repr)
def test_its_lines(verdict: Verdict, values: list[str]) -> None:
    assert list(verdict.headers()) == list(zip(("X-Spam-Flag", "X-Spam-Score", "X-Spam-Status"), values, strict=True))


def test_what_was_not_scanned_has_no_lines() -> None:
    assert Verdict("spamd", False, 0.0, 5.0, ("A",), skipped="too large").headers() == ()


@pytest.mark.parametrize(("points", "text"), NUMBERS)
def test_points(points: float, text: str) -> None:
    assert number(points) == text


def test_as_data_and_as_text() -> None:
    verdict = Verdict("rspamd", True, 7.0, None, ("A", "B"), "why")
    assert verdict.as_data() == {
        "scanner": "rspamd",
        "spam": True,
        "score": 7.0,
        "threshold": None,
        "tests": ["A", "B"],
        "skipped": "why",
    }
    assert repr(verdict) == "Verdict('rspamd', True, 7.0, None, ('A', 'B'), 'why')"


# ------------------------------------------------------------ as they are filed, and read again


def read(above: bytes, raw: bytes) -> Told | None:
    found = spam_headers.verdict(Message.from_bytes(above + raw), 1)
    return None if found is None else (found.spam, found.score, found.threshold, found.tests)


def status_alone(verdict: Verdict, raw: bytes = RAW) -> bytes:
    (status,) = [pair for pair in verdict.headers() if pair[0] == "X-Spam-Status"]
    return lines_above([status], raw)


def names(count: int, characters: int) -> tuple[str, ...]:
    return tuple(f"T{number:_<{characters - 1}}" for number in range(count))


def test_a_long_list_is_folded_behind_its_commas() -> None:
    assert status_alone(Verdict("spamd", True, 7.5, 5.0, names(7, 20))).decode() == (
        "X-Spam-Status: Yes, score=7.5 required=5.0\n"
        " tests=T0__________________,T1__________________,T2__________________,\n"
        " T3__________________,T4__________________,T5__________________,\n"
        " T6__________________\n"
    )


@pytest.mark.parametrize("characters", [2, 9, 20, LINE, limits.SPAM_TEST_CHARACTERS])
def test_a_list_without_end_ends_with_a_whole_name(characters: int) -> None:
    """The list is cut at so many characters; the lines stay short, whatever it holds."""
    tests = names(limits.SPAM_TESTS if characters > 2 else 10, characters)
    above = status_alone(Verdict("spamd", True, 7.5, 5.0, tests))
    found = read(above, RAW)
    assert found is not None
    read_again = found[3]
    assert read_again == tests[: len(read_again)]
    if characters > 2:
        length = len(",".join(read_again))
        assert TESTS_CHARACTERS - characters - 100 < length <= TESTS_CHARACTERS + 100
    else:
        assert read_again == tests
    longest = max(len(line) for line in above.splitlines())
    assert longest <= LINE + 1 + characters + len(" tests=,")
    assert longest < LONGEST_LINE


# as scanners name them (spam_headers.is_test), each once; "none" is how a scanner writes that there is none
NAMES = st.text("ABCXYZabcxyz0189_-.", min_size=1, max_size=limits.SPAM_TEST_CHARACTERS).filter(
    lambda name: name.strip("_-.") != "" and name != "none"
)
# all that a scanner gives, and more; a number longer than 20 characters would not be read (spam_headers.number)
POINTS = st.integers(-(10**9), 10**9).map(lambda hundredths: hundredths / 100)


@given(
    st.booleans(),
    POINTS,
    st.none() | POINTS,
    st.lists(NAMES, max_size=60, unique=True).map(tuple),
    st.sampled_from([RAW, CRLF]),
)
@example(True, 7.5, 5.0, names(28, 100), RAW)
@example(False, -0.01, None, (), RAW)
@example(True, 0.0, 0.0, ("Yes", "score", "tests"), CRLF)
def test_the_lines_are_read_as_the_same_verdict(
    spam: bool, score: float, threshold: float | None, tests: tuple[str, ...], raw: bytes
) -> None:
    verdict = Verdict("spamd", spam, score, threshold, tests)
    whole = lines_above(list(verdict.headers()), raw)
    kept = tests
    while len(",".join(kept)) > TESTS_CHARACTERS // 2:  # the cut is another test's
        kept = kept[:-1]
    for above in (status_alone(verdict, raw), whole):
        found = read(above, raw)
        assert found is not None
        assert found[:3] == (spam, score, threshold)
        assert found[3][: len(kept)] == kept
        assert found[3] == tests[: len(found[3])]
    assert whole.endswith(b"\r\n") is raw.startswith(b"Received: from x by y\r\n")


def test_below_a_received_line_it_is_a_strangers() -> None:
    above = lines_above(list(Verdict("spamd", True, 7.5, 5.0, ("A",)).headers()), RAW)
    assert read(above, RAW) == (True, 7.5, 5.0, ("A",))
    assert read(b"Received: from stranger by us\n" + above, RAW) is None
