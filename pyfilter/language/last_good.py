"""The last rules that checked, kept for the mail that comes while there are errors in them.

``keep`` is called when a delivery has compiled rules without errors, and not by `pyfilter check`: what is kept is what
mail was filed by, not what somebody tried. ``load`` gives it back. Neither is called while nothing changes.

It lies in ``~/.local/state/pyfilter``, one file for each set of rule files, mode 0600, in place all at once. JSON, for
marshal is of one interpreter, and rules must outlive an upgrade that comes while they are broken::

    {"format": FORMAT, "sum": CRC-32 of the program's text, "program": …}

Of a Program (program.py) a tuple is a list, what JSON has none of an object of one name: {"bytes": as Latin-1},
{"set": […]}, {"dict": [[key, value], …]}. What the Program has marshalled (rules, excerpts) is
written like all else.

A file of an unknown format, one that is damaged, or that is not the user's own or others can write is as none. Keeping
fails silently: mail is kept in the inbox then.
"""

from __future__ import annotations

import json
import marshal
import os
from binascii import crc32
from typing import Any

from pyfilter import ownership
from pyfilter.language.program import FORMAT, Program

__all__ = ["DIRECTORY", "keep", "load", "name_of"]

# below the home directory
DIRECTORY = ".local/state/pyfilter"

# formats of a Program that this version evaluates; a change of FORMAT that leaves older ones readable adds a row
READABLE = frozenset({FORMAT})

# bytes; a program of 10,000 rules takes some 10 MB
_LARGEST = 64 << 20

_PLAIN = (str, int, float, bool, type(None))


def name_of(name: str) -> str:
    """The file's name, of that of the entry in the cache."""
    return f"last-good-{name.rpartition('-')[2]}.json"


def keep(home: str, name: str, program: Program) -> None:
    """Keep ``program`` for the rules whose entry in the cache is ``name``, in the place of an older one."""
    rules: Any = program["rules"]
    excerpts: Any = program["excerpts"]
    opened = {**program, "rules": tuple(map(marshal.loads, rules)), "excerpts": marshal.loads(excerpts)}
    body = _written(opened)
    whole = json.dumps({"format": FORMAT, "sum": _sum(body), "program": body}, separators=(",", ":"))
    try:
        directory = ownership.directory(home, DIRECTORY)
        try:
            ownership.put(directory, name_of(name), whole.encode("ascii") + b"\n", durable=True)
        finally:
            os.close(directory)
    except OSError:
        return


def load(home: str, name: str) -> Program | None:
    """What was kept for the rules whose entry in the cache is ``name``, or None."""
    try:
        found = json.loads(_taken(home, name_of(name)))
        if found["format"] not in READABLE or found["sum"] != _sum(found["program"]):
            return None
        program: Any = _read(found["program"])
        program["rules"] = tuple(map(marshal.dumps, program["rules"]))
        program["excerpts"] = marshal.dumps(program["excerpts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return program  # type: ignore[no-any-return]


def _taken(home: str, name: str) -> bytes:
    path = os.path.join(home, DIRECTORY, name)
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    if why := ownership.distrust(os.stat(os.path.dirname(path))):
        raise PermissionError(why)
    descriptor = os.open(path, flags)
    try:
        if ownership.required(descriptor, path).st_size > _LARGEST:
            return b""
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(_LARGEST)
    finally:
        os.close(descriptor)


def _sum(body: object) -> int:
    return crc32(json.dumps(body, separators=(",", ":")).encode("ascii"))


def _written(value: object) -> object:
    """As JSON has it. Raises TypeError for what no Program holds."""
    if isinstance(value, tuple):
        return [_written(item) for item in value]
    if isinstance(value, dict):
        return {"dict": [[_written(key), _written(item)] for key, item in value.items()]}
    if isinstance(value, frozenset):
        return {"set": sorted(map(_written, value), key=repr)}
    if isinstance(value, bytes):
        return {"bytes": value.decode("latin-1")}
    if type(value) in _PLAIN:
        return value
    raise TypeError(f"a program holds no {type(value).__name__}")


def _read(value: Any) -> object:
    if isinstance(value, list):
        return tuple(map(_read, value))
    if not isinstance(value, dict):
        return value
    ((kind, inside),) = value.items()
    return _READERS[kind](inside)


def _read_dict(pairs: Any) -> object:
    return {_read(key): _read(item) for key, item in pairs}


def _read_set(items: Any) -> object:
    return frozenset(map(_read, items))


def _read_bytes(text: Any) -> object:
    return text.encode("latin-1")


_READERS = {"dict": _read_dict, "set": _read_set, "bytes": _read_bytes}
