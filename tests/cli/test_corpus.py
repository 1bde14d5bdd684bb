"""Real mail that nobody on the project wrote: every message is decided, none with an error."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfilter import Rules
from pyfilter.archive.replay import Addresses, Decided, replay
from pyfilter.archive.report import Summary, as_json
from pyfilter.archive.sources import Found, messages

Run = Callable[..., Any]

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "mail"

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="../shared/corpus, real mail, is not here")

RULES = """\
list friends = "@example.com", "jm@jmason.org"

rule "cron" { when header X-Cron-Env exists or from contains "cron"; file into "Cron" }
rule "spam" {
    when header X-Spam-Status matches "Yes*" or subject matches /\\bviagra|\\bfree\\b/ or size > 200 kB
    mark read
    file into "spam"
}
rule "lists" { when list-id matches "{list}.{domain}.{rest}"; file into "lists/{list}" }
rule "friends" { when from in friends; copy into "Friends" }
rule "name" { when any-header contains "undisclosed" and not to exists; file into "{from.domain}" }
rule "plus" { when recipient.extension matches "{box}"; file into "{box}" }
rule "refused" { when sender.domain ends with ".ru" or cc.name contains "$"; reject "no: {subject}" }
rule "copies" { when to-or-cc.domain matches "*.org"; file into "Org" and continue }
"""


def test_every_message_is_decided_without_an_error(home: Path) -> None:
    (home / ".pyfilterrc").write_text(RULES)
    rules = Rules.load()
    stored = [item.name for item in messages(str(CORPUS)) if isinstance(item, Found)]
    assert len(stored) >= 5174
    decided, summary = [], Summary()
    for result in replay(rules, messages(str(CORPUS)), Addresses(), trace=True):
        assert isinstance(result, Decided), result
        decided.append(result.name)
        summary.add(result.plan)
        json.loads(json.dumps(as_json(result)))
        result.plan.explain().encode()
    assert decided == stored
    assert sum(count for _, count in summary.rows()) == len(stored)
    assert len(summary.rows()) > 20


def test_a_directory_of_2700_messages_in_one_process(process: Run, home: Path) -> None:
    (home / ".pyfilterrc").write_text(RULES)
    directory = CORPUS / "johnmyleswhite__ML_for_Hackers"
    files = sum(path.is_file() for path in directory.rglob("*"))
    ended = process("test", "--json", str(directory))
    assert (ended.status, ended.err) == (0, "")
    outcomes = Counter(json.loads(line)["outcome"] for line in ended.out.splitlines())
    assert sum(outcomes.values()) == files == 2748
    table = process("test", str(directory)).out.splitlines()
    assert table[-1].split() == ["total", "2748"]
    assert sum(int(line.split()[-1]) for line in table[1:-1]) == 2748
