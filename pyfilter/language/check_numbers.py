"""Numbers: sizes with their units, counts without, and tests of them."""

from __future__ import annotations

import re

from pyfilter.language.check_report import Report, backquoted
from pyfilter.language.tree import Number, Point, Quantity, Regex, Test, Text, Value
from pyfilter.language.vocabulary import UNITS, field_kind
from pyfilter.language.vocabulary_rows import UnitRow

__all__ = ["Numbers"]

# unit as people write it -> as the language does
_SPELLINGS = {
    "k": "kB", "kb": "kB", "kbyte": "kB", "kbytes": "kB", "kilobyte": "kB", "kilobytes": "kB", "ko": "kB",
    "m": "MB", "mb": "MB", "mbyte": "MB", "mbytes": "MB", "meg": "MB", "megs": "MB", "megabyte": "MB",
    "megabytes": "MB", "mo": "MB", "g": "GB", "gb": "GB", "gbyte": "GB", "gbytes": "GB", "gigabyte": "GB",
    "gigabytes": "GB", "go": "GB", "ki": "KiB", "kib": "KiB", "mi": "MiB", "mib": "MiB", "gi": "GiB", "gib": "GiB",
    "s": "seconds", "sec": "seconds", "secs": "seconds", "min": "minutes", "mins": "minutes", "h": "hours",
    "hr": "hours", "hrs": "hours", "d": "days", "w": "weeks", "y": "years",
}  # fmt: skip
_BYTES = ("b", "byte", "bytes", "octets")

_KIND_NAMES = {"bytes": "a size", "seconds": "a time", "count": "a count", "points": "a number of points"}
# kinds that have no unit
_BARE = ("count", "points")


class Numbers:
    def __init__(self, report: Report) -> None:
        self.report = report

    def test(self, node: Test, key: str, kind: str, excerpt: int) -> tuple[object, ...] | None:
        """A test of a number; the relation fits the field already."""
        relation = node.relation
        assert relation is not None
        numbers = [self._operand(value, kind, key, relation.word) for value in relation.values]
        if relation.exactly:
            self.report.add("E214", "numbers are always compared exactly", relation.span, "", "leave out `exactly`")
            return None
        whole = [number for number in numbers if number is not None]
        if len(whole) < len(numbers):
            return None
        if relation.word == "between":
            low, high = whole
            if low > high:  # type: ignore[operator] # `between` takes no fields
                first, last = (value.span.text for value in relation.values)
                help = f"the smaller stands first: `between {last} and {first}`"
                self.report.add("E217", "nothing lies between these two", relation.span, "", help)
                return None
            return "between", key, (low, high), excerpt
        operator = relation.operator or "=="
        tests = tuple(("compare", key, (operator, number), excerpt) for number in whole)
        return tests[0] if len(tests) == 1 else ("or", *tests)

    def _operand(self, value: Value | Regex, kind: str, key: str, relation: str) -> int | float | str | None:
        """A number, or the key of a field of the same kind."""
        if (
            relation != "between"
            and isinstance(value, Point)
            and value.kind == "field"
            and value.shift is None
            and field_kind(value.base.name) == kind
        ):
            return value.base.name
        return self.number(value, kind, key)

    def number(self, value: Value | Regex, kind: str, what: str) -> int | float | None:
        """The number ``value`` stands for, in bytes, seconds or as it is; ``what`` it belongs to, as written."""
        unit: UnitRow | None = None
        number: Number | None = None
        if isinstance(value, Number):
            number = value
        elif isinstance(value, Quantity):
            number, unit = value.number, self._unit(value, kind)
            if unit is None:
                return None
        else:
            self._no_number(value, kind, what)
            return None
        if number.value < 0 and kind != "points":
            self.report.add(
                "E217", f"{_KIND_NAMES[kind]} is never less than nothing", value.span, "", "leave out the `-`"
            )
            return None
        if kind in _BARE:
            return number.value
        if unit is None:
            self._no_unit(number, kind)
            return None
        return round(number.value * unit.factor)

    def _unit(self, value: Quantity, kind: str) -> UnitRow | None:
        name, written = value.unit.name, value.number.span.text
        unit = UNITS.get(name)
        if kind in _BARE:
            self.report.add("E216", f"{_KIND_NAMES[kind]} has no unit", value.unit.span, "", f"write `{written}`")
        elif unit is None:
            self._unknown(value, kind)
        elif unit.kind != kind:
            self.report.add("E216", f"`{name}` is not a unit of {_unit_of(kind)}", value.unit.span, "", _units(kind))
        else:
            return unit
        return None

    def _unknown(self, value: Quantity, kind: str) -> None:
        name, written = value.unit.name, value.number.span.text
        meant = _SPELLINGS.get(name.casefold())
        if re.fullmatch(r"(?:_\d+)+", name):
            help = f"write `{_ungrouped(written + name, kind)}`, without `_` between the digits"
        elif meant and UNITS[meant].kind == kind:
            help = f"write `{written} {meant}`"
        elif kind == "bytes" and name.casefold() in _BYTES:
            help = f"write `{_in_kilobytes(value.number.value)}`: {_units(kind)}"
        else:
            help = _units(kind)
        self.report.add("E216", f"there is no unit `{name}`", value.unit.span, f"not a unit of {_unit_of(kind)}", help)

    def _no_unit(self, number: Number, kind: str) -> None:
        if kind == "bytes":
            self.report.add(
                "E216", "a size needs its unit", number.span, "of what?",
                _bytes_meant(number),
            )  # fmt: skip
        else:
            self.report.add(
                "E216", "a time needs its unit", number.span, "of what?", f"write `{number.span.text} seconds`"
            )

    def _no_number(self, value: Value | Regex, kind: str, what: str) -> None:
        message = f"`{what}` takes a time" if kind == "seconds" else f"`{what}` is compared with numbers"
        if isinstance(value, Text) and not value.holes:
            inside = value.plain.strip()
            help = f"write `{inside}` without quotes" if inside[:1].isdigit() else _units(kind)
            self.report.add("E215", message, value.span, "this is a text", help)
        else:
            self.report.add("E215", message, value.span, "this is none", _units(kind))


def _ungrouped(written: str, kind: str) -> str:
    """`1_000_000`, as it is written here."""
    digits = written.replace("_", "")
    return _in_kilobytes(int(digits)) if kind == "bytes" else f"{digits} seconds"


def _bytes_meant(number: Number) -> str:
    if number.value < 1000:
        return f"write `{number.span.text} kB`, `{number.span.text} MB` …: {_units('bytes')}"
    return f"write `{_in_kilobytes(number.value)}` if these are bytes; {_units('bytes')}"


def _unit_of(kind: str) -> str:
    return "size" if kind == "bytes" else "time"


def _units(kind: str) -> str:
    if kind in _BARE:
        return f"{_KIND_NAMES[kind]} is written without a unit: `{'3' if kind == 'count' else '5.5'}`"
    words = [word for word, row in UNITS.items() if row.kind == kind and (kind == "bytes" or word.endswith("s"))]
    return f"the units are {backquoted(words)}"


def _in_kilobytes(value: float) -> str:
    """Bytes as people write them: exactly, in the largest unit that does not need a small fraction."""
    for word, factor in (("GB", 1000**3), ("MB", 1000**2), ("kB", 1000)):
        if value >= factor and value % (factor // 100) == 0:
            return f"{value / factor:g} {word}"
    return f"{value / 1000:.3f}".rstrip("0").rstrip(".") + " kB"
