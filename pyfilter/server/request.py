"""What the launcher asks for: one packet, whose form is in launcher/handover.c.

Out: a Request; None for what is none. The texts are as Python gives those of a process' start: UTF-8, what is none as
surrogates.
"""

from __future__ import annotations

__all__ = ["Request", "read"]

GREETING = "pyfilter"


class Request:
    """``version``: of the launcher; ``seconds``: what is left of the delivery's time; ``arguments``: as of a command
    line; ``environment``: what the mail server passed."""

    __slots__ = ("arguments", "environment", "seconds", "version")

    def __init__(self, version: str, seconds: int, arguments: list[str], environment: dict[str, str]) -> None:
        self.version = version
        self.seconds = seconds
        self.arguments = arguments
        self.environment = environment


def read(packet: bytes) -> Request | None:
    """Of another version of the launcher the words behind the first may mean something else: they are not read."""
    from pyfilter import __version__

    *words, behind = packet.decode("utf-8", "surrogateescape").split("\0")
    greeting, _, version = (words or [""])[0].partition(" ")
    if greeting != GREETING or behind:
        return None
    if version != __version__:
        return Request(version, 0, [], {})
    if len(words) < 3 or not _is_number(words[1]) or not _is_number(words[2]):
        return None
    variables = 3 + int(words[2])
    if len(words) < variables:
        return None
    environment: dict[str, str] = {}
    for word in words[variables:]:
        name, _, value = word.partition("=")
        environment.setdefault(name, value)  # of two, getenv(3) takes the first
    return Request(version, int(words[1]), words[3:variables], environment)


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 6
