"""The fuzzer itself, atheris (libFuzzer), in a process of its own: run.py starts it and reads what it says.

    python -m tests.fuzz.guided TARGET DIRECTORY [libFuzzer's arguments]

Inputs that reach something new are kept in DIRECTORY/inputs, one that breaks a promise in DIRECTORY/found-…. The only
file that imports atheris.
"""

from __future__ import annotations

import sys
from hashlib import sha1
from importlib import import_module
from pathlib import Path

import atheris

from .targets import TARGETS


def main() -> None:
    name, directory, arguments = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    with atheris.instrument_imports(include=["pyfilter", *TARGETS.get(name, ())], enable_loader_override=False):
        target = import_module(f".targets.{name}", __package__)
        from .seeds import of_real_mail

    inputs = directory / "inputs"
    inputs.mkdir(exist_ok=True)
    for seed in (*target.SEEDS, *of_real_mail(target.FIELDS, target.LONGEST)):
        (inputs / sha1(seed).hexdigest()).write_bytes(seed)
    words = directory / "words"
    words.write_text("".join(f'"{escaped(word)}"\n' for word in target.WORDS))
    given = [f"-dict={words}", f"-max_len={target.LONGEST}", f"-artifact_prefix={directory}/found-", *arguments]
    atheris.Setup([name, str(inputs), *given], target.examine)
    atheris.Fuzz()


def escaped(word: bytes) -> str:
    """As libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02X}" for byte in word)


if __name__ == "__main__":
    main()
