"""Words of the language that this version does not build yet.

They are rows like all others, so that a rule that uses one is told exactly
that, and not that the word does not exist. A word that gets built moves to
``vocabulary.py``.
"""

from __future__ import annotations

from pyfilter.language.vocabulary_rows import ActionRow, FieldRow, SettingRow

LATER_FIELDS: tuple[FieldRow, ...] = ()
LATER_ACTIONS: tuple[ActionRow, ...] = ()
LATER_SETTINGS: tuple[SettingRow, ...] = ()
