"""Imports go one way, libraries have one importing file each, and a delivery loads only what it needs."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import pyfilter

PACKAGE = Path(pyfilter.__file__).parent

# Lower storeys first: a module may import from its own storey and those below. `__init__`, limits, deadline and
# status belong to everybody; the public names of pyfilter/__init__.py are imported lazily.
STOREYS = (
    ("limits", "status", "deadline", "ownership", "bounds", "__init__"),
    ("message",),
    ("language",),
    ("engine",),
    ("services", "delivery"),
    ("agent", "log"),
    ("meanwhile",),
    ("trials", "delivering"),
    ("mda", "library", "lmtp"),
    ("server",),
    ("watch",),
    ("archive", "editor"),
    ("cli",),
    ("__main__",),
)
HEIGHT = {name: height for height, names in enumerate(STOREYS) for name in names}

# what is imported in one file only
ONE_FILE = (
    "lark", "re2", "marshal", "_socket", "click", "rich", "mailbox", "tarfile", "sqlite3", "email", "_signal",
    "dkim", "dns", "aiospamc", "http", "ssl", "pygls", "lsprotocol", "selectolax", "ahocorasick", "watchdog", "redis",
)  # fmt: skip
ALLOWED_MORE = {
    "marshal": {
        "language/cache.py",
        "language/last_good.py",
        "language/lower.py",
        "engine/evaluate.py",
        "engine/warm.py",
        "server/jobs.py",
    },
    "_signal": {"deadline.py", "services/child.py"},
    "click": {"cli/"},
    "rich": {"cli/"},
    "lsprotocol": {"editor/answers.py", "editor/server.py", "editor/shapes.py"},
}
# what the editor's package may stand on, for it is kept apart: nothing but cli imports it
EDITOR_STANDS_ON = (
    "pyfilter.editor", "pyfilter.language", "pyfilter.delivery.existing", "pyfilter.trials", "pyfilter.limits",
)  # fmt: skip

ENGINE_NEVER = {"os", "io", "socket", "subprocess", "time", "datetime", "random", "logging", "sqlite3"}

# CONTRACT: a delivery's modules beside pyfilter's own and those of a bare `python3 -I -S`
DELIVERY_MAY_LOAD = {
    "__future__", "_blake2", "_collections_abc", "_stat", "_string", "binascii", "errno", "genericpath", "marshal",
    "_socket", "os", "os.path", "posixpath", "stat", "time", "unicodedata",
}  # fmt: skip
A_PATTERN_MAY_LOAD = DELIVERY_MAY_LOAD | {
    "_collections", "_functools", "_operator", "_re2", "collections", "functools", "itertools", "keyword", "operator",
    "re2", "re2._re2", "reprlib", "types",
}  # fmt: skip


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module that ``path`` imports when it runs, at its top or in a function."""
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            return
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found.add(node.module or "")
            if node.module in ("pyfilter", "pyfilter.language", "pyfilter.message", "pyfilter.delivery"):
                found.update(f"{node.module}.{alias.name}" for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text("utf-8")))
    return found


def storey(module: str) -> int:
    name = module.split(".")[1] if "." in module else "__init__"
    return HEIGHT.get(name, 0)  # names in pyfilter/__init__.py: __version__


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    inside = path.relative_to(PACKAGE)
    own = HEIGHT[inside.parts[0].removesuffix(".py")]
    for module in imports(path):
        if module.split(".")[0] == "pyfilter":
            assert storey(module) <= own, f"{inside} imports {module}, which stands above it"


def test_the_editor_stands_on_the_language_and_only_a_command_imports_it() -> None:
    for path in modules():
        inside = path.relative_to(PACKAGE)
        for module in imports(path):
            if inside.parts[0] == "editor" and module.split(".")[0] == "pyfilter":
                known = any(module == place or module.startswith(f"{place}.") for place in EDITOR_STANDS_ON)
                assert known or module in ("pyfilter", "pyfilter.__version__"), f"{inside} imports {module}"
            if module.startswith("pyfilter.editor") and inside.parts[0] != "editor":
                assert inside.as_posix() == "cli/language_server.py", f"{inside} imports {module}"


def test_the_engine_is_pure() -> None:
    for path in (PACKAGE / "engine").glob("*.py"):
        assert not {module.split(".")[0] for module in imports(path)} & ENGINE_NEVER, path.name


@pytest.mark.parametrize("library", ONE_FILE)
def test_a_library_has_one_importing_file(library: str) -> None:
    users = {
        str(path.relative_to(PACKAGE))
        for path in modules()
        if any(module == library or module.startswith(f"{library}.") for module in imports(path))
    }
    allowed = ALLOWED_MORE.get(library)
    if allowed is None:
        assert len(users) <= 1, users
    else:
        assert all(any(user.startswith(place) for place in allowed) for user in users), users


def test_packages_import_nothing_on_the_way() -> None:
    """A package's __init__ below pyfilter/ is its docstring: importing a module costs that module."""
    for path in modules():
        if path.name == "__init__.py" and path.parent != PACKAGE:
            assert len(ast.parse(path.read_text("utf-8")).body) == 1, path


def loaded_by_a_delivery(home: Path, message: bytes) -> set[str]:
    """Names in sys.modules after one delivery, less those of a bare interpreter and pyfilter's own."""
    site = [str(PACKAGE.parent), *(path for path in sys.path if path.endswith(("site-packages", "dist-packages")))]
    script = (
        "import sys\n"
        "bare = set(sys.modules)\n"
        f"sys.path[:0] = {site!r}\n"
        "from pyfilter.mda import main\n"
        "status = main([])\n"
        "found = set(sys.modules) - bare\n"
        "print(status, *sorted(name for name in found if name.split('.')[0] != 'pyfilter'), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-P", "-c", script],
        input=message,
        capture_output=True,
        env={"HOME": str(home)},
        check=True,
    )
    status, *names = done.stderr.decode().split()
    assert status == "0", (home / ".local/state/pyfilter/log").read_text()
    return set(names)


MESSAGE = (
    b"Return-Path: <friend@example.org>\nDelivered-To: me+box@example.org\nReceived: from x by y; now\n"
    b"From: =?utf-8?Q?P=C5=99=C3=A1tel?= <friend@example.org>\nTo: me@example.org\n"
    b"Subject: ticket #12\nList-Id: <talk.lists.example.org>\n\nhello\n"
)

FOUR_RULES = """\
list friends = "x@example.net", "@example.com"
rule "cron" { when header X-Cron-Env exists; file into "Cron" }
rule "friends" { when from in friends and size < 10 kB; mark flagged; file into "Friends" }
rule "lists" { when list-id matches "{list}.lists.example.com"; file into "{list}" }
rule "plus" { when recipient.extension matches "{box}"; file into "{box}" }
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    os.chmod(tmp_path, 0o700)
    return tmp_path


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        (FOUR_RULES, DELIVERY_MAY_LOAD),
        (FOUR_RULES + 'rule "never" { when subject matches /no such [0-9]+/; file into "N" }\n', DELIVERY_MAY_LOAD),
        ('rule "ticket" { when subject matches /ticket #(?P<nr>[0-9]+)/; file into "{nr}" }\n', A_PATTERN_MAY_LOAD),
    ],
    ids=["no pattern", "a pattern whose literal is absent", "a pattern"],
)
def test_what_a_delivery_loads(home: Path, rules: str, allowed: set[str]) -> None:
    path = home / ".pyfilterrc"
    path.write_text(rules)
    os.utime(path, ns=(1, 1))
    from pyfilter.language.loading import load

    loaded = load(str(home))
    assert loaded.problem == ""
    while not any((home / ".cache").rglob("program-*")):  # the file's ctime is too young to be believed
        load(str(home))
    assert loaded_by_a_delivery(home, MESSAGE) - allowed == set()
