"""The place where reading stopped, with what the parser could have taken there."""

from __future__ import annotations

from dataclasses import dataclass

from pyfilter.language.tree import Source, Span

# characters of a line that are looked at
FAR = 400


@dataclass(frozen=True, slots=True)
class Trouble:
    """Where reading stopped.

    ``last``: what was read last, of the grammar's type ``last_type``; ``statement``: from the beginning of
    the statement to the error; ``fresh``: the error is its first word; ``expected``: the grammar's types that
    could stand here, ``words`` the words of the language among them; ``block``: what is open around it.
    """

    source: Source
    offset: int
    last_type: str
    last: Span
    statement: Span
    fresh: bool
    expected: frozenset[str]
    words: frozenset[str]
    block: str

    @property
    def rest(self) -> str:
        """The rest of the line, as far as anybody would read."""
        line = self.source.text[self.offset : self.offset + FAR]
        return line.split("\n", 1)[0].rstrip("\r")

    @property
    def line(self) -> str:
        return self.source.line(self.source.place(self.offset)[0])

    def span(self, start: int, end: int) -> Span:
        begin = min(self.offset + start, len(self.source.text))
        return Span(self.source, begin, min(max(self.offset + end, begin), len(self.source.text)))

    @property
    def in_condition(self) -> bool:
        begun = self.statement.text.split(None, 1)
        return not self.fresh and begun[:1] in (["when"], ["given"], ["define"])

    def may_stand(self, what: str) -> bool:
        match what:
            case "":
                return True
            case "text":
                return "STRING" in self.expected
            case ",":
                return "COMMA" in self.expected
            case "{":
                return "LBRACE" in self.expected
            case "end":
                return "_NL" in self.expected
            case _:
                return what in self.words
