"""What systemd hears of us, if it is there.

Source: sd_notify(3).
"""

from __future__ import annotations

import os
import socket

__all__ = ["tell_manager"]


def tell_manager(state: str) -> None:
    """``state``: lines of NAME=value."""
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as end:
            end.connect("\0" + path[1:] if path.startswith("@") else path)
            end.sendall(state.encode())
    except OSError:
        return
