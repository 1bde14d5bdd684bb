"""The codes of `action`, `else` and `include`. See codes.py."""

from __future__ import annotations

CODES_DECLARATIONS: dict[str, tuple[str, str]] = {
    "E225": (
        "unknown action",
        (
            "`do` does the actions that an `action` anywhere in the rule files names:\n\n"
            '    action archive { mark read; copy into "Archive/{today.year}" }\n'
            '    rule "invoices" { when subject contains "invoice"; do archive; file into "Invoices" }\n\n'
            "What a rule captured can be used in the actions it does."
        ),
    ),
    "E314": (
        "`else` without a rule before it",
        (
            "An `else` rule stands directly behind another rule, and is asked only if that one did not match:\n\n"
            '    rule "big" { when size > 10 MB; file into "Big" }\n'
            '    rule "pictures" else { when header Content-Type starts with "image/"; file into "Pictures" }\n'
            '    rule "rest" else { file into "Rest" }\n\n'
            "Comments between them do not matter; a setting, an `include` or an action does. If it could not be known\n"
            "whether a rule matches, its `else` is not asked either."
        ),
    ),
    "E330": (
        "rule file that cannot be included",
        (
            "A file is looked for beside the file that includes it; `~/` is the home directory. A pattern,\n"
            '`include "rules.d/*.rules"`, may find nothing; so may a file that is `optional`:\n\n'
            '    include optional "~/rules/work.rules"\n\n'
            "Without quotes stand the files that come with pyfilter: `include <lists>`."
        ),
    ),
    "E331": (
        "rule file that includes itself",
        "A file cannot include itself, nor a file that includes it: there would be no end.",
    ),
    "E332": ("too many rule files", "There are limits to how many files are included, how deep and how large."),
    "W330": (
        "rule file included twice",
        "A file is read where it is included first. Names hold in all files, so no other place needs it.",
    ),
}
