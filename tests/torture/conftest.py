"""What takes too long for every change: collected by `make torture` alone, which sets TORTURE."""

from __future__ import annotations

import os

collect_ignore_glob = [] if "TORTURE" in os.environ else ["test_*.py"]
