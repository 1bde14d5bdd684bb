"""Which rule files are read, and which are refused: whoever can write the rules can have all mail."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from pyfilter import limits
from pyfilter.language import files
from pyfilter.language.codes import CODES
from pyfilter.language.files import Refused, candidates, check_home, read, stamp

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
STRANGER = 12345


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules"
    path.write_text("# rules\n")
    path.chmod(0o600)
    return path


def refused(path: Path) -> str:
    """What both ways of looking at the file say."""
    with pytest.raises(Refused) as looked:
        stamp(str(path))
    with pytest.raises(Refused) as opened:
        read(str(path))
    assert str(looked.value) == str(opened.value)
    return str(opened.value)


def test_the_order_of_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ("/home/ann/.pyfilterrc", "/home/ann/.config/pyfilter/rules")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert candidates("/home/ann") == [("/etc/pyfilterrc",), own]
    assert candidates("/home/ann", "/x") == [("/etc/pyfilterrc",), ("/x",)]
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert candidates("/root") == [("/root/.pyfilterrc", "/root/.config/pyfilter/rules")]


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o644, 0o444, 0o755, 0o664])
def test_modes_that_are_fine(rules: Path, mode: int) -> None:
    """0664 as well: where every user has a group of their own, that group is the user."""
    rules.chmod(mode)
    assert read(str(rules)) == (b"# rules\n", stamp(str(rules)))


@pytest.mark.parametrize("mode", [0o602, 0o666, 0o777])
def test_writable_by_others(rules: Path, mode: int) -> None:
    rules.chmod(mode)
    assert refused(rules) == f"{rules} is writable by others (mode {mode:04o}): chmod go-w {rules}"


@as_root
def test_writable_by_a_group_that_is_not_the_users(rules: Path) -> None:
    os.chown(rules, -1, STRANGER)
    rules.chmod(0o660)
    assert refused(rules) == f"{rules} is writable by others (mode 0660): chmod go-w {rules}"


@as_root
def test_owned_by_somebody_else(rules: Path) -> None:
    os.chown(rules, STRANGER, -1)
    assert refused(rules) == f"{rules} belongs to uid {STRANGER}, neither to the user nor to root: chown it"


def test_what_is_no_file(tmp_path: Path) -> None:
    fifo, directory, end = tmp_path / "fifo", tmp_path / "directory", tmp_path / "socket"
    os.mkfifo(fifo)
    directory.mkdir()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(end))
        for path in (fifo, directory, Path("/dev/null")):
            assert refused(path) == f"{path} is not a regular file"
        with pytest.raises(Refused, match="is not a regular file"):
            stamp(str(end))
        with pytest.raises(Refused, match="cannot be read: No such device or address"):
            read(str(end))


def test_links(tmp_path: Path, rules: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(rules)
    assert read(str(link)) == read(str(rules))
    rules.chmod(0o666)
    assert refused(link) == f"{link} is writable by others (mode 0666): chmod go-w {link}"
    rules.unlink()
    with pytest.raises(Refused) as away:
        stamp(str(link))
    assert str(away.value) == f"{link} is a symbolic link to {rules}, which does not exist"
    link.unlink()
    link.symlink_to(link)
    assert refused(link) == f"{link} cannot be read: Too many levels of symbolic links"


def test_absent(tmp_path: Path, rules: Path) -> None:
    assert stamp(str(tmp_path / "absent")) is None
    assert stamp(str(rules / "below a file")) is None
    with pytest.raises(Refused, match=r"absent cannot be read: No such file or directory"):
        read(str(tmp_path / "absent"))


def test_a_path_that_cannot_be_one() -> None:
    for look in (stamp, read):
        with pytest.raises(Refused, match=r"^/a\x00b cannot be read: "):  # the rest differs by version
            look("/a\0b")


def test_the_largest_file(rules: Path) -> None:
    rules.write_bytes(b"#" * limits.RULES_BYTES)
    assert len(read(str(rules))[0]) == limits.RULES_BYTES
    rules.write_bytes(b"#" * (limits.RULES_BYTES * 4))
    assert limits.RULES_BYTES < len(read(str(rules))[0]) <= limits.RULES_BYTES * 2


def test_a_file_that_grows_while_it_is_read(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.read

    def growing(descriptor: int, length: int) -> bytes:
        data = real(descriptor, length)
        if data == b"# rules\n":
            with rules.open("a") as more:
                more.write("# more\n")
        return data

    monkeypatch.setattr(files.os, "read", growing)
    with pytest.raises(Refused) as changed:
        read(str(rules))
    assert str(changed.value) == f"{rules} was changed while it was read"


@as_root
def test_without_the_right_to_read(rules: Path) -> None:
    """As a user of no account at all, in a process that cannot go back."""
    rules.chmod(0)
    os.chown(rules, STRANGER, STRANGER)
    for parent in list(rules.parents)[:-1]:
        if parent.stat().st_uid == 0 and str(parent).startswith("/tmp/pytest-of"):
            parent.chmod(0o755)
    child = os.fork()
    if not child:
        status = 1
        try:
            os.setgroups([])
            os.setresgid(STRANGER, STRANGER, STRANGER)
            os.setresuid(STRANGER, STRANGER, STRANGER)
            read(str(rules))
        except Refused as why:
            status = 0 if str(why) == f"{rules} cannot be read: Permission denied" else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# --------------------------------------------------------------------------- home


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o711, 0o775, 0o2755])
def test_homes_that_are_fine(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    check_home(str(tmp_path))


@pytest.mark.parametrize("mode", [0o702, 0o777, 0o1777])
def test_a_home_that_others_can_write(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    with pytest.raises(Refused) as why:
        check_home(str(tmp_path))
    assert str(why.value) == f"home {tmp_path} is writable by others (mode {mode:04o}): chmod go-w {tmp_path}"


@as_root
def test_homes_of_others(tmp_path: Path) -> None:
    os.chown(tmp_path, -1, STRANGER)
    tmp_path.chmod(0o770)
    with pytest.raises(Refused, match=r"is writable by others \(mode 0770\)"):
        check_home(str(tmp_path))
    os.chown(tmp_path, STRANGER, -1)
    with pytest.raises(Refused) as why:
        check_home(str(tmp_path))
    assert str(why.value) == f"home {tmp_path} belongs to uid {STRANGER}, not to the running user (uid 0)"


def test_no_home(tmp_path: Path, rules: Path) -> None:
    for path, said in ((tmp_path / "absent", "does not exist"), (rules, "is not a directory")):
        with pytest.raises(Refused, match=said):
            check_home(str(path))


def test_what_a_rule_file_may_be_wrong_with_is_explained() -> None:
    title, explanation = CODES["E301"]
    assert title
    assert "UTF-8" in explanation
