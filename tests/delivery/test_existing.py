"""The folders that exist, as a mail client shows them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyfilter.delivery.existing import existing


def test_folders_are_named_as_a_client_shows_them(tmp_path: Path) -> None:
    for name in (".Cron.DenyHosts", ".&AX0-", ".no", "cur", ".wrong&"):
        (tmp_path / name / ("cur" if name != ".no" else "x")).mkdir(parents=True)
    (tmp_path / ".file").write_text("")
    assert existing(os.fsencode(tmp_path), "maildir++") == ["Cron/DenyHosts", "Ž"] == sorted(["Ž", "Cron/DenyHosts"])


def test_folders_at_any_depth_in_layout_fs(tmp_path: Path) -> None:
    for name in ("Cron/DenyHosts", "&AX0-/a.b", "only/holds/others", ".Cron", "wrong&", "dovecot.index", "Cron/new/x"):
        (tmp_path / name / "cur").mkdir(parents=True)
    (tmp_path / "cur").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "Cron/DenyHosts/back").symlink_to(tmp_path)
    (tmp_path / "linked").symlink_to("Cron/DenyHosts")
    shown = ["Cron/DenyHosts", "Cron/DenyHosts/back", "linked", "only/holds/others", "Ž/a.b"]
    assert existing(os.fsencode(tmp_path), "fs") == shown


@pytest.mark.parametrize("layout", ["maildir++", "fs"])
def test_no_maildir_has_no_folders(tmp_path: Path, layout: str) -> None:
    assert existing(os.fsencode(tmp_path / "absent"), layout) == []


def test_nobody_looks_among_more_directories_than_there_can_be_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyfilter.delivery.existing._MOST", 3)
    for name in ("a", "a/a", "a/a/a", "a/a/a/a", "a/a/a/a/a"):
        (tmp_path / name / "cur").mkdir(parents=True)
    assert existing(os.fsencode(tmp_path), "fs") == ["a", "a/a"]
