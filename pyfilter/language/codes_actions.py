"""The codes of what actions send, run and change. See codes.py.

Code -> (title, explanation). The explanation says what is wrong, why it
matters, and shows rules that are right.
"""

from __future__ import annotations

CODES_ACTIONS: dict[str, tuple[str, str]] = {
    "E340": (
        "no shell runs a program",
        (
            "A program is run as it is written: its text is split into words when the rules are checked, and no shell\n"
            "sees it. A shell would also read what strangers put into their mail. So `|`, `>`, `;`, `$HOME`, `*` and\n"
            "`~/` behind the program have no meaning. What needs a shell goes into a script:\n\n"
            '    pipe to "~/bin/store-ticket urgent"\n\n'
            "In single quotes such a character stands for itself."
        ),
    ),
    "E341": (
        "no program is named",
        (
            "The first word is the program: its whole path, `~/…`, or a name alone, which is looked for in\n"
            "/usr/local/bin, /usr/bin and /bin. Blanks separate its arguments; quotes hold one together:\n\n"
            "    pipe to \"/usr/local/bin/store 'in two words'\""
        ),
    ),
    "E342": (
        "programs are forbidden",
        (
            "`set allow-commands = no` forbids `pipe to`, `pass through`, `notify`, `command` and lists that a\n"
            "command fills. Where it stands in /etc/pyfilterrc no other file can allow them again."
        ),
    ),
    "E343": (
        "a hole inside a program's text",
        (
            "What a message says is one whole argument of a program, never a part of one, so that it cannot become an\n"
            "option or a second argument. It stands as a text of its own:\n\n"
            '    notify "notify-send Mail" "{subject}"\n\n'
            "It never begins with `-`: such a beginning is taken away."
        ),
    ),
    "E344": (
        "not an address",
        (
            "Mail is sent to a plain address, or to several with `,`:\n\n"
            '    copy to "me@phone.example"\n'
            '    forward to "ann@team.example", "bob@team.example"\n\n'
            "A hole in it must make exactly one address of it when mail comes; otherwise nothing is sent and the\n"
            "message is kept."
        ),
    ),
    "E345": (
        "this header is not changed",
        (
            "Mail servers write `Received`, `Return-Path`, `Delivered-To` and the like to say which way a message\n"
            "came, and `Authentication-Results` to say who sent it. Loops are found by them, and what is trusted of\n"
            "a message is read by them; a rule that changes them would break both. Write a header of your own:\n\n"
            '    add header X-Rule "shops"'
        ),
    ),
    "E346": (
        "a star in the name of a header",
        (
            "Only `remove header` takes several headers at once, those that begin alike:\n\n"
            '    remove header "X-Advert-*"\n\n'
            "At least three characters stand before the star, and it stands at the end."
        ),
    ),
    "E347": (
        "a reply that cannot be sent",
        (
            "A reply has one text, in the rule or in a file, and goes to each sender once in so many days, seven if\n"
            "nothing is said, at least one:\n\n"
            '    reply every 7 days subject "Away until 2 January" "I will read your mail then."\n'
            '    reply file "~/away.txt"'
        ),
    ),
    "E348": (
        "a mailbox's path",
        (
            "Behind `mbox` and `mh` stands the path of a file or a directory, from `/` or `~/` on:\n\n"
            '    file into mbox "~/archive/{today.year}.mbox"\n'
            '    file into mh "~/Mail/inbox"\n\n'
            "A hole in it is a part of one name: no `/` and no dot in front come of it."
        ),
    ),
    "W313": (
        "the sender chooses where the mail is sent",
        (
            "Whoever writes the message writes the address, too: a stranger could send mail to anybody through you.\n"
            "Name the address, or ask first that it is one of a list:\n\n"
            '    rule "to the phone" { when from in family; copy to "me@phone.example" }'
        ),
    ),
    "W340": (
        "a header that others have signed or need",
        (
            "The filed message is not what was sent any more: a DKIM signature fails on it, an answer does not find\n"
            "its thread, or a mail program reads the body wrongly. The rule does what it says all the same."
        ),
    ),
    "W341": (
        "the program is not there",
        (
            "It can be missing now and be there when mail comes, so this is a warning. While it is missing, `pipe to`\n"
            "leaves the mail in the mail server's queue, and `pass through` leaves it as it is."
        ),
    ),
}
