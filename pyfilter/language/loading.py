"""From rule files on disk to a Program: the cached one where nothing changed, else compiled.

``load`` is what a delivery calls; it imports the compiler (and with it lark) only when a rule file
changed since the program was stored, or one that they include, or what a pattern of `include` stands
for. Rules that do not check are remembered too, so that a slip costs the compiler once and not once a
message; and the last ones that did, for the mail that comes meanwhile (last_good.py).
"""

from __future__ import annotations

import time

from pyfilter.language import cache, files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from pyfilter.language.program import Program

__all__ = ["Loaded", "is_current", "load"]

# ns; a file changed so shortly before it was read may change again without its stamp showing it,
# because the kernel's clock for files ticks every 4 to 10 ms
_SETTLED = 50_000_000
# how often rules are read before the mail has to wait: whoever writes them does so in a ms
TRIES = 5


class Loaded:
    """``program``, or None and then ``problem``: one line that says what is wrong with the rules.

    ``settings`` are there in either case: of broken rules those that could be read (the mail must
    still find the right Maildir), the rest those of the last good program, else defaults.

    Of broken rules also ``remedy``, what can be done about the problem, may be empty; and ``last_good``, the last
    Program that checked, or None.
    """

    __slots__ = ("last_good", "problem", "program", "remedy", "seen", "settings")

    def __init__(
        self,
        program: Program | None,
        problem: str,
        settings: dict[str, object],
        remedy: str = "",
        last_good: Program | None = None,
    ) -> None:
        self.program = program
        self.problem = problem
        self.settings = settings
        self.remedy = remedy
        self.last_good = last_good
        # the files it is of, for `is_current`; None while they are so new that their stamps may not show a change
        self.seen: tuple[list[tuple[str, files.Stamp | None]], Any] | None = None


def load(home: str, chosen: str | None = None) -> Loaded:
    """The rules of the user whose home is ``home`` (``chosen``: another file in place of the user's own).

    Raises files.Refused where a file must not be trusted or cannot be read, or ``chosen`` does not exist. Files that
    are being written are read again.
    """
    for _ in range(TRIES - 1):
        try:
            return _load(home, chosen)
        except files.Changing:
            continue
    return _load(home, chosen)


def _load(home: str, chosen: str | None) -> Loaded:
    places = files.candidates(home, chosen)
    name = cache.name_for("program", *(path for place in places for path in place))
    stamps = _stamps(places)
    if chosen is not None and dict(stamps)[chosen] is None:
        raise files.Refused(f"{chosen}: there is no such file")
    stored: Any = cache.load(home, name)
    # whole and of another shape, if a development version wrote it: no reason to defer all mail
    if isinstance(stored, tuple) and len(stored) == 7 and stored[0] == stamps and _unchanged(stored[6]):
        loaded = Loaded(*stored[1:6])
        loaded.seen = stored[0], stored[6]
        return loaded
    return _compile(home, name, stamps)


def is_current(loaded: Loaded, home: str, chosen: str | None = None) -> bool:
    """Whether ``load`` would give the same again. Raises files.Refused."""
    if loaded.seen is None:
        return False
    stamps, included = loaded.seen
    return stamps == _stamps(files.candidates(home, chosen)) and _unchanged(included)


def _stamps(places: list[tuple[str, ...]]) -> list[tuple[str, files.Stamp | None]]:
    return [found for place in places for found in _consulted(place)]


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
    from pyfilter.language import last_good
    from pyfilter.language.compiling import compile_files

    # a list file that is missing now must neither break the rules nor be remembered as missing
    compiled = compile_files([path for path, stamp in stamps if stamp is not None], look_for_files=False)
    loaded = Loaded(compiled.program, compiled.problem, compiled.settings, compiled.remedy)
    if compiled.program is not None:
        last_good.keep(home, name, compiled.program)
    else:
        loaded.last_good = last_good.load(home, name)
    if loaded.last_good is not None:
        before: Any = loaded.last_good["settings"]
        # what the rules say themselves holds, and what the last good ones, of an older version, know nothing of
        unstated = {setting: value for setting, value in before.items() if setting not in compiled.stated}
        loaded.settings = loaded.last_good["settings"] = compiled.settings | unstated
    read = [(path, compiled.stamps.get(path, stamp)) for path, stamp in stamps]
    # the ctime, which nobody can set: an mtime in the future would mean to compile for every message
    now = time.time_ns()
    included = tuple(compiled.included.items())
    if all(stamp is None or abs(now - stamp[4]) > _SETTLED for _, stamp in (*read, *included)):
        more = included, tuple(compiled.listed.items())
        loaded.seen = read, more
        kept = loaded.program, loaded.problem, loaded.settings, loaded.remedy, loaded.last_good
        cache.store(home, name, (read, *kept, more))
    return loaded
