"""The codes of the checker: E2xx to E4xx are errors, W3xx warnings. See codes.py.

Code -> (title, explanation). The explanation says what is wrong, why it
matters, and shows rules that are right.
"""

from __future__ import annotations

CODES_CHECK: dict[str, tuple[str, str]] = {
    "E201": (
        "unknown field",
        (
            "A condition begins with a field: `from`, `to`, `subject`, `size` and so on; docs/language.md lists them.\n"
            "Some have parts, written with a dot: `from.domain`. A header that has no field of its own is asked\n"
            "by its name: `header X-Cron-Env exists`."
        ),
    ),
    "E202": (
        "unknown list",
        (
            "After `in` stands the name of a list, or texts. A list is defined anywhere in the file, also below:\n\n"
            '    list family = "olga@family.example", "@cousins.example"\n'
            '    list blocked from "blocked.txt"\n\n'
            "A text of `let` is no list: it is compared by `is`."
        ),
    ),
    "E203": (
        "defined twice",
        (
            "A name means one thing in all rule files together, and a setting stands once in a file. A setting in\n"
            "your own file wins over the same in /etc/pyfilterrc."
        ),
    ),
    "E204": (
        "name is taken",
        (
            "Fields, settings and words of the language cannot be names of lists and texts: a rule that uses one\n"
            "could be read in two ways."
        ),
    ),
    "E205": (
        "hole that nothing fills",
        (
            "`{name}` in a text is filled by what a pattern above it captured, by a `let`, or by a field:\n\n"
            '    let team = "Work"\n'
            '    rule "lists" {\n'
            '        when list-id matches "{list}.lists.example.org"\n'
            '        file into "{team}/{list}/{from.domain}"\n'
            "    }\n\n"
            'Only `matches` captures; `starts with "[{tag}]"` does not. The braces themselves are `\\{` and `\\}`.'
        ),
    ),
    "E206": (
        "hole that may be unset",
        (
            "Every message that comes to the text must have a value for it. What one branch of an `or` captures, or\n"
            "what stands under `not`, some messages do not have. Make two rules of it, or one inside the other."
        ),
    ),
    "E207": (
        "name of a capture",
        (
            "In a pattern `{name}` always captures, it never inserts. So that nobody mixes them up, a capture cannot\n"
            "be called like a field, a setting or a `let`, nor stand twice in one pattern."
        ),
    ),
    "E208": (
        "name made of itself",
        "A `let`, a `define` or an `action` may be made of others, but not, through them, of itself.",
    ),
    "E209": (
        "grows too long",
        "Texts, conditions and actions that insert others that insert others grow without measure; here is the end.",
    ),
    "E210": (
        "wrong value of a setting or a list",
        (
            "Each setting takes one kind of value: a path in quotes, a bare word, `yes` or `no`, a time with its\n"
            "unit. What only a message knows cannot stand there, and `$HOME` is written `~`."
        ),
    ),
    "E211": (
        "format behind something that is no date",
        (
            "`{today:%Y-%m}` formats `date`, `now`, `today` or `time`; other holes take no format. The letters behind\n"
            "`%` are `Y` and `y` (the year), `m`, `d`, `H`, `M` and `S`, and in English `b` (the month), `a` and `A`\n"
            "(the day of the week)."
        ),
    ),
    "E212": (
        "`and` and `or` mixed",
        (
            "Which of the two binds tighter is a matter of taste between programs, so pyfilter wants parentheses:\n\n"
            '    when (from is "a@b.example" and size > 1 MB) or subject contains "urgent"\n\n'
            "Conditions one to a line in `any { … }` and `all { … }` read better when there are many."
        ),
    ),
    "E213": ("relation missing", 'A field alone says nothing: `subject exists`, `subject contains "invoice"`.'),
    "E214": (
        "relation that does not fit",
        (
            "Texts take `is`, `contains`, `starts with`, `ends with`, `matches`, `in` and `exists`;\n"
            "sizes and counts take `<`, `<=`, `>`, `>=`, `==`, `is` and `between`, and so do dates, times and ages;\n"
            "an age takes `within` too, and `weekday` takes `is`."
        ),
    ),
    "E215": (
        "text where a number or a date must stand",
        (
            "A size is written without quotes, `size > 10 MB`, and so are a day, `date < 2026-12-24`, and a time of\n"
            "day, `time > 18:00`. A date is also compared with `now`, `today` or `date`, a duration more or less:\n"
            "`date > now + 2 days`."
        ),
    ),
    "E216": (
        "unit",
        (
            "A size has a unit: `kB`, `MB`, `GB` (by 1000) or `KiB`, `MiB`, `GiB` (by 1024), written so. A time\n"
            "has one too: `30 seconds`, `5 minutes`. A count has none."
        ),
    ),
    "E217": (
        "number or date that makes no sense",
        (
            "Sizes and counts are not negative; `between` names the smaller one first, and of two days the earlier;\n"
            "times of day may go over midnight: `time between 22:00 and 6:00`. A day stands in the calendar as year,\n"
            "month and day, `2026-02-28`; a time goes from `0:00` to `23:59`."
        ),
    ),
    "E218": (
        "text without quotes",
        (
            "Words of the language are bare, yours stand in quotes. A text of `let` is inserted by a hole, a list\n"
            "stands after `in`:\n\n"
            '    when from is "{boss}" or from in family'
        ),
    ),
    "E219": (
        "name of a header",
        "A header is named without its colon, `header X-Loop`; in quotes where it has odd characters.",
    ),
    "E220": (
        "pattern that is wrong",
        (
            "Between slashes stands a regular expression in RE2's syntax, in which no pattern can hang: without\n"
            "back-references and look-around. `\\/` is a slash. Most patterns need no regular expression:\n"
            '`subject matches "[*] *"`.'
        ),
    ),
    "E221": ("unknown setting", "docs/language.md lists the settings. A text of your own is named by `let`."),
    "E222": ("wrong count of conditions", "`at least N of { … }`: N is a whole number, at most as large as the group."),
    "E223": (
        "not a word of this field",
        (
            "`spam` is `yes` or `no`; the bare word asks for yes. `dkim`, `spf` and `dmarc` are `pass`, `fail`,\n"
            "`softfail`, `neutral`, `none`, `policy`, `temperror` or `permerror` (RFC 8601, section 2.7):\n\n"
            "    dmarc is fail\n"
            "    spf is softfail, neutral\n\n"
            "These are words of the language and stand without quotes."
        ),
    ),
    "E224": (
        "results of nobody",
        (
            "What was verified of a sender stands in Authentication-Results, and anybody can write such a line. Only\n"
            "those of your own servers count, and only where a stranger cannot have put them:\n\n"
            '    set trusted-authserv = "mx.example.org"\n\n'
            "The name is the first word of the lines that your server writes. Where no server of yours verifies DKIM\n"
            "signatures, a rule can: `verify dkim` is an action, and `dkim` is what it found from there on."
        ),
    ),
    "E225": (
        "points that decide nothing",
        (
            "A score adds the points of the lines that hold:\n\n"
            "    when score >= 5 {\n"
            '        3 if subject contains "offer"\n'
            '        2.5 if subject contains "free"\n'
            "        -10 if from in family\n"
            "    }\n\n"
            "Each line gives some, and the number behind `score` lies between what all lines that take points away\n"
            "and all that give some come to. A line that cannot be decided makes the score unknown, unless it\n"
            "changes nothing."
        ),
    ),
    "E301": (
        "rule file is not UTF-8",
        "Rule files are UTF-8, so that names of folders and people mean the same everywhere.",
    ),
    "E302": (
        "rule that does nothing",
        "A rule says what to do with its messages. To keep them in the inbox, and ask no further rule, write `keep`.",
    ),
    "E303": (
        "`and continue` where it does not stand",
        (
            "`file into`, `keep` and `discard` end the filtering unless `and continue` stands behind them. All other\n"
            "actions go on anyway, or end it for good."
        ),
    ),
    "E304": (
        "action that is never done, or not needed",
        (
            "`stop` ends the filtering at once: nothing stands behind it in its rule. After `file into`, `keep`,\n"
            "`discard`, `reject` and `defer` it is not needed: they end the filtering too, once all actions of their\n"
            "rule are done."
        ),
    ),
    "E305": (
        "name of a folder",
        (
            'A folder is named as a mail client shows it, "Cron/DenyHosts". On disk a dot separates the parts, so\n'
            'none can stand in a name; procmail\'s spelling ".Cron.DenyHosts/" is understood. Names have no control\n'
            "characters, no `..`, no empty parts. With `set layout = fs` dots can stand in a name, but not in front,\n"
            "and what a Maildir or Dovecot has there itself, as `cur`, `new` and `tmp`, is no folder."
        ),
    ),
    "E306": ("reason missing", "Who gets a message back must learn why. Rule texts are never sent otherwise."),
    "E307": ("reason too long", "The reason stands in one line of the mail server's answer, which has its limits."),
    "E308": (
        "unknown flag",
        "The flags are `read`, `flagged`, `answered` and `draft`; `seen` and `starred` mean the first two.",
    ),
    "E309": (
        "statement in the wrong place",
        "Conditions and actions stand inside rules; settings, lists and texts outside of them, at the left margin.",
    ),
    "E310": (
        "list file that cannot be read",
        (
            "A list's file is looked for beside the rule file. While it is missing at a delivery the list is unknown:\n"
            "neither `in` nor `not in` holds, and the mail goes on to the next rule."
        ),
    ),
    "E311": (
        "`when` below an action",
        (
            "All `when` lines of a rule stand above its actions, and all must hold. For an action with a condition of\n"
            "its own write a rule inside the rule."
        ),
    ),
    "E312": (
        "rule file that is too large",
        "A rule file has at most 1 MiB, which is some 10,000 rules. Long lists belong into files of their own.",
    ),
    "E313": (
        "scanner or proof that is not known",
        "`scan with` takes `spamd` or `rspamd`; what `verify` can verify is `dkim`.",
    ),
    "E320": ("too many rules", "There are limits to how many rules a program has and how deep they nest."),
    "E321": ("condition too deep", "There is a limit to how deep parentheses and groups nest."),
    "W301": (
        "rule that can never run",
        (
            "Rules are asked in order, and an earlier one takes every message this one asks for: it has no condition,\n"
            "or one that holds wherever this one's does, and what it does ends the filtering. The more special rule\n"
            'stands first; or let the earlier one go on: `file into "Archive" and continue`.'
        ),
    ),
    "W302": (
        "header a letter away from a well-known one",
        (
            "Any header can be asked for, so a misspelt one is no error: it just never matches. If the name is meant,\n"
            "the warning can be ignored."
        ),
    ),
    "W303": (
        "empty text",
        (
            'Every text contains the empty one, so `contains ""` holds for every message that has the field. Say\n'
            "`exists` if that is meant."
        ),
    ),
    "W304": (
        "plain star",
        "`*` means any run of characters only after `matches`. Elsewhere it is a star; `\\*` says that this is meant.",
    ),
    "W305": (
        "two rules of one name",
        "Tests and the log name the rule that decided. Two of one name cannot be told apart.",
    ),
    "W306": (
        "text that a field never holds",
        (
            "`from.domain` is what stands behind the `@`, so a text with an `@` never meets it; `list-id` is what\n"
            "stands between `<` and `>`. A condition that can never hold looks like a rule that does not work."
        ),
    ),
    "W307": (
        "deadline past the longest",
        (
            "At its `command_time_limit`, 1000 seconds unless set otherwise, Postfix ends a delivery and returns the\n"
            "mail to its sender. pyfilter must give up earlier, so that the mail stays in the queue: after 300\n"
            "seconds at the latest, the reading of the message included. A longer time has no effect."
        ),
    ),
    "W308": (
        "regular expression in quotes",
        (
            'In quotes stands a glob, which is held against the whole text: `matches "[ports] *"`. A regular\n'
            "expression stands between slashes and is searched in the text: `matches /^\\[ports\\] /`. In the wrong\n"
            "place either hardly ever matches."
        ),
    ),
    "W309": (
        "pattern without a star",
        (
            'What stands in quotes behind `matches` is held against the whole text: `matches "invoice"` says the\n'
            'same as `is "invoice"`. To look for it in the text write `contains "invoice"`.'
        ),
    ),
    "W310": (
        "discarding",
        (
            "`discard` loses mail, and neither sender nor recipient learns of it: the one mistake in a rule that\n"
            "cannot be undone. File it into a folder instead. Where it is meant, a comment on its line says so:\n\n"
            "    discard # on purpose"
        ),
    ),
    "W311": (
        "service that outlasts the delivery",
        (
            "A delivery gives up at its `deadline`, and the mail server tries again later. A scanner that may take as\n"
            "long would hold all mail up whenever it is slow; after a shorter time its verdict is unknown, and the\n"
            "mail is filed."
        ),
    ),
    "W312": (
        "header that strangers write",
        (
            "Authentication-Results and Received-SPF tell what a server verified, and whoever sends a message can put\n"
            "such lines into it. `dkim`, `spf` and `dmarc` look only at those of your own servers:\n\n"
            '    set trusted-authserv = "mx.example.org"\n'
            '    rule "shop" { when dkim passes and dkim.domain is "shop.example"; file into "Shop" }'
        ),
    ),
}
