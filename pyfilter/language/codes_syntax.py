"""The codes E1xx: what cannot be read as the rule language. See codes.py.

Code -> (title, explanation). The explanation says what the language does and
shows rules that are right.
"""

from __future__ import annotations

CODES_SYNTAX: dict[str, tuple[str, str]] = {
    "E100": (
        "another language",
        (
            "The file begins like a filter of procmail or Sieve. pyfilter has rules of its own:\n\n"
            '    rule "cron" {\n'
            "        when header X-Cron-Env exists\n"
            '        file into "Cron"\n'
            "    }"
        ),
    ),
    "E101": (
        "missing closing quote",
        (
            'A text begins and ends with `"` on one line; a text of several lines stands between `"""` and `"""`;\n'
            "a pattern stands between two `/`. Where one is missing, the rest of the line becomes part of the text.\n"
            'A quote inside a text is written `\\"`.'
        ),
    ),
    "E102": (
        "missing `}`",
        (
            "What `{` opens, `}` closes. The place is found by how the lines are indented: a rule at the left margin\n"
            "while another one is open means that the `}` is missing above it."
        ),
    ),
    "E103": ("stray `}`", "Every `}` belongs to a `{` above it. Often the real slip is a `}` too many further up."),
    "E104": (
        "missing `{`",
        'The name of a rule, a test or an action is followed by `{`: `rule "lists" {`.',
    ),
    "E105": (
        "something is missing or out of place",
        (
            "Up to here the line made sense; what follows cannot go on from it. A rule has conditions (`when`) and\n"
            "below them actions, one a line:\n\n"
            '    rule "boss" {\n'
            '        when from is "boss@corp.example"\n'
            "        mark flagged\n"
            '        file into "Boss"\n'
            "    }"
        ),
    ),
    "E106": (
        "typographic quotes",
        'Word processors and web pages turn `"` into “ ” or „ “. The language knows `"` alone, at both ends.',
    ),
    "E107": ("single quotes", "A text stands in double quotes: `\"Boss\"`, not `'Boss'`."),
    "E108": (
        "missing quotes",
        (
            "Words of the language are bare, yours are quoted: folders, addresses, texts to look for.\n"
            "A pattern may also stand between slashes: `matches /offer|sale/`."
        ),
    ),
    "E109": (
        "character that is not of the language",
        (
            "Outside quotes stand words, numbers and a few signs. Characters that cannot be seen often come with\n"
            "text that was copied from a web page: writing the line anew takes them out."
        ),
    ),
    "E110": (
        "unknown escape",
        (
            'In a text, `\\"  \\\\  \\{  \\}  \\*  \\?` stand for the character itself. Any other backslash is an\n'
            "error, so that a regular expression in quotes is not taken for a plain text: `matches /a\\.b/`."
        ),
    ),
    "E111": (
        "lone brace in a text",
        "`{name}` in a text is replaced. For a brace itself write `\\{` or `\\}`.",
    ),
    "E112": (
        "no hole",
        (
            "Between the braces of a hole stands one name without blanks, perhaps with a format for times:\n"
            "`{from.domain}`, `{today:%Y-%m}`. For the braces themselves write `\\{` and `\\}`."
        ),
    ),
    "E113": ("number too long", "Sizes and times are written with a unit: `10 MB`, `30 days`."),
    "E114": (
        "nested too deep",
        (
            "Rules lie at most 16 deep in each other, conditions 64. A part of a condition can be named:\n"
            "`define NAME as …`."
        ),
    ),
    "E115": (
        "parenthesis without its other half",
        "Parentheses group conditions: `when spam and (size > 1 MB or bulk)`.",
    ),
    "E116": (
        "two statements on one line",
        "Each action and each condition stands on a line of its own, or `;` stands between them.",
    ),
    "E117": ("too many problems", "Reading stopped. One slip near the top can be the cause of many."),
    "E118": (
        "misspelt word",
        "The words of the language are few, and written in small letters. docs/language.md lists them.",
    ),
    "E120": (
        "`=` in a condition",
        (
            'A condition compares with words: `from is "boss@corp.example"`, `subject contains "offer"`.\n'
            'Numbers, sizes and times compare with `<  <=  >  >=  ==`. `=` gives a value: `set maildir = "~/Maildir"`.'
        ),
    ),
    "E121": (
        "missing or unknown relation",
        (
            "Between a field and a text stands how they compare: `is`, `contains`, `starts with`, `ends with`,\n"
            "`matches`, `in`. Denied: `is not`, `not in`, `does not contain`, `does not start with`,\n"
            "`does not exist`, or `not` before the whole condition."
        ),
    ),
    "E122": (
        "missing `into` or `to`",
        'Mail is filed `into` a folder, forwarded `to` an address: `file into "Boss"`, `copy to "me@phone.example"`.',
    ),
    "E123": (
        "action of another program",
        (
            "The actions of pyfilter are `file into`, `copy into`, `copy to`, `forward to`, `keep`, `discard`,\n"
            "`reject`, `defer`, `mark`, `unmark`, `reply`, `log`, `pipe to`, `pass through`, `stop` and a few more."
        ),
    ),
    "E124": (
        "deleting",
        (
            "`discard` loses a message for good, and the sender hears nothing. A folder costs little:\n"
            '`file into "Trash"` keeps it where it can be found when a rule was wrong.'
        ),
    ),
    "E125": ("flags", "Flags are set with `mark` and taken off with `unmark`: `mark read`, `mark read, flagged`."),
    "E126": (
        "missing comma or quotes",
        (
            'Several flags or texts are separated by commas: `mark read, flagged`, `is "a", "b"`. A name of several\n'
            'words stands in quotes: `rule "the boss" {`.'
        ),
    ),
    "E127": (
        "joined actions",
        (
            "`and` and `or` join conditions. Actions stand below each other, one a line, and all are done. Only\n"
            "`and continue` may follow an action that would end the filtering."
        ),
    ),
    "E128": (
        "capitals",
        (
            "Texts are compared without regard to capitals. Where they count, `exactly` stands after the relation:\n"
            '`subject contains exactly "ALERT"`.'
        ),
    ),
    "E129": (
        "older, larger, newer, smaller",
        "Ages and sizes are compared with signs: `age > 1 year`, `size > 10 MB`, `size < 512 kB`.",
    ),
    "E130": (
        "whether something is there",
        "`list-id exists`, `list-id does not exist`, `attachment exists`.",
    ),
    "E131": (
        "field in two words",
        (
            "A field is one word, its part follows a dot: `from.domain`, `attachment.name`, `spam.score`. The\n"
            "envelope's fields are `sender` and `recipient`. A header without a field of its own is asked by its\n"
            "name: `header X-Cron-Env exists`."
        ),
    ),
    "E132": (
        "dates, times, numbers",
        (
            "Dates are written year-month-day, times in 24 hours, numbers without marks between their digits:\n"
            "`2026-12-24`, `18:00`, `1000 kB`. Between a moment and a time stands a sign with blanks: `now + 2 days`.\n"
            "A span of time has a number: `1 day`."
        ),
    ),
    "E133": (
        "going on and ending",
        (
            "The first rule that files, keeps, forwards, discards or rejects a message ends the filtering.\n"
            '`file into "Boss" and continue` goes on; `copy`, `mark`, `reply` and `log` go on anyway; `stop` ends\n'
            "without doing anything."
        ),
    ),
    "E134": (
        "unless, except",
        'What must not hold is a condition like any other: `and not subject contains "invoice"`.',
    ),
    "E135": (
        "else",
        (
            "What happens otherwise is a rule of its own, directly after the first:\n\n"
            '    rule "small" {\n'
            "        when size < 10 MB\n"
            '        file into "Small"\n'
            "    }\n"
            '    rule "large" else {\n'
            '        file into "Large"\n'
            "    }"
        ),
    ),
    "E136": (
        "programs",
        (
            '`pass through "prog"` puts in the message\'s place what the program prints; `pipe to "prog"` gives the\n'
            "message to the program for good."
        ),
    ),
    "E137": (
        "naming a condition",
        (
            'A condition gets a name once, outside the rules: `define friends as from.domain is "a.example"`,\n'
            "and is then used like a field: `when friends`."
        ),
    ),
    "E138": (
        "action of your own",
        "What `action NAME { … }` defines is done with `do NAME`.",
    ),
    "E139": (
        "scores",
        (
            "Points are counted within one condition:\n\n"
            "    when score >= 5 {\n"
            '        3 if subject contains "offer"\n'
            "        -10 if from in family\n"
            "    }"
        ),
    ),
    "E140": (
        "if, then",
        "A condition begins with `when`; the actions stand below it, one a line, without `then` or `:`.",
    ),
    "E141": (
        "signs of other languages",
        "The language has words for them: `and`, `or`, `not`, `is not`, `matches`. `>=` and `<=` compare numbers.",
    ),
    "E142": (
        "tests",
        (
            "A test holds a message, what is taken for granted, and what is awaited:\n\n"
            '    test "cron mail goes to Cron" {\n'
            '        message """\n'
            "            X-Cron-Env: <SHELL=/bin/sh>\n\n"
            "            done\n"
            '            """\n'
            '        expect file into "Cron"\n'
            "    }"
        ),
    ),
    "E143": (
        "groups of conditions",
        (
            "`any`, `all`, `none` and `at least 2 of` hold conditions between braces, one a line or\n"
            "separated by `;`:\n\n"
            "    when at least 2 of {\n"
            '        subject contains "offer"\n'
            '        from.domain is "promo.example"\n'
            "        size > 1 MB\n"
            "    }"
        ),
    ),
    "E144": ("hole outside a text", 'What was captured or defined is put into texts: `file into "{box}"`.'),
    "E147": (
        "settings and names",
        (
            'A setting is `set maildir = "~/Maildir"`, a text of your own `let me = "me@example.org"`, a list\n'
            '`list family = "olga@family.example", "petr@family.example"`.'
        ),
    ),
    "E148": (
        "condition without `when`",
        'A condition stands above the actions of its rule: `when from is "a@b.example"`.',
    ),
    "E149": ("comments", "A comment begins with `#` and goes to the end of the line."),
}
