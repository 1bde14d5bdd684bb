"""The file of the last rules that checked (language/last_good.py): whatever stands in it, rules or none.

An input that is JSON stands there as a program with the right sum, any other as all of the file."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from pyfilter import ownership
from pyfilter.language import last_good
from pyfilter.language.compiling import compile_sources
from pyfilter.language.program import FORMAT
from pyfilter.language.tree import Source

LONGEST = 300
FIELDS = ()
MODULES = (ownership,)  # to be instrumented
HOME = tempfile.mkdtemp(prefix="pyfilter-fuzz-")
NAME = "rules-0"
FILE = Path(HOME, last_good.DIRECTORY, last_good.name_of(NAME))
KEPT = compile_sources([Source("rules", 'rule r { when subject is "a"; keep }\n')]).program
assert KEPT is not None
last_good.keep(HOME, NAME, KEPT)
WHOLE = FILE.read_bytes()
WORDS = (
    b'{"dict":[', b'{"bytes":"', b'{"set":[', b"[", b"]", b"{", b"}", b'"rules"', b'"excerpts"', b'"format"', b'"sum"',
    b'"program"', b"null", b"NaN", b"1e999", b"9" * 30, b"[" * 60, b'"\\ud800"', b'"\\u0100"', b"true", b",", b":",
)  # fmt: skip
SEEDS = (
    b'{"dict":[["rules",[]],["excerpts",{"dict":[]}],["lists",{"set":["a",{"bytes":"\\u00ff"}]}]]}',
    b'{"dict":[["rules",{"set":[[]]}],["excerpts",1.5]]}',
    b'{"format":%d,"sum":0,"program":null}' % FORMAT,
    WHOLE[:LONGEST],
    b"",
)


def examine(data: bytes) -> None:
    try:
        body = json.loads(data)
        written = json.dumps({"format": FORMAT, "sum": last_good._sum(body), "program": body}).encode()
    except (ValueError, RecursionError):
        written = data
    descriptor = os.open(FILE, os.O_WRONLY | os.O_TRUNC | os.O_CREAT, 0o600)
    os.write(descriptor, written)
    os.close(descriptor)
    found = last_good.load(HOME, NAME)
    assert found is None or isinstance(found, dict)
