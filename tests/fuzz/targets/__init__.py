"""What is fuzzed: one module a kind of input, each with

======== ==================================================================================
examine  takes any bytes and asks everything a delivery would ask of them; raises AssertionError
         where a promise is broken. Whatever else it raises is a broken promise as well
SEEDS    inputs to begin with, our own
WORDS    pieces that mean something there, for the fuzzer to put in
LONGEST  bytes of an input; what is longer takes time and finds nothing new
FIELDS   header fields of real mail whose values are seeds too, where the corpus is; "*": whole messages
======== ==================================================================================
"""

from __future__ import annotations

__all__ = ["BROKEN", "TARGETS"]

# module -> packages whose branches guide the fuzzer, besides pyfilter
TARGETS: dict[str, tuple[str, ...]] = {
    "addresses": (),
    "authentication": (),
    "body": (),
    "dates": (),
    "folders": (),
    "holes": (),
    "journal": (),
    "last_good": (),
    "lmtp": (),
    "message": (),
    "replies": (),
    "rspamd": (),
    "rules": (),
    "signatures": ("dkim",),
    "spamd": ("aiospamc",),
}

# a target to see the fuzzer itself by
BROKEN = "broken"
