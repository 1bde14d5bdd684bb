"""The last rules that checked are kept as JSON, whole, and believed only if nobody else wrote them."""

from __future__ import annotations

import json
import marshal
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfilter import ownership
from pyfilter.language import files, last_good, loading
from pyfilter.language.compiling import compile_sources
from pyfilter.language.loading import Loaded, load
from pyfilter.language.program import FORMAT, Program
from pyfilter.language.tree import Source

ROOT = Path(__file__).parent.parent.parent
RULES = 'set maildir = "~/Mail"\nset deadline = 2 minutes\nrule "x" { when subject is "a"; file into "X" }\n'
BROKEN = 'rule "x" { when subjcet is "a"; keep }\n'


def sources() -> dict[str, str]:
    """Every rule file there is: those of the cases, and those that come with pyfilter."""
    found = {path.name: path.read_text("utf-8").split("=== ")[1][6:] for path in (ROOT / "tests/cases").glob("*.case")}
    found |= {path.name: path.read_text("utf-8") for path in (ROOT / "rules").glob("*") if path.is_file()}
    found["everyday"] = (ROOT / "tests/language/everyday.rules").read_text("utf-8")
    return found


def opened(program: Program) -> Any:
    """The program, what it has marshalled included."""
    rules: Any = program["rules"]
    excerpts: Any = program["excerpts"]
    return {**program, "rules": tuple(map(marshal.loads, rules)), "excerpts": marshal.loads(excerpts)}


def typed(value: Any) -> Any:
    """So that 1, 1.0 and True differ."""
    if isinstance(value, tuple):
        return tuple(map(typed, value))
    if isinstance(value, frozenset):
        return frozenset(map(typed, value))
    if isinstance(value, dict):
        return [(typed(key), typed(item)) for key, item in value.items()]
    return type(value).__name__, value


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "home"
    made.mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(made))
    monkeypatch.setattr(files, "SYSTEM", str(tmp_path / "etc-pyfilterrc"))
    monkeypatch.setattr(loading, "_SETTLED", -1)
    return made


def loaded(home: Path, text: str) -> Loaded:
    (home / ".pyfilterrc").write_text(text, "utf-8")
    return load(str(home))


def kept(home: Path) -> Path:
    (path,) = (home / last_good.DIRECTORY).glob("last-good-*.json")
    return path


def test_every_program_is_read_as_it_was_written(home: Path) -> None:
    checked = 0
    for name, text in sources().items():
        program = compile_sources([Source("/nowhere/rules", text)], look_for_files=False).program
        if program is None:
            continue
        last_good.keep(str(home), "program-1", program)
        again = last_good.load(str(home), "program-1")
        assert again is not None, name
        assert typed(opened(again)) == typed(opened(program)), name
        checked += 1
    assert checked > 150


def test_it_is_json_with_a_format_of_the_users_own(home: Path) -> None:
    loaded(home, RULES)
    path = kept(home)
    assert json.loads(path.read_text("ascii"))["format"] == FORMAT
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "a temporary file is left"


def test_it_is_written_when_rules_were_compiled_and_not_again(home: Path) -> None:
    loaded(home, RULES)
    before = kept(home).stat()
    load(str(home))
    assert kept(home).stat() == before


def test_rules_with_errors_change_nothing(home: Path) -> None:
    assert loaded(home, RULES).last_good is None
    before = kept(home).read_bytes()
    broken = loaded(home, BROKEN)
    assert broken.program is None
    assert broken.last_good is not None
    assert kept(home).read_bytes() == before


def test_a_second_look_at_broken_rules_finds_it_in_the_cache(home: Path) -> None:
    loaded(home, RULES)
    first = loaded(home, BROKEN)
    kept(home).unlink()
    again = load(str(home))
    assert first.last_good is not None
    assert again.last_good is not None
    assert opened(again.last_good) == opened(first.last_good)
    assert again.remedy == first.remedy == "did you mean `subject`?"


def test_settings_are_those_that_the_broken_rules_say_else_the_last_good_ones(home: Path) -> None:
    loaded(home, RULES + "set broken-rules = defer\n")
    settings = loaded(home, "set broken-rules = last-good\nset deadline = soon\n" + BROKEN).settings
    said = {name: settings[name] for name in ("maildir", "deadline", "broken-rules", "layout")}
    assert said == {"maildir": "~/Mail", "deadline": 120, "broken-rules": "last-good", "layout": "maildir++"}


def test_a_setting_that_the_last_good_rules_did_not_know_has_its_default(home: Path) -> None:
    program = compile_sources([Source("/x", RULES)]).program
    assert program is not None
    settings: Any = dict(program["settings"])  # type: ignore[call-overload]
    del settings["sendmail"]
    (home / ".pyfilterrc").write_text(RULES)
    load(str(home))
    last_good.keep(str(home), "program-" + kept(home).stem.rpartition("-")[2], {**program, "settings": settings})
    broken = loaded(home, BROKEN)
    assert broken.settings["sendmail"] == "/usr/sbin/sendmail"
    assert broken.last_good is not None
    assert broken.last_good["settings"] == broken.settings


def other_format(path: Path) -> None:
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "format": FORMAT + 1}))


def one_letter(path: Path) -> None:
    path.write_text(path.read_text().replace('"X"', '"Y"'))


def link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


DAMAGE: dict[str, Callable[[Path], object]] = {
    "empty": lambda path: path.write_bytes(b""),
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "one letter": one_letter,
    "no JSON": lambda path: path.write_bytes(b"\xff\x00"),
    "other JSON": lambda path: path.write_text("[1]"),
    "nesting": lambda path: path.write_text("[" * 200_000),
    "another format": other_format,
    "writable by others": lambda path: path.chmod(0o666),
    "a directory that others can write": lambda path: path.parent.chmod(0o777),
    "a symbolic link": link,
    "a FIFO": lambda path: (path.unlink(), os.mkfifo(path)),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_one_that_cannot_be_believed_is_as_none(home: Path, damage: Callable[[Path], object]) -> None:
    loaded(home, RULES)
    damage(kept(home))
    broken = loaded(home, BROKEN)
    assert broken.last_good is None
    assert broken.settings["maildir"] == "~/Maildir"


def test_one_of_another_user_is_as_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded(home, RULES)
    name = "program-" + kept(home).stem.rpartition("-")[2]
    assert last_good.load(str(home), name) is not None
    monkeypatch.setattr(ownership, "belongs_to_another", lambda found: stat.S_ISREG(found.st_mode))
    assert last_good.load(str(home), name) is None


def test_where_it_cannot_be_kept_rules_are_loaded_all_the_same(home: Path) -> None:
    (home / ".local").write_text("no directory")
    assert loaded(home, RULES).program is not None
    assert loaded(home, BROKEN).last_good is None


def test_a_program_holds_nothing_else() -> None:
    with pytest.raises(TypeError, match="a program holds no list"):
        last_good.keep("/nonexistent", "program-1", {"rules": (), "excerpts": marshal.dumps(()), "x": [1]})
