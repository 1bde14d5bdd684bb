"""An editor's session with the server, as a process over standard input and output."""

from __future__ import annotations

from typing import Any

import pytest

types = pytest.importorskip("lsprotocol.types", reason="pygls is not installed: pip install 'pyfilter-mail[editor]'")
DiagnosticSeverity, Position, Range, SymbolKind = (
    types.DiagnosticSeverity, types.Position, types.Range, types.SymbolKind,
)  # fmt: skip

Editor = Any  # conftest.py

RULES = """\
list family = "olga@family.example", "petr@family.example"
let team = "Work"

rule "mailing lists" {
    when list-id matches "{list}.lists.example.org"
    rule "announcements" {
        when subject starts with "[announce]"
        file into "{team}/{list}"
    }
    file into "lists/{list}"
}

rule "aunt Olga" {
    when from in family
    mark flagged
    file into "Family"
}
"""
NAME = "my.rules"


def at(line: int, start: int, end: int) -> Any:
    return Range(Position(line, start), Position(line, end))


def place(text: str, word: str, inside: int = 1, number: int = 0) -> tuple[int, int]:
    """Line and column of the ``number``th ``word``, ``inside`` characters behind its beginning."""
    offset = -1
    for _ in range(number + 1):
        offset = text.index(word, offset + 1)
    line = text.count("\n", 0, offset)
    return line, offset - (text.rfind("\n", 0, offset) + 1) + inside


def places(locations: list[Any]) -> list[tuple[int, int, int]]:
    return [(one.range.start.line, one.range.start.character, one.range.end.character) for one in locations]


# ---------------------------------------------------------------- diagnostics


def test_rules_that_are_right_have_no_problems(editor: Editor) -> None:
    assert editor.open(NAME, RULES) == []


def test_a_misspelt_field_is_underlined_exactly_there(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'rule "x" {\n    when subjcet is "a"\n    keep\n}\n')
    assert problem.range == at(1, 9, 16)
    assert (problem.severity, problem.code, problem.source) == (DiagnosticSeverity.Error, "E201", "pyfilter")
    assert problem.message == ("there is no field `subjcet`: not a field of a message\nhelp: did you mean `subject`?")


def test_columns_are_utf16_units(editor: Editor) -> None:
    """An emoji counts two, as does every character that stands in front of it once."""
    [problem] = editor.open(NAME, 'rule "😀é" { when subjcet is "a"; keep }\n')
    assert problem.range == at(0, 18, 25)


def test_columns_are_characters_where_the_editor_says_so(closed: Editor) -> None:
    editor = closed
    assert editor.start(["utf-32", "utf-16"]).capabilities.position_encoding == "utf-32"
    [problem] = editor.open(NAME, 'rule "😀é" { when subjcet is "a"; keep }\n')
    assert problem.range == at(0, 17, 24)
    assert editor.leave() == 0


def test_line_ends_of_other_systems_shift_nothing(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'rule "x" {\r\n    when subjcet is "a"\r\n    keep\r\n}\r\n')
    assert problem.range == at(1, 9, 16)


def test_a_further_place_of_a_problem_is_linked(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'let a = "1"\nlet a = "2"\n')
    assert (problem.code, problem.range) == ("E203", at(1, 4, 5))
    [related] = problem.related_information
    assert (related.location.uri, related.location.range, related.message) == (
        editor.uri(NAME), at(0, 4, 5), "first here",
    )  # fmt: skip


def test_a_warning_is_one(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'rule x { when from is "a@b.example"; discard }\n')
    assert (problem.severity, problem.code) == (DiagnosticSeverity.Warning, "W310")


def test_a_test_block_that_fails_is_underlined(editor: Editor) -> None:
    text = 'rule "x" { when subject is "a"; keep }\ntest "t" {\n    message "Subject: a"\n    expect discard\n}\n'
    [problem] = editor.open(NAME, text)
    assert (problem.code, problem.range) == ("E501", at(3, 4, 18))


def test_a_list_that_nothing_uses_is_told_of(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'list family = "olga@family.example"\n')
    assert (problem.severity, problem.range) == (DiagnosticSeverity.Warning, at(0, 5, 11))


def test_problems_go_as_they_are_mended(editor: Editor) -> None:
    assert len(editor.open(NAME, 'rule "x" { when subjcet is "a"; keep }\n')) == 1
    editor.change(NAME, 'rule "x" { when subject is "a"; keep }\n')
    assert editor.problems(NAME) == []


def test_of_many_changes_the_last_counts(editor: Editor) -> None:
    editor.open(NAME, "")
    for number in range(50):
        editor.change(NAME, f'rule "x" {{ when subjcet{number} is "a"; keep }}\n')
    while "subjcet49" not in (told := editor.problems(NAME))[0].message:
        assert len(told) == 1


def test_an_escape_sequence_in_a_rule_does_not_come_out(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'rule "x" { when header "a\x1b[2Jb" exists; keep }\n')
    assert "\x1b" not in problem.message


def test_a_file_with_an_odd_name(editor: Editor) -> None:
    name = "mé rules #1 %41.rules"
    text = 'list family = "olga@family.example"\nrule "x" { when from in family; keep }\n'
    assert editor.open(name, text) == []
    [location] = editor.definition(name, *place(text, "in family", 4))
    assert (location.uri, location.range) == (editor.uri(name), at(0, 5, 11))


def test_a_text_that_is_not_saved_anywhere(editor: Editor) -> None:
    from lsprotocol.types import DidOpenTextDocumentParams, TextDocumentItem

    text = 'rule "x" { when subjcet is "a"; keep }\n'
    item = TextDocumentItem("untitled:Untitled-1", "pyfilter", 0, text)
    editor.client.text_document_did_open(DidOpenTextDocumentParams(item))
    told = editor.run(editor.told.get())
    assert (told.uri, [one.code for one in told.diagnostics]) == ("untitled:Untitled-1", ["E201"])


# ------------------------------------------------------------------ several files


def test_a_name_given_twice_in_two_files_points_to_the_other(editor: Editor) -> None:
    editor.path(".pyfilterrc").write_text('let a = "1"\ninclude "more.rules"\n')
    editor.path(".pyfilterrc").chmod(0o600)
    problems = [one for one in editor.open("more.rules", '\nlet a = "2"\n') if one.code == "E203"]
    assert [one.range for one in problems] == [at(1, 4, 5)]
    assert problems[0].related_information[0].location.uri == editor.uri(".pyfilterrc")


def test_an_included_file_uses_the_names_of_the_one_that_includes_it(editor: Editor) -> None:
    editor.path(".pyfilterrc").write_text('include "more.rules"\nlist family = "olga@family.example"\n')
    editor.path(".pyfilterrc").chmod(0o600)
    more = 'rule "x" { when from in family; keep }\n'
    assert editor.open("more.rules", more) == []
    [location] = editor.definition("more.rules", *place(more, "family"))
    assert (location.uri, location.range) == (editor.uri(".pyfilterrc"), at(1, 5, 11))


def test_what_stands_in_the_editor_counts_not_what_lies_on_disk(editor: Editor) -> None:
    editor.path(".pyfilterrc").write_text('include "more.rules"\nlist family = "olga@family.example"\n')
    editor.path(".pyfilterrc").chmod(0o600)
    assert editor.open("more.rules", 'rule "x" { when from in family; keep }\n') == []
    editor.open(".pyfilterrc", 'include "more.rules"\nlist kin = "olga@family.example"\n')
    [problem] = editor.problems("more.rules")
    assert "family" in problem.message


def test_an_include_leads_to_the_file(editor: Editor) -> None:
    editor.path("more.rules").write_text("")
    editor.path("more.rules").chmod(0o600)
    text = 'include "more.rules"\n'
    editor.open(NAME, text)
    [location] = editor.definition(NAME, *place(text, "more"))
    assert (location.uri, location.range) == (editor.uri("more.rules"), at(0, 0, 0))


def test_problems_of_an_include_stand_at_its_line(editor: Editor) -> None:
    [problem] = editor.open(NAME, 'include "nowhere.rules"\n')
    assert (problem.code, problem.range) == ("E330", at(0, 0, 23))


def test_a_file_that_must_not_be_trusted_is_not_read(editor: Editor) -> None:
    editor.path("more.rules").write_text('list family = "olga@family.example"\n')
    editor.path("more.rules").chmod(0o666)
    [problem] = editor.open(NAME, 'include "more.rules"\n')
    assert problem.code == "E330"
    assert "is writable by others (mode 0666)" in problem.message


def test_a_file_that_is_not_saved_yet_can_be_included(editor: Editor) -> None:
    editor.open("more.rules", 'list family = "olga@family.example"\n')
    assert editor.open(NAME, 'include "more.rules"\nrule "x" { when from in family; keep }\n') == []


# ---------------------------------------------------------------------- hover


def test_hover_tells_of_a_word(editor: Editor) -> None:
    editor.open(NAME, RULES)
    assert editor.hover(NAME, *place(RULES, "subject")) == (
        '**subject** — field, text\n\nthe Subject header, decoded\n\n```pyfilter\nsubject starts with "[ports]"\n```'
    )


def test_hover_over_a_problem_explains_its_code(editor: Editor) -> None:
    text = 'rule "x" { when subjcet is "a"; keep }\n'
    editor.open(NAME, text)
    told = editor.hover(NAME, *place(text, "subjcet"))
    assert told.startswith("**E201: unknown field**\n\n```text\nA condition begins with a field")


# ----------------------------------------------------- definitions and references


def test_definition_of_a_list(editor: Editor) -> None:
    editor.open(NAME, RULES)
    assert places(editor.definition(NAME, *place(RULES, "in family", 5))) == [(0, 5, 11)]


def test_definition_of_a_text_is_its_let(editor: Editor) -> None:
    editor.open(NAME, RULES)
    assert places(editor.definition(NAME, *place(RULES, "{team}", 3))) == [(1, 4, 8)]


def test_definition_of_a_hole_is_the_pattern_that_captures_it(editor: Editor) -> None:
    editor.open(NAME, RULES)
    line, column = place(RULES, "{list}.lists", 1)
    for number in (1, 2):
        assert places(editor.definition(NAME, *place(RULES, "{list}", 2, number))) == [(line, column, column + 4)]


def test_references_of_a_capture(editor: Editor) -> None:
    editor.open(NAME, RULES)
    found = editor.references(NAME, *place(RULES, "{list}", 2))
    assert places(found) == [(4, 27, 31), (7, 27, 31), (9, 22, 26)]
    without = editor.references(NAME, *place(RULES, "{list}", 2), definition=False)
    assert places(without) == [(7, 27, 31), (9, 22, 26)]


def test_nothing_is_found_where_nothing_is_named(editor: Editor) -> None:
    editor.open(NAME, RULES)
    assert editor.definition(NAME, *place(RULES, "when")) == []
    assert editor.references(NAME, *place(RULES, "when")) == []


# -------------------------------------------------------------------- the rest


def test_symbols_are_rules_with_those_inside_them(editor: Editor) -> None:
    editor.open(NAME, RULES)
    family, team, lists, aunt = editor.symbols(NAME)
    assert [(one.name, one.kind) for one in (family, team, lists, aunt)] == [
        ("family", SymbolKind.Array), ("team", SymbolKind.String),
        ("mailing lists", SymbolKind.Class), ("aunt Olga", SymbolKind.Class),
    ]  # fmt: skip
    assert [inner.name for inner in lists.children] == ["announcements"]
    assert lists.selection_range == at(3, 6, 19)
    assert lists.range == Range(Position(3, 0), Position(10, 1))
    assert aunt.detail == 'mark flagged, file into "Family"'


def test_completion_replaces_what_is_half_typed(editor: Editor) -> None:
    text = 'rule "😀" { when subj\n'
    editor.open(NAME, text)
    offers = {offer.label: offer for offer in editor.complete(NAME, 0, 21)}
    assert offers["subject"].text_edit.range == at(0, 17, 21)
    assert offers["subject"].text_edit.new_text == "subject"


def test_folders_of_the_maildir_are_offered_in_quotes(editor: Editor) -> None:
    for name in (".Cron", ".Zpr&AOE-vy.Domov", ".no-folder", "cur"):
        editor.path(f"Mail/{name}/cur").mkdir(parents=True)
    editor.path("Mail/.no-folder/cur").rmdir()
    text = 'set maildir = "~/Mail"\nrule a { file into "Elsewhere" }\nrule x { file into "C'
    editor.open(NAME, text)
    offers = editor.complete(NAME, *place(text, '"C', 2))
    assert [offer.label for offer in offers] == ["Cron", "Zprávy/Domov", "Elsewhere"]
    assert offers[0].text_edit.range == at(2, 20, 21)


def test_a_misspelt_word_is_mended(editor: Editor) -> None:
    editor.open(NAME, 'rule "x" { when subjcet is "a"; keep }\n')
    [action] = editor.actions(NAME, at(0, 18, 18))
    [edit] = action.edit.changes[editor.uri(NAME)]
    assert (action.title, edit.range, edit.new_text) == ("write `subject`", at(0, 16, 23), "subject")
    assert action.diagnostics[0].code == "E201"


def test_no_change_is_offered_where_nothing_is_wrong(editor: Editor) -> None:
    editor.open(NAME, 'rule "x" { when subjcet is "a"; keep }\n')
    assert editor.actions(NAME, at(0, 30, 36)) == []


def test_formatting(editor: Editor) -> None:
    text = 'rule "x" {\n  when subject is "a"\n    keep\n}\n'
    editor.open(NAME, text)
    [edit] = editor.format(NAME)
    assert (edit.range, edit.new_text) == (Range(Position(1, 0), Position(1, 21)), '    when subject is "a"')


def test_rules_with_errors_are_not_formatted(editor: Editor) -> None:
    editor.open(NAME, 'rule "x" {\n  when subject is \n    keep\n}\n')
    assert editor.format(NAME) is None


def test_a_file_that_is_not_open_has_no_answers(editor: Editor) -> None:
    assert editor.hover("nowhere.rules", 0, 0) == ""
    assert editor.symbols("nowhere.rules") == []
    assert editor.definition("nowhere.rules", 5, 5) == []


def test_the_server_ends_with_the_editor(closed: Editor) -> None:
    closed.start()
    assert closed.leave() == 0
