"""Known attacks from the machine: variables, privileges, signals, rule files that are another's, links at our names.

The cases stand in docs/known-attacks.md.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..delivery.programs import Recorder
from ..launcher.conftest import MESSAGE, POSTPONED, Installation
from ..test_mda import ANOTHER, FILED, Account, Ended, deferred
from ..test_mda import MESSAGE as LETTER

DELIVERED = Ended(0, b"", b"")
STRANGER = 64_999
root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files and processes of another user")

# ---------------------------------------------------------------- what is started with what

LIBRARY = """
#include <fcntl.h>
__attribute__((constructor)) static void loaded(void) { open("%s", O_CREAT | O_WRONLY, 0600); }
"""


def test_variables_that_load_code(delivering: Installation, tmp_path: Path) -> None:
    """A library, Python's and a shell's: nothing is loaded in the launcher, in Python, in a program of the rules."""
    traces = tmp_path / "traces"
    traces.mkdir()
    library = tmp_path / "loaded.so"
    source = LIBRARY % (traces / "library")
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-o", library, "-"], input=source, text=True, check=True)
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    code = f"open({str(traces / 'python')!r}, 'w').close()\n"
    for name in ("os", "stat", "pyfilter", "sitecustomize", "usercustomize", "encodings", "start"):
        (hostile / f"{name}.py").write_text(code)
    (hostile / "rc.sh").write_text(f"touch {traces / 'shell'}\n")
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    program = Recorder(tmp_path, home, "program")
    program.path.write_text(program.path.read_text().replace("#!/bin/sh", "#!/bin/bash"))
    (home / ".pyfilterrc").write_text(f'rule "x" {{ pass through "{program.path}"; file into "X" }}\n')
    variables = {
        "LD_PRELOAD": str(library), "LD_LIBRARY_PATH": str(hostile), "LD_AUDIT": str(library),
        "GCONV_PATH": str(hostile), "GLIBC_TUNABLES": "glibc.malloc.check=3", "LOCPATH": str(hostile),
        "PYTHONPATH": str(hostile), "PYTHONHOME": str(hostile), "PYTHONSTARTUP": str(hostile / "start.py"),
        "PYTHONUSERBASE": str(hostile), "PYTHONINSPECT": "1", "PYTHONPYCACHEPREFIX": str(hostile),
        "BASH_ENV": str(hostile / "rc.sh"), "ENV": str(hostile / "rc.sh"), "IFS": "/ .", "SHELLOPTS": "xtrace",
        "PERL5OPT": "-Mevil", "PERL5LIB": str(hostile), "XDG_CONFIG_HOME": str(hostile), "TMPDIR": str(hostile),
        "BASH_FUNC_cat%%": f"() {{ touch {traces / 'function'}; }}", "PATH": f"{hostile}:/usr/bin:/bin",
    }  # fmt: skip
    for name in ("cat", "ls", "mkdir", "env"):
        (hostile / name).write_text(f'#!/bin/sh\ntouch {traces / "path"}\nexec /usr/bin/{name} "$@"\n')
        (hostile / name).chmod(0o755)
    subprocess.run(["bash", "-c", "cat /dev/null"], env=variables, check=False, capture_output=True)
    assert {path.name for path in traces.iterdir()} >= {"library", "shell", "function"}, "no attack at all"
    for path in traces.iterdir():
        path.unlink()
    assert delivering.run(env={**variables, "HOME": str(home)}, cwd=hostile) == (0, b"", b"")
    assert list(traces.iterdir()) == []
    assert len(program.runs) == 1
    assert set(program.environment()) - {"PWD", "SHLVL", "_"} <= {
        "HOME", "USER", "LOGNAME", "LANG", "TZ", "PATH", "SENDER", "RECIPIENT", "EXTENSION",
    }  # fmt: skip


@pytest.fixture
def shared() -> Iterator[Path]:
    """A directory that another user comes to."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        os.chmod(place, 0o755)
        yield Path(place)


@root
@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6755], ids=oct)
def test_privileges_that_a_delivery_would_give_away(
    usual_launcher: Path, log_socket: socket.socket, shared: Path, mode: int
) -> None:
    """Set-user-ID or set-group-ID, it would run a user's rules and programs with another's rights: it runs none."""
    installation = Installation(shared / "venv", usual_launcher, log_socket)
    installation.delivers()
    installation.launcher.unlink()
    shutil.copy(usual_launcher, installation.launcher)
    os.chown(installation.scratch, STRANGER, STRANGER)

    def ends() -> tuple[int, bytes]:
        done = subprocess.run(
            [installation.launcher], input=MESSAGE, capture_output=True, timeout=60, check=False,
            user=STRANGER, group=STRANGER, extra_groups=[],
        )  # fmt: skip
        return done.returncode, done.stdout

    installation.launcher.chmod(0o755)
    assert ends() == (0, b"")
    assert installation.delivered == MESSAGE
    (installation.scratch / "delivered").unlink()
    installation.launcher.chmod(mode)
    assert ends() == (75, POSTPONED)
    assert installation.delivered is None


@root
def test_root_does_not_run_the_rules_of_a_user(account: Account, program: Recorder) -> None:
    """Called by root with a user's home, the rules would run with the groups of root, or as root."""
    account.rules(f'rule "x" {{ pipe to "{program.path}" }}\n')
    assert account.deliver() == DELIVERED
    assert len(program.runs) == 1
    for path in [account.home, *account.home.rglob("*")]:
        os.chown(path, STRANGER, STRANGER)
    assert account.deliver(message=ANOTHER) == Ended(75, POSTPONED, b"")
    assert len(program.runs) == 1


# --------------------------------------------------------------------- signals


@pytest.mark.parametrize("when", ["before", "behind"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM, signal.SIGUSR1])
def test_a_signal_in_the_midst_of_a_delivery(account: Account, number: signal.Signals, when: str) -> None:
    """One that ends it, and more while it ends: nothing is half done, no status bounces, the next try files it."""
    first = (
        "import os, signal, pyfilter.delivery.maildir as maildir\n"
        # whoever runs the tests may ignore some
        f"signal.signal({int(number)}, signal.default_int_handler if {int(number)} == 2 else signal.SIG_DFL)\n"
        "publish = maildir.publish\n"
        "def struck(*given):\n"
        f"    if {when == 'behind'}: publish(*given)\n"
        f"    for _ in range(50): os.kill(os.getpid(), {int(number)})\n"
        "    publish(*given)\n"
        "maildir.publish = struck\n"
    )
    ended = account.deliver(first=first)
    assert ended.status in (75, -number)
    assert ended.output in (b"", POSTPONED) and ended.error == b""
    assert set(map(len, account.mail().values())) <= {1}
    assert all(messages == [FILED] for messages in account.mail().values())
    assert account.deliver() == DELIVERED
    assert account.mail() == {"Maildir": [FILED]}


@pytest.mark.parametrize("number", ["TERM", "INT", "HUP", "CHLD", "PIPE", "XFSZ"])
def test_a_storm_of_signals_at_the_launcher(installation: Installation, number: str) -> None:
    """Orders to stop are kept and defer the mail; other signals change nothing."""
    stops = number in ("TERM", "INT", "HUP")
    storm = f"for n in 1 2 3 4 5 6 7 8 9; do kill -{number} $PPID; done"
    end = "exec sleep 600" if stops else "echo; echo 2.0.0 delivered"
    installation.python(f"cat >$scratch/delivered; {storm}; {end}")
    assert installation.run() == ((75, POSTPONED, b"") if stops else (0, b"", b""))


# --------------------------------------------------------------------- rule files

DISCARD = 'rule "x" { discard }\n'


@pytest.mark.parametrize("swap", ["another's file", "a link to it", "a FIFO", "a change while it is read"])
def test_rules_that_are_swapped_after_they_were_looked_at(account: Account, swap: str) -> None:
    """What is judged is the open file; what was put in its place between a look and the open is judged like any."""
    account.rules('rule "x" { file into "X" }\n')
    other = account.home.parent / "other"
    other.write_text(DISCARD)
    other.chmod(0o666)
    ways = {
        "another's file": f"os.rename({str(other)!r}, path)",
        "a link to it": f"(os.unlink(path), os.symlink({str(other)!r}, path))",
        "a FIFO": "(os.unlink(path), os.mkfifo(path))",
        "a change while it is read": "None",
    }
    first = (
        "import os\nopening, reading, done = os.open, os.read, []\n"
        "def swapped(path, *given, **more):\n"
        "    if isinstance(path, str) and path.endswith('/.pyfilterrc') and not done:\n"
        f"        done.append(1)\n        {ways[swap]}\n"
        "    return opening(path, *given, **more)\n"
        "os.open = swapped\n"
    )
    if swap == "a change while it is read":
        first += (
            "def changed(fd, size):\n"
            "    data = reading(fd, size)\n"
            "    if b'file into' in data:\n"
            f"        with open({str(account.home / '.pyfilterrc')!r}, 'a') as file: file.write({DISCARD!r})\n"
            "    return data\n"
            "os.read = changed\n"
        )
    deferred(account, account.deliver(first=first), "/.pyfilterrc ")


@pytest.mark.parametrize("whose", ["anybody's", "another user's", "no file", "a device"])
def test_rules_of_somebody_else_instead_of_ones_own(account: Account, whose: str) -> None:
    account.rules('rule "x" { file into "X" }\n')
    other = account.home.parent / "other"
    other.write_text(DISCARD)
    if whose == "anybody's":
        other.chmod(0o666)
    elif whose == "another user's":
        if os.geteuid():
            pytest.skip("needs root: a file of another user")
        os.chown(other, STRANGER, STRANGER)
    path = {"no file": "/nonexistent", "a device": "/dev/zero"}.get(whose, str(other))
    deferred(account, account.deliver("--rules", path), path)


def test_an_extension_that_would_be_an_option(account: Account) -> None:
    """A stranger writes to me+--rules: what follows -a is a value, and nothing of a message is an option."""
    other = account.home.parent / "other"
    other.write_text(DISCARD)
    account.rules('rule "x" { when recipient.extension is "--rules"; file into "X" }\n')
    message = LETTER.replace(b"me+box@", b"me+--rules@")
    given = ("-a", "--rules", "-f", f"--rules={other}", "-d", "me+--rules@y.example")
    assert account.deliver(*given, message=message, EXTENSION="--rules", SENDER=f"--rules={other}") == DELIVERED
    assert list(account.mail()) == [".X"]


# ------------------------------------------------------------------------ links


@root
@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_mailbox_that_leads_to_the_file_of_another_user(account: Account, kind: str) -> None:
    """A hard link, or a symbolic one, that somebody made where the mailbox should be."""
    place = account.home.parent / "spool"
    place.mkdir(mode=0o777)
    secret = account.home.parent / "secret"
    secret.write_text("theirs\n")
    os.chown(secret, STRANGER, STRANGER)
    if kind == "file":
        (place / "me").hardlink_to(secret)
    else:
        (place / "me").symlink_to(secret)
    account.rules(f'rule "x" {{ file into mbox "{place}/me" }}\n')
    deferred(account, account.deliver(), f"{place}/me: belongs to uid {STRANGER}, not to uid {os.geteuid()}")
    assert secret.read_text() == "theirs\n"


@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_link_at_the_name_of_a_lock(account: Account, there: bool) -> None:
    """Nothing is made, emptied or written through it."""
    place = account.home.parent / "spool"
    place.mkdir(mode=0o777)
    target = account.home / "precious"
    if there:
        target.write_text("mine\n")
    (place / "me.lock").symlink_to(target)
    account.rules(f'rule "x" {{ file into mbox "{place}/me" }}\n')
    first = "mda.limits.MBOX_LOCK_SECONDS = 0"
    deferred(account, account.deliver(first=first), "another program has it locked")
    assert target.exists() == there
    assert not there or target.read_text() == "mine\n"
    assert not (place / "me").exists()
