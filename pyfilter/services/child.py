"""Run a program of the user's, without a shell, and come back in time whatever it does.

In: the program and its arguments, what it reads on its standard input, values for its environment, seconds, bytes of
output that are kept, a directory. Out: a Result; ``run`` raises nothing that the program could cause.

- **No shell**: argv is what is run; a program without "/" is looked for in PATH. One that everybody can write, or put
  into its directory, is not run, nor another user's in a directory of one's own.
- **Environment**: HOME USER LOGNAME LANG TZ of ours, PATH as below, and the values given; nothing else. NUL is taken
  away, and a value that an old bash would take for a function, and run what stands behind it (CVE-2014-6271), begins
  with a blank.
- **Input** lies in a file in memory: a program that reads none of it, or not all, makes no difference.
- **Output**: standard output and standard error, ``limit`` bytes of each; what comes beyond is read and thrown away.
- **Time**: the program has its own session. At the deadline the whole group gets SIGTERM, limits.CHILD_GRACE_SECONDS
  later SIGKILL, which also comes where we are interrupted; this process' own alarm (deadline.py) comes later than both,
  and once the mail is filed the program has what is left of its time. When it has exited nothing is waited for: what it
  left running may keep its output open. What of that is in its group is killed; a
  session of its own it keeps, unless the delivery is put off (the launcher's killing.c).
- **Limits**: CPU, memory, size of files, open files, no core (limits.py); signals as a fresh program expects them.

subprocess is not used: importing it costs more than most programs that are run here take to answer.

Sources: setrlimit(2), pidfd_open(2), memfd_create(2).
"""

from __future__ import annotations

import errno
import os
import stat
import time

from pyfilter import deadline, limits, ownership

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import NoReturn

__all__ = ["PATH", "Result", "last_line", "run"]

PATH = "/usr/local/bin:/usr/bin:/bin"
INHERITED = ("HOME", "USER", "LOGNAME", "LANG", "TZ")
# what a shell says of a program that cannot be run, and of one that is not there
CANNOT_RUN, NOT_FOUND = 126, 127
# what stands before the number of an error that is not the program's, but that of its directory
IN_DIRECTORY = b"d"
# how bash before 2014 knew a function among the variables, whatever the variable's name
FUNCTION = "() {"
# seconds between two looks at a child, where the system has no descriptor for it
LOOK_AGAIN = 0.02


class Result:
    """``status``: the exit status, 128 + the signal that ended it, 126 or 127 where it did not start. ``output``,
    ``errors``: what it wrote. ``cut``: it wrote more to standard output. ``why``: "" if it exited by itself, else a
    few words for a log."""

    __slots__ = ("cut", "errors", "output", "status", "why")

    def __init__(self, status: int, output: bytes = b"", errors: bytes = b"", cut: bool = False, why: str = "") -> None:
        self.status = status
        self.output = output
        self.errors = errors
        self.cut = cut
        self.why = why


def run(
    argv: Sequence[str],
    stdin_parts: Iterable[bytes],
    *,
    environment: Mapping[str, str] | None = None,
    deadline_seconds: float,
    output_limit: int,
    directory: str = "/",
) -> Result:
    """Run ``argv`` to its end, or to the deadline."""
    opened: list[int] = []
    try:
        return _run(
            argv, stdin_parts, _environment(environment or {}), deadline_seconds, output_limit, directory, opened
        )
    except OSError as error:
        return Result(CANNOT_RUN, why=f"it could not be run: {error.strerror}")
    finally:
        for descriptor in opened:
            _close(descriptor)


def _run(
    argv: Sequence[str],
    parts: Iterable[bytes],
    environment: dict[bytes, bytes],
    seconds: float,
    most: int,
    directory: str,
    opened: list[int],
) -> Result:
    words = [os.fsencode(word.replace("\0", "")) for word in argv]
    seconds = _before_our_own(seconds)
    until = time.monotonic() + seconds
    given = os.memfd_create("message")
    opened.append(given)
    for part in parts:
        view = memoryview(part)
        while view:
            view = view[os.write(given, view) :]
    os.lseek(given, 0, os.SEEK_SET)
    if why := _open_to_all(words[0]):
        return Result(CANNOT_RUN, why=why)
    pipes = [os.pipe() for _ in range(3)]
    opened += [end for pipe in pipes for end in pipe]
    _expect_children()
    pid = os.fork()
    if pid == 0:
        _become(words, environment, directory, given, [pipe[1] for pipe in pipes], int(seconds) + 1)
    try:
        return _accompany(pid, pipes, directory, until, seconds, most, opened)
    except BaseException:  # too much work (deadline.py), or an interrupt: nobody would end it any more
        _signal_group(pid, 9)
        raise


def _accompany(
    pid: int,
    pipes: list[tuple[int, int]],
    directory: str,
    until: float,
    seconds: float,
    most: int,
    opened: list[int],
) -> Result:
    """Did it start? Then to its end."""
    for _, written in pipes:
        os.close(written)
        opened.remove(written)
    failed = os.read(pipes[2][0], 16)  # ends when the program starts: the descriptor closes itself
    if failed:
        os.waitpid(pid, 0)
        number = int(failed.lstrip(IN_DIRECTORY))
        if failed.startswith(IN_DIRECTORY):
            why = f"it could not be run in the directory {directory}: {os.strerror(number)}"
            return Result(CANNOT_RUN, why=why)
        status = NOT_FOUND if number == errno.ENOENT else CANNOT_RUN
        return Result(
            status, why="it was not found" if status == NOT_FOUND else f"it cannot be run: {os.strerror(number)}"
        )
    return _attend(pid, pipes[0][0], pipes[1][0], until, seconds, most, opened)


def _attend(pid: int, output: int, errors: int, until: float, seconds: float, most: int, opened: list[int]) -> Result:
    """Read what it writes until it exits, or until it must end."""
    import select
    from _signal import SIGKILL, SIGTERM

    kept = {output: bytearray(), errors: bytearray()}
    cut = False
    poll = select.poll()
    for descriptor in kept:
        os.set_blocking(descriptor, False)
        poll.register(descriptor, select.POLLIN)
    handle = _handle(pid)
    if handle >= 0:
        opened.append(handle)
        poll.register(handle, select.POLLIN)
    signals = [SIGTERM, SIGKILL]
    why = end = ""
    status: int | None = None
    while status is None:
        remaining = until - time.monotonic()
        if remaining <= 0 and signals:
            why = f"it was ended after {seconds:.3g} s"
            _signal_group(pid, signals.pop(0))
            until = time.monotonic() + limits.CHILD_GRACE_SECONDS
            continue
        # behind SIGKILL there is only the wait for the system
        wait = remaining if handle >= 0 and signals else LOOK_AGAIN
        ready = poll.poll(max(1, int(wait * 1000) + 1))
        status, end = _ended(pid)
        for descriptor in kept if status is not None else [found for found, _ in ready if found in kept]:
            more, over = _read(descriptor, kept[descriptor], most)
            cut = cut or (over and descriptor == output)
            if not more and status is None:
                poll.unregister(descriptor)
    _kill_group(pid)
    return Result(status, bytes(kept[output]), bytes(kept[errors]), cut, why or end)


def _ended(pid: int) -> tuple[int | None, str]:
    """The exit status, None while it runs; and why it ended, if not by itself."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return CANNOT_RUN, "how it ended is not known"
    if found == 0:
        return None, ""
    if os.WIFSIGNALED(status):
        return 128 + os.WTERMSIG(status), f"it was ended by signal {os.WTERMSIG(status)}"
    return os.WEXITSTATUS(status), ""


def _read(descriptor: int, kept: bytearray, most: int) -> tuple[bool, bool]:
    """Read what is there. Whether more may come, and whether some was thrown away."""
    over = False
    for _ in range(64):  # 4 MiB: a program that never stops writing must not keep us here
        try:
            data = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return True, over
        if not data:
            return False, over
        room = max(0, most - len(kept))
        kept += data[:room]
        over = over or len(data) > room
    return True, over


def _handle(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):  # Linux before 5.3
        return -1


def _kill_group(pid: int) -> None:
    """What is left of the group of a program that has ended."""
    try:
        os.killpg(pid, 9)
    except OSError:  # nobody is; and how the program ended is known, whatever the system says here
        return


def _close(descriptor: int) -> None:
    """Nothing was written that an error could speak of, and what the program has done is done."""
    try:
        os.close(descriptor)
    except OSError:
        return


def _open_to_all(program: bytes) -> str:
    """Why anybody could have put the program there; empty if nobody could, or it is not there."""
    if b"/" not in program:
        return ""
    try:
        found, directory = os.stat(program), os.stat(os.path.dirname(program))
    except OSError:
        return ""
    if found.st_mode & stat.S_IWOTH:
        return f"it cannot be run: others can write it (mode {stat.S_IMODE(found.st_mode):04o}), chmod o-w"
    theirs = ownership.belongs_to_another(found) or not directory.st_mode & stat.S_ISVTX
    if directory.st_mode & stat.S_IWOTH and theirs:
        return "it cannot be run: others can write its directory"
    if ownership.belongs_to_another(found) and directory.st_uid == os.geteuid():
        return f"it cannot be run: it belongs to uid {found.st_uid}"
    return ""


def _signal_group(pid: int, number: int) -> None:
    for send in (os.killpg, os.kill):
        try:
            send(pid, number)
            return
        except (ProcessLookupError, PermissionError):
            continue


def _before_our_own(seconds: float) -> float:
    """Who is ended by an alarm ends no children."""
    from _signal import ITIMER_REAL, getitimer

    remaining: float = getitimer(ITIMER_REAL)[0]
    if remaining:
        return min(seconds, max(0.1, remaining - limits.CHILD_GRACE_SECONDS - 1))
    return min(seconds, max(0.1, deadline.left()))


def _expect_children() -> None:
    """A parent that ignored SIGCHLD leaves us without any exit status."""
    from _signal import SIG_DFL, SIG_IGN, SIGCHLD, getsignal, signal

    if getsignal(SIGCHLD) == SIG_IGN:
        try:
            signal(SIGCHLD, SIG_DFL)
        except ValueError:  # not in the main thread; then the status is not known
            return


def _environment(values: Mapping[str, str]) -> dict[bytes, bytes]:
    found = {name: os.environ[name] for name in INHERITED if name in os.environ}
    found["PATH"] = PATH
    found.update(values)
    return {
        name.encode("ascii"): _no_function(value.replace("\0", "")).encode("utf-8", "surrogateescape")
        for name, value in found.items()
    }


def _no_function(value: str) -> str:
    return f" {value}" if value.startswith(FUNCTION) else value


# ---------------------------------------------------------------------- in the child, between fork and exec


def last_line(said: bytes) -> str:
    """The last line of what a program said, for a log: printable, and no longer than limits.CHILD_SAID_CHARACTERS."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    printable = "".join([character if character.isprintable() else " " for character in lines[-1]]) if lines else ""
    return " ".join(printable.split())[: limits.CHILD_SAID_CHARACTERS]


def _become(
    words: list[bytes], environment: dict[bytes, bytes], directory: str, given: int, ends: list[int], seconds: int
) -> NoReturn:
    import fcntl

    report = ends[-1]
    place = IN_DIRECTORY
    try:
        os.setsid()
        os.chdir(directory)
        place = b""
        # where this process has none of the first three, those of ours are among them: out of each other's way, for a
        # descriptor that is copied onto itself stays one that closes itself
        given, output, errors, report = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 3) for end in (given, *ends)]
        os.dup2(given, 0)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        _fresh_signals()
        _bounded(seconds)
        os.execvpe(words[0], words, environment)
    except OSError as error:
        os.write(report, b"%s%d" % (place, error.errno or errno.EIO))
    except BaseException:
        os.write(report, b"%d" % errno.EINVAL)
    finally:
        os._exit(CANNOT_RUN)


def _fresh_signals() -> None:
    from _signal import SIG_DFL, SIG_IGN, SIG_SETMASK, getsignal, pthread_sigmask, signal, valid_signals

    for number in valid_signals():  # Python ignores two; nohup and a shell's background ignore others
        if getsignal(number) == SIG_IGN:
            signal(number, SIG_DFL)
    pthread_sigmask(SIG_SETMASK, [])


def _bounded(seconds: int) -> None:
    import resource

    for what, most in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, limits.CHILD_MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, limits.CHILD_FILE_BYTES),
        (resource.RLIMIT_NOFILE, limits.CHILD_OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, hard))
