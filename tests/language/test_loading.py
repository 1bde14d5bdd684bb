"""Rules are compiled once, and again when anything about their files changed; the cache is never needed.

The compiler is counted: a hit compiles nothing.
"""

from __future__ import annotations

import marshal
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyfilter.language import cache, compiling, files, loading
from pyfilter.language.loading import Loaded, load

RULES = 'rule "x" { when subject is "a"; file into "X" }\n'


class Home:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700)
        self.rules = path / ".pyfilterrc"
        self.compiled = 0

    def write(self, text: str | bytes) -> None:
        self.rules.write_bytes(text.encode() if isinstance(text, str) else text)

    def load(self) -> Loaded:
        return load(str(self.path))

    def compiles(self) -> bool:
        before = self.compiled
        self.load()
        return self.compiled > before

    @property
    def entries(self) -> list[Path]:
        return sorted((self.path / cache.DIRECTORY).glob("*"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    monkeypatch.setenv("HOME", str(made.path))
    monkeypatch.setattr(files, "SYSTEM", str(tmp_path / "etc-pyfilterrc"))
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(made.path).st_uid)
    # a file just written is old enough to be believed: test_a_file_that_may_still_change is about that
    monkeypatch.setattr(loading, "_SETTLED", -1)
    real = compiling.compile_files

    def counted(paths: list[str], *, look_for_files: bool = True) -> compiling.Compiled:
        made.compiled += 1
        return real(paths, look_for_files=look_for_files)

    monkeypatch.setattr(compiling, "compile_files", counted)
    yield made


def warm(home: Home) -> None:
    home.write(RULES)
    assert home.compiles()
    assert not home.compiles()


def test_rules_are_compiled_once(home: Home) -> None:
    home.write(RULES)
    first = home.load()
    again = home.load()
    assert home.compiled == 1
    assert first.program == again.program
    assert first.settings == again.settings == (first.program or {})["settings"]
    (entry,) = home.entries
    assert stat.S_IMODE(entry.stat().st_mode) == 0o600
    assert stat.S_IMODE(entry.parent.stat().st_mode) == 0o700


def test_without_any_rules_there_is_an_empty_program(home: Home) -> None:
    assert home.load().program == {**(home.load().program or {}), "rules": ()}
    assert home.compiled == 1


def content(home: Home) -> None:
    home.write(RULES.replace("X", "Y"))


def size(home: Home) -> None:
    before = home.rules.stat()
    home.write(RULES + "\n")
    os.utime(home.rules, ns=(before.st_atime_ns, before.st_mtime_ns))


def modification_time(home: Home) -> None:
    os.utime(home.rules, (1, 1))


def mode(home: Home) -> None:
    home.rules.chmod(0o640)


def inode(home: Home) -> None:
    other = home.path / "other"
    other.write_text(RULES)
    before = home.rules.stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.rename(home.rules)


def system_rules(home: Home) -> None:
    Path(files.SYSTEM).write_text('rule "first" { when size > 1 GB; keep }\n')


def gone(home: Home) -> None:
    home.rules.unlink()


def another_in_its_place(home: Home) -> None:
    place = home.path / files.USER[1]
    place.parent.mkdir(parents=True)
    home.rules.rename(place)


@pytest.mark.parametrize(
    "change", [content, size, modification_time, mode, inode, system_rules, gone, another_in_its_place]
)
def test_any_change_compiles_anew(home: Home, change: Callable[[Home], None], monkeypatch: pytest.MonkeyPatch) -> None:
    if os.stat(home.path).st_uid == 0:  # root asks no system rules; the owner of these files may be root all the same
        monkeypatch.setattr(
            files, "candidates", lambda home, chosen=None: [(files.SYSTEM,), tuple(f"{home}/{n}" for n in files.USER)]
        )
    warm(home)
    change(home)
    assert home.compiles()
    assert not home.compiles()


def test_a_modification_time_in_the_future_is_no_reason_to_compile_for_every_message(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.write(RULES)
    os.utime(home.rules, (2**33, 2**33))
    monkeypatch.setattr(loading, "_SETTLED", 0)
    home.load()
    assert not home.compiles()


def test_a_file_that_may_still_change_is_not_remembered(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one tick of the kernel's clock a file changes without its times showing it."""
    monkeypatch.setattr(loading, "_SETTLED", 10**12)
    home.write(RULES)
    os.utime(home.rules, (1, 1))  # which anybody can say; the ctime counts
    home.load()
    assert home.entries == []
    assert home.compiles()


def test_a_file_that_is_not_asked_plays_no_part(home: Home) -> None:
    """With ~/.pyfilterrc there, what lies in ~/.config/pyfilter/rules neither counts nor hinders."""
    other = home.path / ".config/pyfilter/rules"
    other.parent.mkdir(parents=True)
    other.write_text("nonsense")
    other.chmod(0o666)
    home.write(RULES)
    assert home.load().problem == ""
    home.rules.unlink()
    with pytest.raises(files.Refused, match="writable by others"):
        home.load()


def test_other_rules_have_their_own_entry(home: Home) -> None:
    warm(home)
    other = home.path / "other.rules"
    other.write_text(RULES.replace("X", "Other"))
    load(str(home.path), str(other))
    assert len(home.entries) == 2
    assert not home.compiles()


# ------------------------------------------------------------------------ damage


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda data: b"",
    "first byte": lambda data: b"\0" + data[1:],
    "another version": lambda data: data.replace(b"pyfilter 0", b"pyfilter 9", 1),
    "last byte of the name": lambda data: data.replace(b"\n", b" ", 1),
    "sum": lambda data: data[: len(cache.MAGIC)] + bytes(4) + data[len(cache.MAGIC) + 4 :],
    "first byte of the data": lambda data: data[: len(cache.MAGIC) + 4] + b"?" + data[len(cache.MAGIC) + 5 :],
    "last byte": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
    "cut behind the name": lambda data: data[: len(cache.MAGIC)],
    "cut in the sum": lambda data: data[: len(cache.MAGIC) + 2],
    "cut behind the sum": lambda data: data[: len(cache.MAGIC) + 4],
    "cut by one": lambda data: data[:-1],
    "one more": lambda data: data + b"\0",
    "no marshal at all": lambda data: cache.MAGIC + b"x" * 400,
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_entry_is_made_anew(home: Home, damage: str) -> None:
    warm(home)
    (entry,) = home.entries
    data = DAMAGE[damage](entry.read_bytes())
    assert data != entry.read_bytes()
    entry.write_bytes(data)
    assert home.compiles()
    assert not home.compiles()


@pytest.mark.parametrize("content", [(), [1, 2, 3, 4], ("a", "b", "c"), ({}, None, "", {}), 7, "text"])
def test_a_whole_entry_of_another_shape_deferred_all_mail(home: Home, content: object) -> None:
    warm(home)
    (entry,) = home.entries
    cache.store(str(home.path), entry.name, content)
    before = home.compiled
    assert home.load().program is not None
    assert home.compiled == before + 1


def test_every_byte_is_guarded(home: Home) -> None:
    warm(home)
    (entry,) = home.entries
    data = entry.read_bytes()
    for at in range(0, len(data), 7):
        entry.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        assert cache.load(str(home.path), entry.name) is None, at
    entry.write_bytes(data)
    assert cache.load(str(home.path), entry.name) is not None


@pytest.mark.parametrize("who", ["file", "directory"])
@pytest.mark.parametrize("written_by", [0o002, 0o020])
def test_an_entry_that_others_could_write_is_not_believed(home: Home, who: str, written_by: int) -> None:
    warm(home)
    (entry,) = home.entries
    path = entry if who == "file" else entry.parent
    path.chmod(stat.S_IMODE(path.stat().st_mode) | written_by)
    assert home.compiles()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
@pytest.mark.parametrize("who", ["file", "directory"])
def test_an_entry_of_somebody_else_is_not_believed(home: Home, who: str) -> None:
    warm(home)
    (entry,) = home.entries
    os.chown(entry if who == "file" else entry.parent, 12345, -1)
    assert home.compiles()


@pytest.mark.parametrize("kind", ["fifo", "link", "directory"])
def test_what_is_no_file_is_not_read(home: Home, kind: str) -> None:
    warm(home)
    (entry,) = home.entries
    moved = entry.rename(home.path / "moved")
    {"fifo": lambda: os.mkfifo(entry), "link": lambda: entry.symlink_to(moved), "directory": entry.mkdir}[kind]()
    assert home.compiles()


@pytest.mark.parametrize("place", [".cache", ".cache/pyfilter"])
def test_where_no_cache_can_be_rules_work_all_the_same(home: Home, place: str) -> None:
    """A file stands in place of the directory: as good as a disk that takes nothing."""
    path = home.path / place
    path.parent.mkdir(exist_ok=True)
    path.write_text("in the way")
    home.write(RULES)
    assert home.load().program is not None
    assert home.compiles()


def test_a_disk_that_is_full_leaves_nothing_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    home.write(RULES)
    monkeypatch.setattr(os, "write", full)
    assert home.load().program is not None
    assert home.entries == []


def test_what_a_crash_left_is_cleared_away(home: Home) -> None:
    warm(home)
    (entry,) = home.entries
    stump = entry.with_name(f"{entry.name}.{os.getpid()}")
    stump.write_bytes(b"stump")
    home.write(RULES + "\n")
    home.load()
    home.load()
    assert home.entries == [entry]
    assert not home.compiles()


def test_the_cache_holds_plain_data(home: Home) -> None:
    warm(home)
    (entry,) = home.entries
    stored = marshal.loads(entry.read_bytes()[len(cache.MAGIC) + 4 :])
    seen, program, problem, settings, remedy, last_good, included = stored
    assert [path for path, stamp in seen if stamp] == [str(home.rules)]
    assert (problem, settings, remedy, last_good, included) == ("", program["settings"], "", None, ((), ()))


def test_a_whole_entry_with_includes_of_another_shape_is_made_anew(home: Home) -> None:
    warm(home)
    (entry,) = home.entries
    stored = cache.load(str(home.path), entry.name)
    assert isinstance(stored, tuple)
    for included in (None, (), 7, [(), ()]):
        cache.store(str(home.path), entry.name, (*stored[:6], included))
        assert home.compiles()


# ------------------------------------------------------------------- included files

INCLUDES = """\
include "shops.rules"
include optional "work.rules"
include "rules.d/*.rules"
"""


def including(home: Home) -> None:
    """Rules that include files of every kind, compiled."""
    home.write(INCLUDES + RULES)
    (home.path / "shops.rules").write_text('include "deeper.rules"\n')
    (home.path / "deeper.rules").write_text('rule "deeper" { when subject is "d"; keep }\n')
    (home.path / "rules.d").mkdir()
    (home.path / "rules.d/one.rules").write_text('rule "one" { when subject is "1"; keep }\n')
    assert home.compiles()
    assert not home.compiles()


def included_content(home: Home) -> None:
    (home.path / "shops.rules").write_text('rule "shops" { when subject is "s"; keep }\n')


def content_of_what_it_includes(home: Home) -> None:
    (home.path / "deeper.rules").write_text('rule "deeper" { when subject is "other"; keep }\n')


def content_in_the_directory(home: Home) -> None:
    (home.path / "rules.d/one.rules").write_text('rule "one" { when subject is "other"; keep }\n')


def an_optional_file_appears(home: Home) -> None:
    (home.path / "work.rules").write_text('rule "work" { when subject is "w"; keep }\n')


def a_file_in_the_directory_appears(home: Home) -> None:
    (home.path / "rules.d/two.rules").write_text('rule "two" { when subject is "2"; keep }\n')


def a_file_in_the_directory_goes(home: Home) -> None:
    (home.path / "rules.d/one.rules").unlink()


def the_directory_goes(home: Home) -> None:
    (home.path / "rules.d").rename(home.path / "rules.old")


def a_file_that_must_be_there_goes(home: Home) -> None:
    (home.path / "deeper.rules").unlink()


@pytest.mark.parametrize(
    "change",
    [
        included_content, content_of_what_it_includes, content_in_the_directory, an_optional_file_appears,
        a_file_in_the_directory_appears, a_file_in_the_directory_goes, the_directory_goes,
        a_file_that_must_be_there_goes,
    ],
)  # fmt: skip
def test_any_change_of_what_is_included_compiles_anew(home: Home, change: Callable[[Home], None]) -> None:
    including(home)
    before = home.load().program
    change(home)
    assert home.load().program != before
    assert not home.compiles()


@pytest.mark.parametrize("name", ["rules.d/.one.rules.swp", "rules.d/one.rules~", "rules.d/README", "other.rules"])
def test_what_is_not_included_does_not_matter(home: Home, name: str) -> None:
    including(home)
    (home.path / name).write_text("nonsense")
    assert not home.compiles()


def test_a_missing_file_breaks_the_rules_until_it_is_there_again(home: Home) -> None:
    including(home)
    a_file_that_must_be_there_goes(home)
    broken = home.load()
    assert broken.program is None
    assert broken.problem == "~/shops.rules:1:1: error[E330]: there is no rule file ~/deeper.rules"
    assert not home.compiles()
    (home.path / "deeper.rules").write_text("")
    assert home.load().program is not None


@pytest.mark.parametrize(("name", "mode"), [("deeper.rules", 0o666), ("rules.d/one.rules", 0o602), ("rules.d", 0o777)])
def test_an_included_file_that_others_can_write_is_refused(home: Home, name: str, mode: int) -> None:
    including(home)
    (home.path / name).chmod(mode)
    with pytest.raises(files.Refused, match=rf"{name} is writable by others \(mode {mode:04o}\): chmod go-w "):
        home.load()


def test_an_included_file_that_may_still_change_is_not_remembered(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write('include "shops.rules"\n')
    (home.path / "shops.rules").write_text(RULES)
    now = home.rules.stat().st_ctime_ns
    real = files.read

    def later(path: str) -> tuple[bytes, files.Stamp]:
        data, found = real(path)
        return data, found if path.endswith("shops.rules") else (*found[:4], now - 10**12)

    monkeypatch.setattr(files, "read", later)
    monkeypatch.setattr(loading, "_SETTLED", 10**11)
    home.load()
    assert home.entries == []


def test_a_hit_imports_nothing_of_the_compiler(home: Home) -> None:
    including(home)
    program = (
        f"import sys; from pyfilter.language import files, loading; files.SYSTEM = {files.SYSTEM!r}\n"
        f"loaded = loading.load({str(home.path)!r})\n"
        "assert loaded.program is not None\n"
        "wrong = {name for name in sys.modules if name.startswith('pyfilter.')} - {'pyfilter.limits', "
        "'pyfilter.ownership', 'pyfilter.language', 'pyfilter.language.cache', 'pyfilter.language.files', "
        "'pyfilter.language.loading', 'pyfilter.language.program'}\n"
        "sys.exit(repr(wrong) if wrong or 're' in sys.modules else 0)"
    )
    import_path = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": import_path, "HOME": str(home.path)}
    ended = subprocess.run([sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")


# ------------------------------------------------------------------- broken rules


def test_broken_rules_are_remembered_too(home: Home) -> None:
    home.write('rule "x" { when subjcet is "a"; keep }\n')
    first = home.load()
    again = home.load()
    assert home.compiled == 1
    assert first.program is None
    assert again.program is None
    assert first.problem == again.problem == "~/.pyfilterrc:1:17: error[E201]: there is no field `subjcet`"
    assert first.settings == again.settings


SALVAGED = {
    'set maildir = "~/Mail"\nrule "x" { when subjcet is "a"; keep }\n': {"maildir": "~/Mail"},
    'rule "x" { when subjcet is "a"; keep }\nset maildir = "~/Mail"\n': {"maildir": "~/Mail"},
    'set maildir = "~/Mail"\nset broken-rules = defer\nrule {{{\n': {"maildir": "~/Mail", "broken-rules": "defer"},
    'set maildir = "~/Mail"\nset deadline = soon\n': {"maildir": "~/Mail", "deadline": 300},
    'set maidlir = "~/Mail"\nset log = "~/log"\n': {"maildir": "~/Maildir", "log": "~/log"},
    ":0\n* ^Subject: x\n.X/\n": {"maildir": "~/Maildir", "broken-rules": "last-good"},
}


@pytest.mark.parametrize("text", SALVAGED)
def test_settings_that_are_right_on_their_own_hold_in_broken_rules(home: Home, text: str) -> None:
    """Mail that no rule can file must lie in the Maildir its owner looks into."""
    home.write(text)
    loaded = home.load()
    assert loaded.program is None
    assert {name: loaded.settings[name] for name in SALVAGED[text]} == SALVAGED[text]


def test_rules_that_are_not_utf_8(home: Home) -> None:
    home.write(b'set maildir = "~/Mail"\r\nrule "x" { file into "Zpr\xe1vy" }\r\n')
    loaded = home.load()
    assert loaded.problem == "~/.pyfilterrc:2:26: error[E301]: the rule file is not UTF-8"
    assert loaded.settings["maildir"] == "~/Mail"


def test_a_file_that_is_too_large_is_broken_rules_with_its_settings(home: Home) -> None:
    home.write('set maildir = "~/.maildir"\n' + RULES * 30_000)
    loaded = home.load()
    assert loaded.problem == "~/.pyfilterrc:1:1: error[E312]: the rule file is larger than 1 MiB"
    assert loaded.settings["maildir"] == "~/.maildir"
    assert not home.compiles()


@pytest.mark.parametrize(
    "text", [RULES.encode("utf-8-sig"), RULES.replace("\n", "\r\n").encode(), RULES.rstrip().encode()]
)
def test_marks_and_line_ends_of_other_systems(home: Home, text: bytes) -> None:
    home.write(text)
    assert home.load().problem == ""


def test_a_list_file_that_is_away_breaks_no_rules(home: Home) -> None:
    home.write('list l from "away.txt"\nrule "x" { when from in l; keep }\n')
    assert home.load().problem == ""


def test_a_file_that_is_written_while_it_is_read_is_read_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(RULES)
    real, left = os.read, [3]

    def read(descriptor: int, count: int) -> bytes:
        is_first = os.path.samestat(os.fstat(descriptor), os.stat(home.rules)) and not os.lseek(descriptor, 0, 1)
        if is_first and left[0]:
            left[0] -= 1
            with home.rules.open("a") as file:
                file.write("# more\n")
        return real(descriptor, count)

    monkeypatch.setattr(os, "read", read)
    assert home.load().program is not None
    left[0] = 1000
    home.write(RULES + "# others\n")
    with pytest.raises(files.Changing, match=r"/\.pyfilterrc was changed while it was read$"):
        home.load()
