"""What is offered where: a table of half-typed texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyfilter.editor.completion import Offer, begins, offers
from pyfilter.editor.documents import Documents
from pyfilter.editor.standing import standing
from pyfilter.language.vocabulary import ACTIONS, FIELDS, FLAGS, RELATIONS, SETTINGS

NAMES = """\
list family = "olga@family.example"
list shops = "a@shop.example"
let team = "Work"
set maildir = "~/Mail"
rule "plus" { when recipient.extension matches "{box}"; file into "Plus/Box" }
"""


def found(text: str, home: Path = Path("/nowhere")) -> list[Offer]:
    documents = Documents(str(home))
    documents.open("/x/my.rules", NAMES + text)
    reading = documents.reading("/x/my.rules")
    assert reading is not None
    here = standing(reading.text, len(reading.text))
    return offers(here, reading, documents.program("/x/my.rules"), str(home))


def labels(text: str, kind: str = "") -> list[str]:
    return [offer.label for offer in found(text) if kind in ("", offer.kind)]


def replaced(text: str) -> str:
    """What an offer takes the place of."""
    return text[begins(standing(text, len(text))) :]


@pytest.mark.parametrize(
    "text",
    [
        "rule x {\n    when ",
        "rule x {\n    when fr",
        "rule x { when not ",
        'rule x { when from is "a" or ',
        'rule x { when from is "a"\n     and ',
        "rule x { when (",
        "rule x { when any {\n        from exists\n        ",
        "rule x { when at least 2 of { ",
    ],
)
def test_fields_where_a_condition_begins(text: str) -> None:
    offered = labels(text, "field")
    assert [name for name in offered if "." not in name] == [row.name for row in FIELDS.values() if "." not in row.name]
    assert "from.domain" in offered and "spam.score" in offered
    assert labels(text, "statement") == labels(text, "action") == labels(text, "relation") == []


def test_relations_fit_the_field() -> None:
    textual = labels("rule x { when subject ", "relation")
    assert {"is", "is not", "contains", "does not contain", "starts with", "matches", "exists", "in"} <= set(textual)
    assert "<" not in textual and "passes" not in textual
    assert labels("rule x { when size ", "relation") == ["is", "is not", "<", "<=", ">", ">=", "==", "between"]
    assert "passes" in labels("rule x { when dkim ", "relation")
    assert labels("rule x { when header X-A ", "relation") == textual


def test_only_relations_of_the_table_are_offered() -> None:
    words = {word for word in labels("rule x { when subject ", "relation") if "not" not in word.split()}
    assert words == {word for word, row in RELATIONS.items() if "text" in row.kinds}


def test_what_a_result_can_be() -> None:
    assert labels("rule x { when dkim is ", "value")[:3] == ["pass", "fail", "softfail"]
    assert labels("rule x { when dkim is pass, ", "value")[:1] == ["pass"]


def test_what_points_are_compared_with() -> None:
    assert labels("rule x { when spam.score >= ", "field") == ["spam.threshold"]
    assert labels("rule x { when size > ", "field") == []


def test_headers_behind_header() -> None:
    assert {"List-ID", "X-Cron-Env", "Precedence"} <= set(labels("rule x { when header ", "header"))
    assert labels("rule x { when header X-A ", "header") == []


@pytest.mark.parametrize("text", ["in ", "not in ", 'in "a", ', "in shops, "])
def test_lists_behind_in(text: str) -> None:
    assert labels(f"rule x {{ when from {text}") == ["family", "shops"]


def test_units_fit_the_field() -> None:
    assert labels("rule x { when size > 5 ", "unit") == ["kB", "MB", "GB", "KiB", "MiB", "GiB"]
    assert labels("set deadline = 5 ", "unit")[:2] == ["second", "seconds"]
    assert labels("rule x { when cc.count > 5 ", "unit") == []


def test_settings_and_their_choices() -> None:
    assert labels("set ") == [name for name, row in SETTINGS.items()]
    assert labels("set spamd.required = ") == ["yes", "no"]
    assert labels("set spam.source = ") == ["spamd", "rspamd", "headers"]
    assert labels("set deadline = ") == ["2 minutes"]


def test_statements_at_the_left_margin() -> None:
    offered = labels("", "statement")
    assert offered[:4] == ["rule", "set", "list", "let"]
    assert labels("") == offered


def test_actions_in_a_rule() -> None:
    actions = {verb for verb, row in ACTIONS.items()}
    assert set(labels("rule x {\n    ", "action")) == actions
    assert labels("rule x {\n    ", "statement") == ["when", "rule"]


def test_a_condition_may_go_on_in_the_next_line() -> None:
    assert labels('rule x {\n    when from is "a"\n    ', "word") == ["and", "or", "and not"]
    assert labels("rule x {\n    keep\n    ", "word") == []


def test_what_goes_on_behind_an_action() -> None:
    assert labels('rule x { file into "a" ') == ["and continue"]
    assert labels("rule x { file ") == ["into"]
    assert labels("rule x { mark ", "flag") == list(FLAGS)
    assert labels("rule x { mark read, ") == list(FLAGS)
    assert labels("rule x { scan with ") == ["spamd", "rspamd"]


def test_folders_behind_file_into(tmp_path: Path) -> None:
    (tmp_path / "Mail" / ".Cron.DenyHosts" / "cur").mkdir(parents=True)
    quoted = found('rule x { file into "Cr', tmp_path)
    assert [(offer.label, offer.detail) for offer in quoted] == [
        ("Cron/DenyHosts", "a folder of your Maildir"), ("Plus/Box", "named in a rule"),
    ]  # fmt: skip
    bare = found("rule x { copy into ", tmp_path)
    assert [offer.label for offer in bare] == ["inbox", '"Cron/DenyHosts"', '"Plus/Box"']


def test_folders_of_layout_fs_behind_file_into(tmp_path: Path) -> None:
    for folder in ("Lists/garden.club", ".Cron"):
        (tmp_path / "Mail" / folder / "cur").mkdir(parents=True)
    quoted = found('set layout = fs\nrule x { file into "', tmp_path)
    assert [offer.label for offer in quoted] == ["Lists/garden.club", "Plus/Box"]


def test_holes_are_captures_of_the_rules_around_then_texts_then_fields() -> None:
    text = 'rule x { when from.name matches "{who} *"; rule y { when subject matches /(?P<nr>1)/; file into "{'
    assert labels(text)[:4] == ["nr", "who", "team", "sender"]
    assert "box" not in labels(text)
    assert found(text)[0].written == "nr}"


def test_rule_files_behind_include(tmp_path: Path) -> None:
    assert "<lists>" in labels("include ")
    (tmp_path / "shops.rules").write_text("")
    documents = Documents("/nowhere")
    text = 'include "sh'
    documents.open(str(tmp_path / "my.rules"), text)
    program = documents.program(str(tmp_path / "my.rules"))
    assert [offer.label for offer in offers(standing(text, len(text)), program[-1], program, "/nowhere")] == [
        "shops.rules"
    ]


def test_names_of_conditions_and_actions() -> None:
    own = 'define work as from.domain is "corp.example"\naction aside { mark read; keep }\n'
    assert labels(f"{own}rule x {{ when ", "condition") == ["work"]
    assert labels(f"{own}rule x {{ do ") == ["aside"]


def test_what_a_test_expects() -> None:
    assert labels('test "x" {\n    ') == ["expect", "given", "message"]
    actions = {verb for verb, row in ACTIONS.items()}
    assert set(labels('test "x" {\n    expect ', "action")) <= actions
    assert {"file into", "keep", "discard"} <= set(labels('test "x" {\n    expect not ', "action"))
    assert labels('test "x" {\n    expect keep by "') == ["plus"]


def test_nothing_in_what_a_pattern_captures() -> None:
    assert labels('rule x { when subject matches "{a') == []


@pytest.mark.parametrize(
    "text",
    ["# when ", 'list a = "', "rule x { when subject matches /a", 'rule "x', 'let a = """ when ', "rule x { when !! "],
)
def test_nothing_where_nothing_of_ours_can_stand(text: str) -> None:
    assert labels(text) == []


@pytest.mark.parametrize(
    ("text", "half"),
    [
        ("rule x { when from.dom", "from.dom"),
        ("rule x { when ", ""),
        ('rule x { file into "Cron/De', "Cron/De"),
        ('rule x { file into "a/{li', "li"),
        ("set spamd.req", "spamd.req"),
    ],
)
def test_what_is_replaced(text: str, half: str) -> None:
    assert replaced(text) == half
