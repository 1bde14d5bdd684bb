"""Where a service listens: ``"127.0.0.1:783"``, ``"[::1]:783"``, ``"unix:/run/spamd.sock"``, ``"tls:host:783"``.

The checker judges the text, the services connect to it (services/connection.py).
"""

from __future__ import annotations

__all__ = ["Endpoint", "endpoint"]

UNIX = "unix:"
TLS = "tls:"

# sun_path holds 108 bytes with the NUL (unix(7))
PATH_BYTES = 107
# of a port
DIGITS = 5


class Endpoint:
    """``path`` of a Unix socket, or else ``host`` (without brackets) and ``port``; ``tls`` only with a host."""

    __slots__ = ("host", "path", "port", "tls")

    def __init__(self, *, path: str = "", host: str = "", port: int = 0, tls: bool = False) -> None:
        self.path = path
        self.host = host
        self.port = port
        self.tls = tls

    def __str__(self) -> str:
        if self.path:
            return UNIX + self.path
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{TLS if self.tls else ''}{host}:{self.port}"


def endpoint(text: str) -> Endpoint:
    """The place ``text`` names. Raises ValueError with a sentence that says what is missing."""
    if text.startswith(UNIX):
        path = text.removeprefix(UNIX)
        if not path.startswith("/") or "\0" in path:
            raise ValueError("the path of a Unix socket begins with `/`")
        if len(path.encode("utf-8", "surrogateescape")) > PATH_BYTES:
            raise ValueError(f"the path of a Unix socket has at most {PATH_BYTES} bytes")
        return Endpoint(path=path)
    rest = text.removeprefix(TLS)
    host, colon, port = rest.rpartition(":")
    digits = port.isascii() and port.isdecimal() and len(port) <= DIGITS
    if not colon or not digits or not 0 < int(port) < 65536:
        raise ValueError("a host and its port are wanted")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 address stands in brackets")
    if not host or not host.isascii() or not all("!" <= character <= "~" and character != "/" for character in host):
        raise ValueError("this is no name of a host")
    return Endpoint(host=host, port=int(port), tls=rest != text)
