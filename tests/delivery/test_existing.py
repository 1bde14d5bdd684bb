"""The folders that exist, as a mail client shows them."""

from __future__ import annotations

import os
from pathlib import Path

from pyfilter.delivery.existing import existing


def test_folders_are_named_as_a_client_shows_them(tmp_path: Path) -> None:
    for name in (".Cron.DenyHosts", ".&AX0-", ".no", "cur", ".wrong&"):
        (tmp_path / name / ("cur" if name != ".no" else "x")).mkdir(parents=True)
    (tmp_path / ".file").write_text("")
    assert existing(os.fsencode(tmp_path)) == ["Cron/DenyHosts", "Ž"] == sorted(["Ž", "Cron/DenyHosts"])


def test_no_maildir_has_no_folders(tmp_path: Path) -> None:
    assert existing(os.fsencode(tmp_path / "absent")) == []
