"""From rule files on disk to a Program: the cached one where nothing changed, else compiled.

``load`` is what a delivery calls; it imports the compiler (and with it lark) only when a rule file
changed since the program was stored, or one that they include, or what a pattern of `include` stands
for. Rules that do not check are remembered too, so that a slip costs the compiler once and not once a
message.
"""

from __future__ import annotations

import time

from pyfilter.language import cache, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.language.program import Program

__all__ = ["Loaded", "load"]

# ns; a file changed so shortly before it was read may change again without its stamp showing it,
# because the kernel's clock for files ticks every 4 to 10 ms
_SETTLED = 50_000_000


class Loaded:
    """``program``, or None and then ``problem``: one line that says what is wrong with the rules.

    ``settings`` are there in either case: of broken rules those that could be read (the mail must
    still find the right Maildir), the rest defaults.
    """

    __slots__ = ("problem", "program", "settings")

    def __init__(self, program: Program | None, problem: str, settings: dict[str, object]) -> None:
        self.program = program
        self.problem = problem
        self.settings = settings


def load(home: str, chosen: str | None = None) -> Loaded:
    """The rules of the user whose home is ``home`` (``chosen``: another file in place of the user's own).

    Raises files.Refused where a file must not be trusted or cannot be read, or ``chosen`` does not exist.
    """
    places = files.candidates(home, chosen)
    name = cache.name_for("program", *(path for place in places for path in place))
    stamps = [found for place in places for found in _consulted(place)]
    if chosen is not None and dict(stamps)[chosen] is None:
        raise files.Refused(f"{chosen}: there is no such file")
    stored: Any = cache.load(home, name)
    # whole and of another shape, if a development version wrote it: no reason to defer all mail
    if isinstance(stored, tuple) and len(stored) == 5 and stored[0] == stamps and _unchanged(stored[4]):
        return Loaded(*stored[1:4])
    return _compile(home, name, stamps)


def _consulted(place: tuple[str, ...]) -> list[tuple[str, files.Stamp | None]]:
    """The paths of one place up to the first that exists, with their stamps."""
    found: list[tuple[str, files.Stamp | None]] = []
    for path in place:
        found.append((path, files.stamp(path)))
        if found[-1][1] is not None:
            break
    return found


def _unchanged(included: Any) -> bool:
    """Whether what the rules include is what it was. Raises files.Refused."""
    if not isinstance(included, tuple) or len(included) != 2:
        return False
    stamps, listed = included
    return all(files.stamp(path) == before for path, before in stamps) and all(
        files.listed(pattern) == names for pattern, names in listed
    )


def _compile(home: str, name: str, stamps: list[tuple[str, files.Stamp | None]]) -> Loaded:
    from pyfilter.language.compiling import compile_files

    # a list file that is missing now must neither break the rules nor be remembered as missing
    compiled = compile_files([path for path, stamp in stamps if stamp is not None], look_for_files=False)
    loaded = Loaded(compiled.program, compiled.problem, compiled.settings)
    read = [(path, compiled.stamps.get(path, stamp)) for path, stamp in stamps]
    # the ctime, which nobody can set: an mtime in the future would mean to compile for every message
    now = time.time_ns()
    included = tuple(compiled.included.items())
    if all(stamp is None or abs(now - stamp[4]) > _SETTLED for _, stamp in (*read, *included)):
        more = included, tuple(compiled.listed.items())
        cache.store(home, name, (read, loaded.program, loaded.problem, loaded.settings, more))
    return loaded
