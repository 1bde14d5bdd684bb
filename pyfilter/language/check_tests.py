"""One test: a field, a relation, what it is compared with.

In: a ``Test`` of the tree and the ``Scope`` it stands in. Out: the test as the
Program keeps it, with the number of its excerpt, and what it captures.

Fields of texts are judged here, numbers in ``check_numbers.py``, words in ``check_words.py``, wrong fields
and wrong relations get their remedies in ``check_remedy_values.py``.
"""

from __future__ import annotations

from pyfilter.language import check_truths, check_words, remedy_fields, remedy_values
from pyfilter.language.check_dates import Dates
from pyfilter.language.check_headers import header_key
from pyfilter.language.check_names import Names
from pyfilter.language.check_numbers import Numbers
from pyfilter.language.check_patterns import Patterns, forgive
from pyfilter.language.check_report import Report, on_one_line
from pyfilter.language.check_texts import Lowered, Scope, Template, Texts
from pyfilter.language.entries import entry
from pyfilter.language.forms import fold, plain
from pyfilter.language.tree import (
    CommandField,
    EnvironmentField,
    Field,
    HeaderField,
    Point,
    Regex,
    Relation,
    Span,
    Test,
    Text,
    Value,
    Wild,
    Word,
)
from pyfilter.language.vocabulary import NUMERIC, RELATIONS, TEMPORAL, TEXTUAL, WORDS, field_kind

__all__ = ["Excerpts", "Tests"]

# relation -> its word in the Program
_PROGRAM_WORDS = {"contains": "contains", "starts with": "starts", "ends with": "ends"}
# relation -> how `matches` says the same of a text
_AS_GLOB = {"is": "{}", "contains": "*{}*", "starts with": "{}*", "ends with": "*{}", "in": "{}"}


class Excerpts:
    """The conditions as written, numbered."""

    def __init__(self) -> None:
        self.lines: list[tuple[int, str]] = []

    def number(self, span: Span) -> int:
        self.lines.append((span.line, on_one_line(span.text)))
        return len(self.lines) - 1


class Tests:
    __test__ = False  # not a test case of pytest's

    def __init__(self, names: Names, texts: Texts, excerpts: Excerpts, report: Report) -> None:
        self.names = names
        self.texts = texts
        self.excerpts = excerpts
        self.report = report
        self.numbers = Numbers(report)
        self.dates = Dates(self.numbers, report)
        self.patterns = Patterns(names, report)

    def test(self, node: Test, scope: Scope) -> tuple[Lowered | None, Scope]:
        if isinstance(node.subject, CommandField):
            excerpt = self.excerpts.number(node.span)
            return check_truths.command(node, scope, excerpt, self.texts, self.report), Scope()
        found = self._subject(node)
        if found is None:
            return None, self._without_field(node, scope)
        key, kind = found
        relation = node.relation
        if relation is None and kind in WORDS and kind != "weekday":
            return check_words.words(node, key, kind, self.excerpts.number(node.span), self.report), Scope()
        if relation is None:
            remedy_values.bare(node, key, self.report)
            return None, Scope()
        if key == "duplicate" and relation.word == "within":
            excerpt = self.excerpts.number(node.span)
            return check_truths.within(node, excerpt, self.numbers, self.report), Scope()
        row = RELATIONS[relation.word]
        if kind not in row.kinds:
            remedy_values.misfit(node, key, kind, self.report)
            return None, forgive(node)
        excerpt = self.excerpts.number(node.span)
        captured = Scope()
        made: Lowered | None
        if kind in TEMPORAL:
            made = self.dates.test(node, key, kind, excerpt)
        elif kind in NUMERIC:
            made = self.numbers.test(node, key, kind, excerpt)
        elif kind in WORDS:
            made = check_words.words(node, key, kind, excerpt, self.report)
        elif relation.word == "exists":
            made = ("exists", key, None, excerpt)
        elif relation.word == "matches":
            made, captured = self.patterns.matches(relation, key, excerpt)
        elif relation.word == "in":
            made = self._in(node, relation, key, excerpt, scope)
        else:
            made = self._texts(node, relation, key, excerpt, scope)
        if made is None:
            captured = captured.then(forgive(node))
        if relation.negated:
            return (None if made is None else ("not", made, True)), captured.denied()
        return made, captured

    # ------------------------------------------------------------------ the field

    def _subject(self, node: Test) -> tuple[str, str] | None:
        """Key and kind of what is asked, or None."""
        subject = node.subject
        if isinstance(subject, HeaderField):
            key = header_key(subject.name, self.report)
            return None if key is None else (key, "text")
        if isinstance(subject, EnvironmentField):
            remedy_fields.variable(subject.name, self.report)
            return f"environment {subject.name.name}", "text"
        assert isinstance(subject, Field)
        kind = field_kind(subject.name)
        if kind is None or subject.name in ("header", "environment", "command"):
            remedy_fields.no_field(node, subject, self.names, self.report)
            return None
        self.names.use(subject.name, subject.span)
        return subject.name, kind

    def _without_field(self, node: Test, scope: Scope) -> Scope:
        """The field is wrong: judge what does not depend on it, so that the next run finds nothing new."""
        relation = node.relation
        if relation is not None and relation.word == "in":
            self._in(node, relation, "", 0, scope)
        elif relation is not None and relation.word == "matches":
            self.patterns.matches(relation, "", 0)
        return forgive(node)

    # ------------------------------------------------------------------ is, contains, starts with, ends with

    def _texts(self, node: Test, relation: Relation, key: str, excerpt: int, scope: Scope) -> Lowered | None:
        form = plain if relation.exactly else fold
        literals: list[str] = []
        templates: list[Template] = []
        whole = True
        for value in relation.values:
            template = self._value(node, relation, value, scope)
            if template is None:
                whole = False
            elif isinstance(template, str):
                literals.append(form(template))
                remedy_values.never(node, key, value, template, self.report)
            else:
                templates.append(template)
        if not whole:
            return None
        if relation.word == "is":
            return "is", key, (frozenset(literals), tuple(templates)), excerpt, relation.exactly
        return _PROGRAM_WORDS[relation.word], key, (tuple(literals), tuple(templates)), excerpt, relation.exactly

    def _value(self, node: Test, relation: Relation, value: Value | Regex, scope: Scope) -> Template | None:
        if isinstance(value, Text):
            shape = _AS_GLOB[relation.word]
            pattern = shape.format(_as_written(value)).replace("**", "*")
            instead = f'`matches "{pattern}"`'
            self._star(relation, value, instead)
            if not value.parts and relation.word != "is":
                self.report.add(
                    "W303",
                    "an empty text stands in everything",
                    value.span,
                    "this holds for every message that has it",
                    "write what must stand there, or `exists`",
                )
            return self.texts.template(value, scope, captures=instead)
        if isinstance(value, Point) and value.kind == "field" and value.shift is None:
            return self._field_value(node, value)
        remedy_values.unquoted(node, value, self.names, self.report)
        return None

    def _field_value(self, node: Test, value: Point) -> Template | None:
        name = value.base.name
        if field_kind(name) in TEXTUAL and name not in ("header", "environment"):
            self.names.use(name, value.span)
            return (("field", name, None),)
        remedy_values.unquoted(node, value, self.names, self.report)
        return None

    def _star(self, relation: Relation, value: Text, instead: str) -> None:
        star = next((part for part in value.parts if isinstance(part, Wild) and part.character == "*"), None)
        if all(isinstance(part, Wild) and part.character == "*" for part in value.parts):
            return  # SpamAssassin's X-Spam-Level: `contains "*****"` can mean nothing else
        if star is not None:
            self.report.add(
                "W304",
                f"a star is a plain star after `{relation.word}`",
                star.span,
                "stands for itself",
                f"for any run of characters write {instead}; for the star itself `\\*`",
            )

    # ------------------------------------------------------------------ in

    def _in(self, node: Test, relation: Relation, key: str, excerpt: int, scope: Scope) -> Lowered | None:
        lists: list[str] = []
        literals: list[str] = []
        templates: list[Template] = []
        whole = True
        for value in relation.values:
            if isinstance(value, Word):
                if self.names.list_named(value.name):
                    lists.append(value.name)
                    continue
                remedy_values.no_list(node, value, self.names, self.report)
                whole = False
                continue
            template = self._value(node, relation, value, scope)
            if template is None:
                whole = False
            elif isinstance(template, str):
                literals.append(entry(template))
                if isinstance(value, Text):
                    remedy_values.list_in_quotes(node, value, template, self.names, self.report)
            else:
                templates.append(template)
        return ("in", key, (tuple(lists), frozenset(literals), tuple(templates)), excerpt) if whole else None


def _as_written(text: Text) -> str:
    """What stands between the quotes."""
    written = text.span.text
    return written[3:-3] if text.long else written[1:-1]
