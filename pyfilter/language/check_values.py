"""Values of settings: one function a kind of the vocabulary's rows.

Each returns the value in a tuple, as it stands in the Program, or None: then it is reported.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from pyfilter import limits
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_report import Report, backquoted
from pyfilter.language.check_texts import Texts
from pyfilter.language.endpoints import endpoint
from pyfilter.language.tree import Number, Quantity, Span, Text, Word
from pyfilter.language.vocabulary_rows import SettingRow
from pyfilter.message.addresses import mailbox

__all__ = ["Values"]

# postconf(5), command_time_limit
_POSTFIX_SECONDS = 1000

# what people write for the system's log
_SYSTEM_LOG = frozenset({"syslog", "system", "journal", "default"})

Written = Text | Number | Quantity | Word
Value = str | bool | int | float | tuple[str, ...] | None


class Values:
    def __init__(self, texts: Texts, report: Report) -> None:
        self.texts = texts
        self.report = report
        self.numbers = Numbers(report)

    def value(self, row: SettingRow, written: tuple[Written, ...]) -> tuple[Value] | None:
        """What the setting is set to."""
        if row.kind == "texts":
            return self._texts(row, written)
        if len(written) > 1:
            self._wrong(row, written[1].span, "one value is enough")
            return None
        return _KINDS[row.kind](self, row, written[0])

    # ------------------------------------------------------------ words

    def _choice(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        word = value.plain if isinstance(value, Text) else value.name if isinstance(value, Word) else None
        if isinstance(value, Word) and word in row.choices:
            return (word,)
        self._wrong(row, value.span, "not one of its values")
        return None

    def _yes_no(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        if isinstance(value, Word) and value.name in ("yes", "no"):
            return (value.name == "yes",)
        self._wrong(row, value.span, "not one of its values")
        return None

    # ------------------------------------------------------------ numbers

    def _duration(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        seconds = self.numbers.number(value, "seconds", row.name)
        if seconds is None:
            return None
        if seconds < 1:
            self._wrong(row, value.span, "too short for any delivery")
            return None
        if seconds > limits.DEADLINE_SECONDS:
            self.report.add(
                "W307",
                f"`{row.name}` is longer than a delivery may take",
                value.span,
                f"{seconds:g} seconds",
                f"a delivery ends after {limits.DEADLINE_SECONDS} seconds, whatever is set:\n"
                f"at {_POSTFIX_SECONDS} (`command_time_limit`) Postfix would return the mail to its sender",
            )
        return (seconds,)

    def _bytes(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        size = self.numbers.number(value, "bytes", row.name)
        return None if size is None else (size,)

    def _number(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        if isinstance(value, Number) and isinstance(value.value, int) and value.value >= 1:
            return (value.value,)
        self._wrong(row, value.span, "a whole number, at least 1, is wanted")
        return None

    # ------------------------------------------------------------ texts

    def _text(self, row: SettingRow, value: Written) -> tuple[str] | None:
        if not isinstance(value, Text):
            self._wrong(row, value.span, "a text stands in quotes")
            return None
        text = self.texts.literal(value, "a setting")
        if text is None:
            return None
        if not text.strip() or not text.isprintable():
            self._wrong(row, value.span, "an empty text" if not text.strip() else "a text without control characters")
            return None
        return (text,)

    def _texts(self, row: SettingRow, written: tuple[Written, ...]) -> tuple[Value] | None:
        found = [self._text(row, value) for value in written]
        texts = tuple(text[0] for text in found if text is not None)
        return (texts,) if len(texts) == len(found) else None

    def _address(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        text = self._text(row, value)
        if text is None:
            return None
        try:
            endpoint(text[0])
        except ValueError as error:
            self.report.add(
                "E210",
                f"`{row.name}` cannot be set to this",
                value.span,
                str(error),
                _meant(text[0], str(row.default)),
            )
            return None
        return text

    def _mailbox(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        text = self._text(row, value)
        box = None if text is None else mailbox(text[0])
        if text is None or (box is not None and box.address.casefold() == text[0].casefold() and box.domain):
            return text
        self._wrong(row, value.span, "one plain address is wanted")
        return None

    def _path(self, row: SettingRow, value: Written) -> tuple[Value] | None:
        if row.default is None and value.span.text.strip('"').casefold() in _SYSTEM_LOG:
            self.report.add(
                "E210", f"`{row.name}` cannot be set to this", value.span, "that is the default", "leave the line out"
            )
            return None
        if not isinstance(value, Text):
            self._wrong(row, value.span, "a path stands in quotes")
            return None
        path = self.texts.literal(value, "a setting")
        if path is None:
            return None
        if not path.strip():
            self._wrong(row, value.span, "an empty path")
            return None
        if "$" in path:
            self.report.add(
                "E210",
                "there are no variables in a text",
                value.span,
                "`$` stands for itself",
                f'write `"{path.replace("$HOME", "~").replace("${HOME}", "~")}"`' if "HOME" in path else "write it out",
            )
            return None
        if not path.startswith(("/", "~/")) and path != "~":
            self.report.add(
                "E210",
                "this path begins nowhere",
                value.span,
                "it depends on where the delivery runs",
                f'begin it with `~/` or `/`: `"~/{path}"`',
            )
            return None
        if any(character < " " for character in path):
            self._wrong(row, value.span, "a path has no control characters")
            return None
        if row.name == "maildir" and os.path.normpath(os.path.expanduser(path)) in (os.path.expanduser("~"), "/"):
            # a sender would choose among all that begins with a dot there, and .bashrc is no folder
            self._wrong(row, value.span, "a folder `ssh` would be `.ssh` beside the files there")
            return None
        return (path,)

    def _wrong(self, row: SettingRow, span: Span, label: str) -> None:
        choices = ("yes", "no") if row.kind == "yes-no" else row.choices
        help = f"write {backquoted(choices, 'or')}, without quotes" if choices else f"write `{row.example}`"
        self.report.add("E210", f"`{row.name}` cannot be set to this", span, label, help)


def _meant(written: str, default: str) -> str:
    """The address that was probably meant: a host alone gets the usual port."""
    with_port = f"{written}:{default.rpartition(':')[2]}"
    try:
        endpoint(with_port)
    except ValueError:
        return f'write a host with its port, `"{default}"`, a socket, `"unix:/…"`, or `"tls:host:port"`'
    return f'write `"{with_port}"`'


_KINDS: dict[str, Callable[[Values, SettingRow, Written], tuple[Value] | None]] = {
    "address": Values._address,
    "bytes": Values._bytes,
    "choice": Values._choice,
    "duration": Values._duration,
    "mailbox": Values._mailbox,
    "number": Values._number,
    "path": Values._path,
    "text": Values._text,
    "yes-no": Values._yes_no,
}
