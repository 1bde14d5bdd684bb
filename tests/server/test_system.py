"""The users of the system: each has the mail as himself, and nobody has a say in another's."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .serving import PACKAGES, QUEUED, Client, Server
from .test_serving import DELIVERED

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="root starts such a server: run the tests as root")

RULES = """\
rule "bad" { when subject is "bad"; pipe to "~/bad" }
rule "all" { file into "All" }
"""
# what a user's program tries, as the rules run it: OTHER is another user's home
BAD = """\
#!/bin/sh
cat >/dev/null
exec 2>&1 >~/tried
id -u
id -G
touch OTHER/touched && echo touched
cat OTHER/.pyfilterrc && echo read
kill -0 FRONT && echo front
kill -0 BROKER && echo broker
ls /proc/BROKER/fd && echo descriptors
ls /proc/FRONT/fd && echo descriptors
ls /proc/self/fd | wc -l
true
"""


class System(Server):
    """`pyfilter serve --users system` with two users of its own, and one for the front."""

    def __init__(self) -> None:
        self.base = Path(tempfile.mkdtemp(prefix="system-", dir="/var/tmp"))
        self.base.chmod(0o711)
        unique = f"{os.getpid() % 100000:05}"
        self.names = [f"pfa{unique}", f"pfb{unique}"]
        self.front_name = f"pff{unique}"
        for name in self.names:
            home = self.base / name
            subprocess.run(["useradd", "-M", "-d", str(home), "-s", "/bin/sh", name], check=True)
            home.mkdir(mode=0o700)
            (home / ".pyfilterrc").write_text(RULES)
            (home / ".pyfilterrc").chmod(0o600)
            for path in (home, home / ".pyfilterrc"):
                shutil.chown(path, name, name)
        subprocess.run(["useradd", "-M", "-r", "-d", "/nonexistent", self.front_name], check=True)
        super().__init__(self.base, "", "--users", "system", "--run-as", self.front_name)

    def remove(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        for name in (*self.names, self.front_name):
            subprocess.run(["userdel", "-f", name], check=True, capture_output=True)
        shutil.rmtree(self.base)

    @property
    def front(self) -> int:
        uid = str(pwd.getpwnam(self.front_name).pw_uid)
        (front,) = [child for child in self.workers() if status(child)["Uid"].split()[0] == uid]
        return front

    def workers_of(self, name: str) -> list[int]:
        uid = str(pwd.getpwnam(name).pw_uid)
        return [child for child in self.workers() if status(child).get("Uid", "").split()[:1] == [uid]]

    def filed(self, name: str) -> list[Path]:
        return sorted((self.base / name).glob("Maildir/**/new/*"))


def status(process: int) -> dict[str, str]:
    """/proc/PID/status; nothing of one that is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def wait_for(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def system() -> Iterator[System]:
    if not _can_be_read_by_all(Path(PACKAGES)):
        pytest.skip(f"other users must be able to read {PACKAGES} and {sys.executable}")
    made = System()
    yield made
    made.remove()


def _can_be_read_by_all(*paths: Path) -> bool:
    for path in (*paths, Path(sys.executable), Path(sys.executable).resolve()):
        if any(not one.stat().st_mode & 0o001 for one in (path, *path.parents)):
            return False
    return True


def test_each_user_has_the_mail_as_himself(system: System) -> None:
    ann, bob = system.names
    client = Client(system)
    text = QUEUED + b"Subject: x\r\n\r\n"
    assert (
        client.mail(text, f"{ann}@y.example", f"{bob.upper()}+ext@y.example", f"{ann}+a@y.example") == [DELIVERED] * 3
    )
    for name, count in ((ann, 2), (bob, 1)):
        files = system.filed(name)
        assert len(files) == count
        assert {(path.stat().st_uid, path.stat().st_mode & 0o777) for path in files} == {
            (pwd.getpwnam(name).pw_uid, 0o600)
        }
        (worker,) = system.workers_of(name)
        entry, seen = pwd.getpwnam(name), status(worker)
        assert seen["Uid"].split() == [str(entry.pw_uid)] * 4
        assert seen["Gid"].split() == [str(entry.pw_gid)] * 4
        assert seen["Groups"].split() == [str(entry.pw_gid)]
        assert {int(seen[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
        environment = Path(f"/proc/{worker}/environ").read_bytes().split(b"\0")
        assert f"HOME={system.base / name}".encode() in environment
        assert not any(variable.startswith((b"LISTEN", b"NOTIFY", b"PYTHON")) for variable in environment)


def test_a_worker_serves_one_user_however_many_messages_come(system: System) -> None:
    client = Client(system)
    seen: dict[str, set[int]] = {name: set() for name in system.names}
    for number in range(6):
        name = system.names[number % 2]
        assert client.mail(QUEUED + b"Subject: %d\r\n\r\n" % number, f"{name}@y.example") == [DELIVERED]
        seen[name] |= set(system.workers_of(name))
    first, second = seen.values()
    assert len(first) == len(second) == 1
    assert first != second


def test_who_is_no_user_or_gets_no_mail_hears_so(system: System) -> None:
    client = Client(system)
    client.say(b"MAIL FROM:<>\r\n")
    for name, said in {
        "no-such-user": b"550 5.1.1 no such user here\r\n",
        system.front_name: b"550 5.1.1 no such user here\r\n",
        "root": b"451 4.3.5 root has no rules: mail for root needs an alias\r\n",
        "../root": b"550 5.1.1 no such user here\r\n",
        "-x": b"550 5.1.1 no such user here\r\n",
        "nobody": b"550 5.1.1 this account gets no mail\r\n",
    }.items():
        assert client.say(f"RCPT TO:<{name}@y.example>\r\n".encode()) == said, name


def test_the_front_can_neither_read_a_home_nor_touch_a_worker(system: System) -> None:
    ann = system.names[0]
    assert Client(system).mail(QUEUED + b"Subject: x\r\n\r\n", f"{ann}@y.example") == [DELIVERED]
    entry = pwd.getpwnam(system.front_name)
    seen = status(system.front)
    assert seen["Uid"].split() == [str(entry.pw_uid)] * 4
    assert seen["Groups"].split() == [str(entry.pw_gid)]
    assert {int(seen[kind], 16) for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb")} == {0}
    (worker,) = system.workers_of(ann)
    tries = (
        f"os.listdir('{system.base / ann}')",
        f"open('{system.base / ann}/.pyfilterrc')",
        f"open('/proc/{worker}/mem')",
        f"os.kill({worker}, 0)",
        f"os.kill({system.process.pid}, 0)",
        "os.setuid(0)",
    )
    for tried in tries:
        done = subprocess.run(
            [sys.executable, "-I", "-c", f"import os\n{tried}"],
            capture_output=True,
            text=True,
            user=entry.pw_uid,
            group=entry.pw_gid,
            extra_groups=[],
            check=False,
        )
        assert "PermissionError" in done.stderr, (tried, done.stderr)


def test_what_a_users_program_tries_reaches_nobody_else(system: System) -> None:
    ann, bob = system.names
    client = Client(system)
    assert client.mail(QUEUED + b"Subject: x\r\n\r\n", f"{bob}@y.example") == [DELIVERED]
    program = system.base / ann / "bad"
    text = BAD.replace("OTHER", str(system.base / bob)).replace("FRONT", str(system.front))
    program.write_text(text.replace("BROKER", str(system.process.pid)))
    program.chmod(0o700)
    shutil.chown(program, ann, ann)
    assert client.mail(QUEUED + b"Subject: bad\r\n\r\n", f"{ann}@y.example") == [DELIVERED]
    entry = pwd.getpwnam(ann)
    # who he is, his groups, and his open files: three, and that of the directory which `ls` reads
    assert (system.base / ann / "tried").read_text().split() == [str(entry.pw_uid), str(entry.pw_gid), "4"]
    assert client.mail(QUEUED + b"Subject: y\r\n\r\n", f"{bob}@y.example") == [DELIVERED]


def test_a_worker_that_its_user_kills_costs_that_user_a_delay(system: System) -> None:
    ann, bob = system.names
    (system.base / ann / ".pyfilterrc").write_text('rule "k" { pipe to "~/kill" }\n')
    program = system.base / ann / "kill"
    program.write_text("#!/bin/sh\nkill -9 $PPID\n")
    program.chmod(0o700)
    shutil.chown(program, ann, ann)
    replies = Client(system).mail(QUEUED + b"Subject: x\r\n\r\n", f"{ann}@y.example", f"{bob}@y.example")
    assert replies == [b"451 4.3.0 delivery postponed\r\n", DELIVERED]


def test_it_ends_when_it_is_told_to_and_nobody_is_left(system: System) -> None:
    for name in system.names:
        assert Client(system).mail(QUEUED + b"Subject: x\r\n\r\n", f"{name}@y.example") == [DELIVERED]
    children = system.workers()
    assert len(children) == 3
    assert system.stop() == 0
    assert not any(os.path.exists(f"/proc/{child}") for child in children)
    assert not system.path.exists()


@pytest.mark.parametrize("is_front", [True, False])
def test_front_and_broker_end_with_each_other(system: System, is_front: bool) -> None:
    ann = system.names[0]
    assert Client(system).mail(QUEUED + b"Subject: x\r\n\r\n", f"{ann}@y.example") == [DELIVERED]
    children = system.workers()
    os.kill(system.front if is_front else system.process.pid, signal.SIGKILL)
    assert system.process.wait(30) == (2 if is_front else -signal.SIGKILL)
    wait_for(lambda: not any(status(child).get("State", "Z")[0] not in "ZX" for child in children))


def test_only_root_can_start_it_and_not_for_root(tmp_path: Path) -> None:
    def said(*options: str, user: int = 0) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "pyfilter", "serve", "--users", "system", *options],
            env={"HOME": "/", "PYTHONPATH": PACKAGES, "PATH": "/usr/bin:/bin"},
            cwd="/",
            capture_output=True,
            text=True,
            user=user,
            check=False,
        )
        assert (done.returncode, done.stdout) == (2, "")
        return done.stderr

    place = ("--lmtp", f"unix:{tmp_path}/lmtp")
    if _can_be_read_by_all(Path(PACKAGES)):
        assert said(*place, user=61001) == (
            "pyfilter serve: only root can serve the users of the system; --users one is for you alone\n"
        )
    assert said(*place, "--run-as", "root") == (
        "pyfilter serve: root is root, and who speaks with clients must not be\n"
    )
    assert said(*place, "--run-as", "nosuch") == (
        "pyfilter serve: there is no user nosuch to speak with clients as: "
        "useradd --system --no-create-home --shell /usr/sbin/nologin nosuch\n"
    )
    assert said("--run-as", "nobody") == (
        "pyfilter serve: for the users of the system it must be told where to listen: --lmtp unix:PATH\n"
    )
    assert said(*place, "--run-as", "nobody", "--socket-owner", "nosuch") == (
        "pyfilter serve: there is no user nosuch to own the socket\n"
    )
