"""Programs that rules run while they decide, and the ways in which they fail (P14): nothing of it changes a message."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.engine.questions import Stale, Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import commands
from pyfilter.services.answers import Inquiry

RAW = b"From: ann@example.org\nSubject: x\n\nbody\n"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(limits, "CHILD_GRACE_SECONDS", 0.2)
    return tmp_path


def inquiry(*arguments: str, raw: bytes = RAW, keeps: bool = True) -> Inquiry:
    envelope = Envelope("ann@example.org", "me+lists@example.org")
    return Inquiry("\0".join(arguments), Message.from_bytes(raw), envelope, {}, keeps=keeps)


def script(home: Path, text: str, name: str = "program") -> str:
    path = home / name
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return str(path)


def why(answer: object) -> str:
    assert isinstance(answer, Unknown), answer
    return answer.why


# ------------------------------------------------------------------ command


@pytest.mark.parametrize(("status", "answer"), [(0, True), (1, False), (75, False), (255, False)])
def test_the_exit_status_is_the_answer(home: Path, status: int, answer: bool) -> None:
    assert commands.succeeds(inquiry(script(home, f"exit {status}"))) is answer


def test_the_message_is_on_standard_input_and_the_envelope_in_the_environment(home: Path) -> None:
    told = '[ "$SENDER $RECIPIENT $EXTENSION $HOME $PWD" = '
    program = script(home, told + f'"ann@example.org me+lists@example.org lists {home} {home}" ] && grep -q "^body$"')
    assert commands.succeeds(inquiry(program)) is True
    assert commands.succeeds(inquiry(program, raw=RAW.replace(b"body", b"other"))) is False


def test_arguments_come_as_they_are_and_no_shell_sees_them(home: Path) -> None:
    hostile = "a b; touch x `touch y` $(touch z) 'q\" *"
    assert commands.succeeds(
        inquiry(script(home, f'[ "$#" = 2 ] && [ "$2" = "$(cat <<\'E\'\n{hostile}\nE\n)" ]'), "-n", hostile)
    )
    assert sorted(path.name for path in home.iterdir()) == ["program"]  # fmt: skip


def test_a_program_may_stand_in_the_home_or_in_the_path(home: Path) -> None:
    script(home, "exit 0")
    assert commands.succeeds(inquiry("~/program")) is True
    assert commands.succeeds(inquiry("true")) is True
    assert commands.succeeds(inquiry("false")) is False


def test_what_cannot_be_run_is_unknown(home: Path) -> None:
    assert why(commands.succeeds(inquiry("/no/such/program"))) == "command /no/such/program: it was not found"
    (home / "data").write_text("x")
    assert "it cannot be run: Permission denied" in why(commands.succeeds(inquiry("~/data")))
    program = script(home, "no-such-program-here")
    assert why(commands.succeeds(inquiry(program))).startswith(f"command {program}: exit status 127; it said: ")


def test_what_a_signal_ends_is_unknown_with_its_last_words_cleaned(home: Path) -> None:
    program = script(home, 'printf "one\\nred \\033[31m two\\n" >&2; kill -9 $$')
    assert why(commands.succeeds(inquiry(program))) == (
        f"command {program}: it was ended by signal 9; it said: red [31m two"
    )


def test_what_takes_too_long_is_ended_and_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMMAND_SECONDS", 0.2)
    program = script(home, "trap '' TERM; while :; do sleep 0.01; done")
    assert why(commands.succeeds(inquiry(program))) == f"command {program}: it was ended after 0.2 s"


def test_a_program_that_reads_nothing_of_a_large_message_is_no_trouble(home: Path) -> None:
    assert commands.succeeds(inquiry(script(home, "exit 0"), raw=RAW + b"x" * 3_000_000)) is True


# ------------------------------------------------------------------ pass through


def test_what_it_prints_is_the_message(home: Path) -> None:
    program = script(home, 'echo "X-New: yes"; cat')
    assert commands.passed(inquiry("1", program)) == b"X-New: yes\n" + RAW


def test_a_line_of_an_mbox_above_it_is_allowed(home: Path) -> None:
    line = b"From ann@example.org Mon Nov  2 10:00:00 2026\n"
    assert commands.passed(inquiry("1", "cat", raw=line + RAW)) == RAW
    program = script(home, f'printf "%s\\n" "{line.decode().strip()}"; cat')
    printed = commands.passed(inquiry("1", program))
    assert isinstance(printed, bytes) and Message.from_bytes(printed).raw == RAW


def test_a_message_that_has_no_body_may_stay_so(home: Path) -> None:
    raw = b"From: a@b.example\n\n"
    assert commands.passed(inquiry("1", "cat", raw=raw)) == raw


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("cat >/dev/null", "it printed nothing"),
        ("exit 0", "it printed nothing"),
        ("echo; echo", "it printed nothing"),
        ("cat; exit 1", "exit status 1"),
        ("cat; echo oh >&2; exit 75", "exit status 75; it said: oh"),
        ("cat; kill -9 $$", "it was ended by signal 9"),
        ("head -c 20", "what it printed ends within the header, or has no empty line behind it"),
        ("sed '/^$/q'", "it printed no body"),
        ("echo; cat", "what it printed does not begin with a header"),
        ("echo An error has come about; cat", "what it printed does not begin with a header"),
        ("cat | tr -d '\\n'", "what it printed ends within the header, or has no empty line behind it"),
        ("yes 'X: y'", "it was ended after 0.3 s"),
        ("trap '' TERM; cat; while :; do sleep 0.01; done", "it was ended after 0.3 s"),
    ],
)
def test_p14_what_fails_leaves_the_message_as_it_was(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str, wrong: str
) -> None:
    monkeypatch.setattr(limits, "PASS_SECONDS", 0.3 if "0.3" in wrong else 60)
    program = script(home, text)
    expected = f"pass through {program}: {wrong}; the message stays as it was"
    assert why(commands.passed(inquiry("1", program))) == expected


def test_p14_what_prints_too_much_leaves_the_message_as_it_was(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PASS_BYTES", 100_000)
    program = script(home, "cat; head -c 200000 /dev/zero")
    assert "it printed more than 100000 bytes" in why(commands.passed(inquiry("1", program)))


def test_p14_what_a_program_leaves_running_is_not_waited_for(home: Path) -> None:
    program = script(home, "sleep 300 & cat")
    assert commands.passed(inquiry("1", program)) == RAW


# ------------------------------------------------------------------ list … from command


def test_the_lines_it_prints_are_the_entries(home: Path) -> None:
    program = script(home, "printf 'Ann <Ann@Example.org>\\n# a comment\\n@shop.example\\n'")
    assert commands.entries(inquiry("3600", program)) == {"ann@example.org", "@shop.example"}


def test_what_it_printed_holds_for_the_time_that_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(home, "echo run >>runs; echo a@example.org")
    for _ in range(3):
        assert commands.entries(inquiry("3600", program)) == {"a@example.org"}
    assert (home / "runs").read_text() == "run\n"
    now = commands.time.time()
    monkeypatch.setattr(commands.time, "time", lambda: now + 3601)
    assert commands.entries(inquiry("3600", program)) == {"a@example.org"}
    assert (home / "runs").read_text() == "run\nrun\n"


def test_when_it_fails_later_what_it_printed_before_holds(home: Path) -> None:
    program = script(home, "echo a@example.org")
    commands.entries(inquiry("0", program))
    script(home, "echo a@example.org; echo broken >&2; exit 1")
    answer = commands.entries(inquiry("0", program))
    assert isinstance(answer, Stale) and answer.answer == {"a@example.org"}
    said = "exit status 1; it said: broken; what it printed before holds"
    assert answer.why == f"list from command {program}: {said}"


def test_when_it_fails_at_first_the_list_is_unknown(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(home, "exit 1")
    assert why(commands.entries(inquiry("3600", program))) == (
        f"list from command {program}: exit status 1; the list is unknown"
    )
    monkeypatch.setattr(limits, "LIST_BYTES", 10)
    program = script(home, "echo more than ten bytes")
    monkeypatch.setattr(limits, "LISTER_FAILED_SECONDS", 0)
    assert "it printed more than 10 bytes" in why(commands.entries(inquiry("3600", program)))


def test_a_failure_holds_for_a_minute(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = script(home, "echo run >>runs; echo broken >&2; exit 1")
    said = f"list from command {program}: exit status 1; it said: broken; the list is unknown"
    now = commands.time.time()
    for later, runs in ((0, 1), (1, 1), (59, 1), (61, 2), (100, 2), (-10, 3)):
        monkeypatch.setattr(commands.time, "time", lambda later=later: now + later)
        assert why(commands.entries(inquiry("3600", program))) == said
        assert (home / "runs").read_text() == "run\n" * runs, later
    assert why(commands.entries(inquiry("3600", program, keeps=False))) == said
    assert (home / "runs").read_text() == "run\n" * 4, "who only looks wants to see it run"


def test_what_it_printed_before_holds_while_it_is_not_run(home: Path) -> None:
    program = script(home, "echo a@example.org")
    commands.entries(inquiry("0", program))
    script(home, "echo run >>runs; exit 1")
    for _ in range(2):
        answer = commands.entries(inquiry("0", program))
        assert isinstance(answer, Stale) and answer.answer == {"a@example.org"}
        assert answer.why == f"list from command {program}: exit status 1; what it printed before holds"
    assert (home / "runs").read_text() == "run\n"


@pytest.mark.parametrize("text", ["exit 0", "echo; echo ' '"])
def test_nothing_does_not_take_the_place_of_entries(home: Path, text: str) -> None:
    program = script(home, "echo a@example.org")
    commands.entries(inquiry("0", program))
    script(home, text)
    answer = commands.entries(inquiry("0", program))
    assert isinstance(answer, Stale) and answer.answer == {"a@example.org"}
    assert answer.why == f"list from command {program}: it printed nothing; what it printed before holds"


def test_a_list_may_be_empty_from_the_start_or_by_a_comment(home: Path) -> None:
    program = script(home, "exit 0")
    assert commands.entries(inquiry("0", program)) == frozenset()
    script(home, "echo a@example.org")
    assert commands.entries(inquiry("0", program)) == {"a@example.org"}
    script(home, "echo '# nobody'")
    assert commands.entries(inquiry("0", program)) == frozenset()


def test_what_is_kept_is_of_the_program_whatever_time_is_written(home: Path) -> None:
    program = script(home, "echo run >>runs; echo a@example.org")
    assert commands.entries(inquiry("3600", program)) == {"a@example.org"}
    assert commands.entries(inquiry("7200", program)) == {"a@example.org"}
    assert (home / "runs").read_text() == "run\n"
    assert commands.entries(inquiry("3600", program, "other")) == {"a@example.org"}
    assert (home / "runs").read_text() == "run\nrun\n"


def test_who_only_looks_keeps_nothing(home: Path) -> None:
    program = script(home, "echo a@example.org")
    assert commands.entries(inquiry("3600", program, keeps=False)) == {"a@example.org"}
    assert [path.name for path in home.iterdir()] == ["program"]


@pytest.mark.parametrize("mode", [0o666, 0o622])
def test_what_others_could_write_is_not_believed(home: Path, mode: int) -> None:
    program = script(home, "echo a@example.org")
    commands.entries(inquiry("3600", program))
    (kept,) = (home / ".local/state/pyfilter/lists").iterdir()
    kept.write_text("evil@example.org\n")
    kept.chmod(mode)
    assert commands.entries(inquiry("3600", program)) == {"a@example.org"}
