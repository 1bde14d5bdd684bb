"""Rule files include others: which are read, in which order, what is wrong with them, what they are to the program."""

from __future__ import annotations

import marshal
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pyfilter import Message, Rules, RulesError, limits
from pyfilter.language import files
from pyfilter.language.compiling import Compiled, compile_files, compile_sources
from pyfilter.language.diagnostics import render
from pyfilter.language.lint import lint
from pyfilter.language.tree import Source


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, text: str) -> str:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return str(path)

    def compiled(self, text: str, name: str = "main.rules") -> Compiled:
        return compile_files([self.write(name, text)])

    def said(self, text: str) -> str:
        return "\n\n".join(render(problem) for problem in self.compiled(text).diagnostics)

    def rules(self, text: str) -> list[str]:
        program: Any = self.compiled(text).program
        assert program is not None, self.said(text)
        return names(program)


def names(program: Any) -> list[str]:
    return [marshal.loads(rule)[0] for rule in program["rules"]]


def rule(name: str) -> str:
    return f'rule "{name}" {{ when subject is "{name}"; file into "{name}" }}\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    monkeypatch.setenv("HOME", str(tmp_path))
    yield Home(tmp_path)


# ------------------------------------------------------------------- which files, and in which order


def test_what_is_included_stands_where_the_line_stands(home: Home) -> None:
    home.write("b.rules", rule("b"))
    assert home.rules(rule("a") + 'include "b.rules"\n' + rule("c")) == ["a", "b", "c"]


def test_a_path_starts_at_the_file_that_includes_it(home: Home) -> None:
    home.write("sub/one.rules", 'include "deeper/two.rules"\ninclude "../three.rules"\n')
    home.write("sub/deeper/two.rules", rule("two"))
    home.write("three.rules", rule("three"))
    assert home.rules('include "sub/one.rules"\n') == ["two", "three"]


def test_a_path_may_be_absolute_or_begin_at_the_home_directory(home: Home) -> None:
    one = home.write("one.rules", rule("one"))
    home.write("two.rules", rule("two"))
    assert home.rules(f'include "{one}"\ninclude "~/two.rules"\n') == ["one", "two"]


def test_a_pattern_is_all_files_in_the_order_of_their_names_but_hidden_ones_and_leftovers(home: Home) -> None:
    for name in ("20-b", "10-a", "30-c"):
        home.write(f"rules.d/{name}.rules", rule(name))
    for name in (".hidden.rules", "10-a.rules~", "10-a.txt", ".#10-a.rules"):
        home.write(f"rules.d/{name}", "not a rule file")
    assert home.rules('include "rules.d/*.rules"\n') == ["10-a", "20-b", "30-c"]
    assert home.rules('include "rules.d/?0-b.rules"\ninclude "rules.d/*-[x].rules"\n') == ["20-b"]


def test_a_pattern_may_find_nothing(home: Home) -> None:
    assert home.rules('include "rules.d/*.rules"\n') == []


def test_an_optional_file_may_be_missing(home: Home) -> None:
    text = 'include optional "work.rules"\n'
    assert home.rules(text) == []
    home.write("work.rules", rule("work"))
    assert home.rules(text) == ["work"]


def test_what_comes_with_pyfilter_is_included_by_its_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("shipped/news.rules", rule("news") + 'test "never run" { message "Subject: x"; expect discard }\n')
    monkeypatch.setattr(files, "shipped", lambda: str(home.path / "shipped"))
    made = home.compiled("include <news>\n")
    assert (names(made.program), made.trials, made.diagnostics) == (["news"], [], [])


def test_names_hold_in_all_files(home: Home) -> None:
    home.write(
        "names.rules",
        'list friends from "friends.txt"\nlet place = "Work"\ndefine known as from in friends\n'
        'action aside { copy into "{place}" }\n',
    )
    home.write("friends.txt", "ann@x.example\n")
    made = home.compiled('rule "x" { when known; do aside; keep }\ninclude "names.rules"\n')
    program: Any = made.program
    assert made.diagnostics == []
    assert program["lists"] == {"friends": (None, str(home.path / "friends.txt"))}


def test_a_list_file_lies_beside_the_file_that_names_it(home: Home) -> None:
    home.write("sub/friends.txt", "ann@x.example\n")
    home.write("sub/names.rules", 'list friends from "friends.txt"\n')
    program: Any = home.compiled('include "sub/names.rules"\nrule "x" { when from in friends; keep }\n').program
    assert program["lists"]["friends"] == (None, str(home.path / "sub/friends.txt"))


def test_a_setting_stands_once_in_a_file_with_all_that_it_includes(home: Home) -> None:
    home.write("settings.rules", "set deadline = 60 seconds\n")
    assert home.said('include "settings.rules"\nset deadline = 90 seconds\n') == (
        "error[E203]: `deadline` is set twice\n"
        " --> ~/main.rules:2:5\n"
        "  |\n"
        "2 | set deadline = 90 seconds\n"
        "  |     ^^^^^^^^ here again\n"
        " ::: ~/settings.rules:1:5\n"
        "  |\n"
        "1 | set deadline = 60 seconds\n"
        "  |     -------- first here\n"
        "  = help: keep one of the two"
    )


def test_a_setting_in_what_the_user_includes_wins_over_the_systems(home: Home) -> None:
    system = home.write("system", "set deadline = 60 seconds\n")
    home.write("settings.rules", "set deadline = 90 seconds\n")
    made = compile_files([system, home.write("user", 'include "settings.rules"\n')])
    assert made.settings["deadline"] == 90


def test_the_rules_of_the_system_are_not_read_again(home: Home) -> None:
    system = home.write("system.rules", rule("system"))
    made = compile_files([system, home.write("user.rules", 'include "system.rules"\n' + rule("user"))])
    assert names(made.program) == ["system", "user"]
    (found,) = made.diagnostics
    assert (found.code, found.message) == ("W330", "~/system.rules is read already")


def test_a_rule_file_in_pieces_is_the_same_program_but_for_files_and_lines(home: Home) -> None:
    pieces = [
        'set deadline = 60 seconds\nlet place = "Work"\n',
        rule("one") + 'rule "two" else { when from in friends; do aside }\n',
        'list friends = "ann@x.example"\naction aside { copy into "{place}"; mark read }\n',
        'rule "three" { when known; rule "four" { when size > 1 MB; keep }; file into "{place}/3" }\n',
        "define known as from in friends or to in friends\n",
    ]
    whole: Any = home.compiled("".join(pieces)).program
    for number, piece in enumerate(pieces):
        home.write(f"parts/{number}.rules", piece)
    lines = [f'include "parts/{number}.rules"\n' for number in range(len(pieces))]
    for text in ("".join(lines), 'include "parts/*.rules"\n', lines[0] + pieces[1] + "".join(lines[2:])):
        split: Any = home.compiled(text).program
        assert {**split, "files": 0, "rules": 0, "excerpts": 0} == {**whole, "files": 0, "rules": 0, "excerpts": 0}
        assert placeless(split) == placeless(whole)


def placeless(program: Any) -> list[Any]:
    """The rules without lines and numbers of files."""

    def without(rule: Any) -> Any:
        name, _, _, condition, body, chain = rule
        return name, condition, [("rule", without(s[1])) if s[0] == "rule" else s[:-2] for s in body], chain

    texts = [text for _, text in marshal.loads(program["excerpts"])]
    return [texts, *(without(marshal.loads(rule)) for rule in program["rules"])]


def test_the_program_knows_which_file_a_rule_and_an_action_stand_in(home: Home) -> None:
    home.write("shops.rules", '\nrule "shops" { do aside; keep }\n')
    home.write("actions.rules", '\n\naction aside { copy into "Aside" }\n')
    text = 'include "shops.rules"\ninclude "actions.rules"\n'
    rules = Rules.load(home.write("main.rules", text))
    said = rules.decide(Message.from_bytes(b"Subject: x\n\n")).explain()
    assert said == (
        'copy into "Aside"    [rule "shops", ~/actions.rules:3]\n'
        'keep in INBOX    [rule "shops", ~/shops.rules:2]\n'
        "\n"
        "rules asked, in order:\n"
        '  + "shops" (line 2): matched (it has no condition)'
    )


def test_rules_in_a_text_include_from_beside_their_name(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write("sub/shops.rules", rule("shops"))
    text = 'include "shops.rules"\n'
    assert names(Rules.from_text(text, str(home.path / "sub/rules")).program) == ["shops"]
    monkeypatch.chdir(home.path / "sub")
    assert names(Rules.from_text(text).program) == ["shops"]
    assert compile_sources([Source("<stdin>", text)]).program is not None


# ------------------------------------------------------------------- what is wrong


def test_a_missing_file_is_an_error_that_knows_its_neighbours(home: Home) -> None:
    home.write("sub/shops.rules", rule("shops"))
    assert home.said('include "sub/shop.rules"\n') == (
        "error[E330]: there is no rule file ~/sub/shop.rules\n"
        " --> ~/main.rules:1:1\n"
        "  |\n"
        '1 | include "sub/shop.rules"\n'
        "  | ^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "  |\n"
        '  = help: did you mean `include "sub/shops.rules"`?'
    )


WRONG = {
    'include "absent.rules"': (
        "E330",
        "there is no rule file ~/absent.rules",
        'make it, or write `include optional "absent.rules"` if it may be missing',
    ),
    'include "rules.d"': (
        "E330",
        "~/rules.d is a directory",
        'for all files in it write `include "rules.d/*.rules"`',
    ),
    'include "*/x.rules"': (
        "E330",
        "this is no path of a rule file",
        'write a path, or one with a star in its last part: `include "rules.d/*.rules"`',
    ),
    'include ""': (
        "E330",
        "this is no path of a rule file",
        'write a path, or one with a star in its last part: `include "rules.d/*.rules"`',
    ),
    "include <new>": (
        "E330",
        "no rules called <new> come with pyfilter",
        'did you mean `include <news>`?; for a file of your own write `include "new.rules"`',
    ),
    "include <zzz>": (
        "E330",
        "no rules called <zzz> come with pyfilter",
        'there are <news>; for a file of your own write `include "zzz.rules"`',
    ),
    'include "main.rules"': (
        "E331",
        "~/main.rules includes itself",
        "the circle is ~/main.rules → ~/main.rules",
    ),
    'include "circle.rules"': (
        "E331",
        "~/circle.rules includes itself",
        "the circle is ~/circle.rules → ~/rules.d/back.rules → ~/circle.rules",
    ),
    'include "one.rules"\ninclude "./rules.d/../one.rules"': (
        "W330",
        "~/one.rules is included twice",
        "leave this line out",
    ),
    'include "huge.rules"': (
        "E332",
        "~/huge.rules is larger than 1 MiB",
        'move long lists into files of their own: `list NAME from "names.txt"`',
    ),
    'rule "x" { include "one.rules"; keep }': (
        "E309",
        "`include` stands outside of rules",
        "move it to the left margin, above the rules",
    ),
    'include "one.rules"\nrule "x" else { keep }': (
        "E314",
        "`else` follows no rule",
        "an `else` rule stands directly behind the rule that did not match: move it there, or leave `else` out",
    ),
}


@pytest.mark.parametrize(("text", "wanted"), WRONG.items(), ids=WRONG)
def test_each_mistake_is_told_and_what_to_write(
    text: str, wanted: tuple[str, str, str], home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write("shipped/news.rules", rule("news"))
    monkeypatch.setattr(files, "shipped", lambda: str(home.path / "shipped"))
    home.write("one.rules", rule("one"))
    home.write("circle.rules", 'include "rules.d/back.rules"\n')
    home.write("rules.d/back.rules", 'include "../circle.rules"\n')
    home.write("huge.rules", "#" * (limits.RULES_BYTES + 1))
    (found,) = home.compiled(text + "\n").diagnostics
    assert (found.code, found.message, found.help) == wanted


def test_what_is_wrong_in_an_included_file_is_told_with_its_name(home: Home) -> None:
    home.write("shops.rules", '\nrule "shops" { when frm is "x"; keep }\nrule "y" { delete }\n')
    found = home.compiled('include "shops.rules"\nrule "z" { when subjcet is "x"; keep }\n').diagnostics
    places = [(one.span.source.name.rpartition("/")[2], one.span.line, one.code) for one in found]
    assert places == [("main.rules", 2, "E201"), ("shops.rules", 2, "E201"), ("shops.rules", 3, "E124")]


def test_an_included_file_that_is_not_utf_8_is_told_so(home: Home) -> None:
    (home.path / "latin.rules").write_bytes("# Grüße\n".encode("latin-1"))
    (found,) = home.compiled('include "latin.rules"\n').diagnostics
    assert (found.code, found.span.source.name) == ("E301", "~/latin.rules")


def test_files_include_each_other_eight_deep(home: Home) -> None:
    for number in range(limits.INCLUDE_DEPTH + 1):
        home.write(f"{number}.rules", f'include "{number + 1}.rules"\n')
    home.write(f"{limits.INCLUDE_DEPTH}.rules", rule("deepest"))
    assert home.rules('include "1.rules"\n') == ["deepest"]
    (found,) = home.compiled('include "0.rules"\n').diagnostics
    assert (found.code, found.message) == ("E332", "rule files include each other too deeply")
    assert found.span.source.name == f"~/{limits.INCLUDE_DEPTH - 1}.rules"


def test_sixty_four_files_are_included(home: Home) -> None:
    for number in range(limits.INCLUDED_FILES):
        home.write(f"rules.d/{number:03}.rules", rule(str(number)))
    assert len(home.rules('include "rules.d/*.rules"\n')) == limits.INCLUDED_FILES
    home.write("rules.d/zzz.rules", "")
    (found,) = home.compiled('include "rules.d/*.rules"\n').diagnostics
    assert (found.code, found.message) == ("E332", "too many rule files are included")


def test_a_file_that_must_not_be_trusted_is_refused(home: Home) -> None:
    path = home.write("shops.rules", rule("shops"))
    os.chmod(path, 0o666)
    with pytest.raises(files.Refused, match=r"shops\.rules is writable by others \(mode 0666\): chmod go-w "):
        home.compiled('include "shops.rules"\n')
    with pytest.raises(RulesError, match=r"shops\.rules is writable by others"):
        Rules.from_text('include "shops.rules"\n', str(home.path / "rules"))


def test_a_directory_that_others_can_write_is_refused_where_all_of_its_files_are_rules(home: Home) -> None:
    path = home.write("rules.d/shops.rules", rule("shops"))
    os.chmod(home.path / "rules.d", 0o777)
    assert home.rules(f'include "{path}"\n') == ["shops"]
    with pytest.raises(files.Refused, match=r"rules\.d is writable by others \(mode 0777\): chmod go-w "):
        home.compiled('include "rules.d/*.rules"\n')


def test_broken_includes_leave_the_settings_readable(home: Home) -> None:
    home.write("settings.rules", 'set maildir = "~/Post"\nrule "x" { delete }\n')
    made = home.compiled('include "settings.rules"\ninclude "absent.rules"\n')
    assert made.program is None
    assert made.settings["maildir"] == "~/Post"
    assert (
        made.problem
        == "~/main.rules:2:1: error[E330]: there is no rule file ~/absent.rules (and 1 more: run `pyfilter check`)"
    )


def test_names_of_shipped_files_may_stay_unused() -> None:
    shipped = Path(files.shipped()) / "x.rules"
    trees = compile_sources([Source(str(shipped), 'list friends = "a@x.example"\n')]).trees
    assert lint(trees) == []
    trees = compile_sources([Source("rules", 'list friends = "a@x.example"\n')]).trees
    assert [problem.code for problem in lint(trees)] == ["W320"]
