"""Which ends of a delivery the launcher believes: 0, 75 and 77, and of the output one fit line."""

from __future__ import annotations

import signal

import pytest

from .conftest import MESSAGE, POSTPONED, Ended, Installation

REASONS = {  # what the delivery prints before it ends with 77
    "a reason": "5.7.1 We do not take this.",
    "one character": "5.7.1 x",
    "the longest": "5.7.1 " + "x" * 400,
    "every printable character": "5.7.1 " + "".join(map(chr, range(0x21, 0x7F))),
    "percent signs": "5.7.1 %s %n %d",
}
NO_REASONS = {
    "nothing": b"",
    "an empty line": b"\n",
    "no line feed": b"5.7.1 no",
    "no text": b"5.7.1 \n",
    "no code": b"We do not take this.\n",
    "another code": b"5.1.1 no such user\n",
    "a temporary code": b"4.7.1 later\n",
    "text that begins with a space": b"5.7.1  no\n",
    "a space before": b" 5.7.1 no\n",
    "one character too long": b"5.7.1 " + b"x" * 401 + b"\n",
    "endless": b"5.7.1 " + b"x" * 300_000 + b"\n",
    "two lines": b"5.7.1 no\n5.7.1 no\n",
    "an empty line behind": b"5.7.1 no\n\n",
    "an empty line before": b"\n5.7.1 no\n",
    "carriage return": b"5.7.1 no\r\n",
    "carriage return within": b"5.7.1 no\rRCPT TO:<x>\n",
    "NUL": b"5.7.1 n\0o\n",
    "NUL behind": b"5.7.1 no\n\0",
    "escape sequence": b"5.7.1 \x1b[2Jno\n",
    "tab": b"5.7.1 n\to\n",
    "delete": b"5.7.1 n\x7fo\n",
    "half a character": b"5.7.1 \x80\n",
    "too long in characters": "5.7.1 {}\n".format("ž" * 401).encode(),
    "a receipt": b"\n2.0.0 delivered\n",
    "a reason far behind": b"x" * 100_000 + b"5.7.1 no\n",
}


def test_every_exit_status_without_output_postpones(installation: Installation) -> None:
    """0 has no receipt here, 77 no reason: not even they are believed."""
    ends = {}
    for status in range(256):
        installation.python(f"cat >/dev/null; exit {status}")
        ends[status] = installation.run()
    assert ends == dict.fromkeys(range(256), Ended(75, POSTPONED, b""))


def test_every_exit_status_with_every_kind_of_output(installation: Installation) -> None:
    kinds = {"receipt": r"\n2.0.0 delivered\n", "reason": r"5.7.1 no\n", "status": r"5.1.1 unknown user\n"}
    believed = {(0, "receipt"): Ended(0, b"", b""), (77, "reason"): Ended(77, b"5.7.1 no\n", b"")}
    for status in (*range(4), *range(64, 80), 99, *range(126, 130), 137, 139, 143, 255):
        for kind, text in kinds.items():
            installation.python(f"printf '{text}'; exit {status}")
            expected = believed.get((status, kind), Ended(75, POSTPONED, b""))
            assert installation.run() == expected, (status, kind)


SIGNALS = {n: f"the delivery died of signal {n}" for n in range(1, 65)} | {
    9: "the delivery was killed, by somebody or for want of memory",
    14: "the delivery was not done at its deadline, `set deadline` in the rules",
    24: "the delivery took more CPU time than it has",
}


@pytest.mark.parametrize("number", [n for n in signal.valid_signals() if n not in {17, 18, 19, 20, 21, 22, 23, 28}])
def test_death_by_a_signal_postpones(installation: Installation, number: int) -> None:
    """Also behind a receipt: what came after it is not known. (17 to 23, 28: these kill nobody.)"""
    installation.python(f"printf '\\n2.0.0 delivered\\n'; kill -{int(number)} $$; exit 1")
    assert installation.run() == (75, POSTPONED, b"")
    # the launcher ignores two, and whoever runs the tests may ignore others; those it catches are plain behind execve
    caught = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    ignored = number in (signal.SIGPIPE, signal.SIGXFSZ) or (
        number not in caught and signal.getsignal(number) is signal.SIG_IGN
    )
    cause = "the delivery ended with status 1" if ignored else SIGNALS[number]
    assert installation.log == [f"{cause}; the mail stays in the queue"]


def test_a_stopped_delivery_that_goes_on_is_waited_for(installation: Installation) -> None:
    installation.python("(kill -CONT $$) & kill -STOP $$; cat >$scratch/delivered; printf '\\n2.0.0 delivered\\n'")
    installation.python("trap '' TSTP; kill -TSTP $$; cat >$scratch/delivered; printf '\\n2.0.0 delivered\\n'")
    assert installation.run().status == 0
    assert installation.delivered == MESSAGE


@pytest.mark.parametrize("reason", REASONS.values(), ids=REASONS)
def test_a_refusal_shows_its_reason_alone(installation: Installation, reason: str) -> None:
    (installation.scratch / "reason").write_bytes(reason.encode() + b"\n")
    installation.python("cat $scratch/reason; exit 77")
    assert installation.run() == (77, reason.encode() + b"\n", b"")


def test_a_reason_reaches_the_sender_in_ascii(installation: Installation) -> None:
    """Mail systems pass on nothing else; the rest becomes question marks, and the refusal stays one."""
    reasons = {
        "Žádný spam": b"5.7.1 ??dn? spam\n",
        "ž" * 400: b"5.7.1 " + b"?" * 400 + b"\n",
        "\u202eevil\x85": b"5.7.1 ?evil?\n",
    }
    installation.python("cat $scratch/reason; exit 77")
    for reason, shown in reasons.items():
        (installation.scratch / "reason").write_text(f"5.7.1 {reason}\n", encoding="utf-8")
        assert installation.run() == (77, shown, b"")
    (installation.scratch / "reason").write_bytes(b"5.7.1 n\xf3\xff\n")
    assert installation.run() == (77, b"5.7.1 n??\n", b"")


@pytest.mark.parametrize("text", NO_REASONS.values(), ids=NO_REASONS)
def test_a_refusal_without_a_fit_reason_postpones(installation: Installation, text: bytes) -> None:
    (installation.scratch / "reason").write_bytes(text)
    installation.python("cat $scratch/reason; exit 77")
    assert installation.run() == (75, POSTPONED, b"")


@pytest.mark.parametrize("noise", [b"5.1.1 bounce it", b"x" * 300_000, b"\0\r\n", b"5.7.1 no\n"])
def test_what_a_successful_delivery_prints_is_dropped(installation: Installation, noise: bytes) -> None:
    (installation.scratch / "noise").write_bytes(noise)
    installation.python("cat $scratch/noise; printf '\\n2.0.0 delivered\\n'; cat $scratch/noise >&2")
    assert installation.run() == (0, b"", b"")


def test_output_behind_the_receipt_changes_nothing(installation: Installation) -> None:
    installation.python("printf '\\n2.0.0 delivered\\n'; echo 5.1.1 late")
    assert installation.run() == (0, b"", b"")


def test_a_receipt_is_a_line_of_its_own(installation: Installation) -> None:
    installation.python("printf 'Subject: 2.0.0 delivered\\n'; exit 0")
    assert installation.run() == (75, POSTPONED, b"")


def test_a_refusal_that_cannot_be_told_postpones(installation: Installation) -> None:
    """With standard output full or closed the sender would get a bounce without a reason."""
    installation.python("echo 5.7.1 no; exit 77")
    for where in (">/dev/full", ">&-"):
        assert installation.run(prefix=("sh", "-c", f'exec "$0" "$@" {where}')).status == 75


MAINS = {  # what pyfilter.mda.main does -> how the launcher ends
    "return 0": Ended(0, b"", b""),
    "return 75": Ended(75, POSTPONED, b""),
    "print('5.7.1 no'); return 77": Ended(77, b"5.7.1 no\n", b""),
    "print('5.1.1 no'); return 0": Ended(0, b"", b""),
    "return 1": Ended(75, POSTPONED, b""),
    "return 256": Ended(75, POSTPONED, b""),
    "return None": Ended(75, POSTPONED, b""),
    "return '0'": Ended(75, POSTPONED, b""),
    "raise SystemExit(0)": Ended(0, b"", b""),
    "raise SystemExit": Ended(75, POSTPONED, b""),
    "raise SystemExit('5.7.1 no')": Ended(75, POSTPONED, b""),
    "raise KeyError('secret')": Ended(75, POSTPONED, b""),
    "raise KeyboardInterrupt": Ended(75, POSTPONED, b""),
    "raise MemoryError": Ended(75, POSTPONED, b""),
    "return main(arguments, seconds)": Ended(75, POSTPONED, b""),
    "import os; os._exit(0)": Ended(75, POSTPONED, b""),
    "import os; os.abort()": Ended(75, POSTPONED, b""),
}


@pytest.mark.parametrize("body", MAINS)
def test_what_main_returns(installation: Installation, body: str) -> None:
    installation.mda(f"def main(arguments, seconds):\n    {body}\n")
    assert installation.run() == MAINS[body]


def test_a_package_that_does_not_compile_postpones(installation: Installation) -> None:
    installation.mda("def main(:\n")
    assert installation.run() == (75, POSTPONED, b"")
    assert "SyntaxError: invalid syntax" in installation.log[0]
