"""How a command ends: ONE table. (A delivery has its own: pyfilter/status.py.)

====== ==========================================================================
status meaning
====== ==========================================================================
0      done
1      done, and something is not as it should be
2      could not: usage, rules that do not check, unreadable input, a defect
130    interrupted (Ctrl-C), as shells have it
====== ==========================================================================
"""

from __future__ import annotations

DONE = 0
AMISS = 1
FAILED = 2
INTERRUPTED = 130
