"""Slips at the beginning of a statement: actions of other programs, ``if``, ``else``, a condition without ``when``."""

from __future__ import annotations

import re

from pyfilter.language.slips import FOLDER, TEXT, Slip, Words, foldered, inside, quoted

_FLAGS = {
    "seen": "read", "read": "read", "starred": "flagged", "star": "flagged", "flagged": "flagged",
    "important": "flagged", "answered": "answered", "replied": "answered", "draft": "draft",
}  # fmt: skip


# folders that mail programs make, as they write them
_USUAL = {"archive": "Archive", "trash": "Trash", "drafts": "Drafts", "sent": "Sent"}


def _file_into(words: Words) -> str:
    folder = words["folder"] or (words.get("verb", "").lower() if words.get("verb", "").lower() in _USUAL else "")
    return f"file into {foldered({**words, 'folder': _USUAL.get(folder.lower(), folder)})}"


def _mark(words: Words) -> str:
    flags = [_FLAGS.get(flag.lower(), "") for flag in re.findall(r"\w+", words["flags"])]
    return "mark " + ", ".join(flag for flag in flags if flag) if any(flags) else "mark flagged"


def _address(words: Words) -> str:
    return f"forward to {quoted(words['to'] or '…')}"


def _setting(words: Words) -> str:
    value = words["value"].strip()
    return f"set {words['name'].lower()} = {value if value.startswith(chr(34)) else quoted(value)}"


# fmt: off
SLIPS = (
    # ------------------------------------------------------------- within a test
    Slip(
        "E142", "the message of a test stands in a text", fresh=True, expected="given", here=r"[\w-]+:[^\n]*",
        help='write `message """`, below it the header, an empty line and the body, and `"""`',
    ),
    Slip(
        "E142", "what a test takes for granted is `given`", fresh=True, expected="given",
        here=r"(?P<at>(?:when|if|with|assume)(?![\w.-]))[ \t]*(?P<rest>[^#;}\n]*)",
        write=lambda words: f"given {words['rest'].strip() or '…'}",
    ),
    Slip(
        "E142", "what a test awaits is `expect`", fresh=True, expected="given",
        here=r"(?P<at>(?P<verb>expects|expected|assert|should|file|keep|discard|stop|reject|defer|copy|mark)(?![\w.-]))"
        r"[ \t]*(?P<rest>[^#;}\n]*)",
        write=lambda words: "expect "
        + (f"{words['verb']} " if words["verb"][0] not in "eas" or words["verb"] == "stop" else "")
        + (words["rest"].strip() or ""),
    ),
    # ------------------------------------------------------------------ filing
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>fileinto)[ \t]+:copy)[ \t]*{FOLDER}",
        write=lambda words: f"copy into {foldered(words)}",
    ),
    Slip(
        "E123", "a folder is made where it is missing", fresh=True,
        here=rf"(?P<at>fileinto[ \t]+:create)[ \t]*{FOLDER}", write=_file_into,
    ),
    Slip(
        "E123", "a folder is what other programs call a label", fresh=True,
        here=r"(?P<at>(?:apply|add)(?:[ \t]+(?:the|a))?[ \t]+(?:label|tag|category)"
        rf"|categori[sz]e(?:[ \t]+(?:it|as|with))*)[ \t]*(?P<folder>{TEXT})", write=_file_into,
    ),
    Slip(
        "E123", "what is filed skips the inbox", fresh=True,
        here=rf"(?P<at>skip[ \t]+(?:the[ \t]+)?inbox)(?:[^#;}}\n\"]*(?P<folder>{TEXT}))?", write=_file_into,
    ),
    Slip(
        "E123", "`%(word)s` is not needed", fresh=True,
        here=r"(?P<at>(?P<word>always|please)[ \t]+(?P<rest>(?:mark|file|keep|copy|forward)\b[^#;}\n]*[^#;}\s]))",
        write="%(rest)s",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>move|save|store|put|deliver|fileinto|sort|archive|label|tag)"
        rf"(?:[ \t]+(?:it|mail|message))?(?:[ \t]+(?:to|in|into))?(?![\w.-]))(?:[ \t]*{FOLDER})?",
        label="mail is filed", write=_file_into,
    ),
    Slip(
        "E122", "`file` goes into a folder: `into` is missing", fresh=False, before=r"(?<![\w.-])file",
        here=rf"(?P<at>(?!into\b)[a-z]+(?=[ \t]*[\"“'])|(?:to|in|as)(?![\w.-])|(?!into\b))(?:[ \t]*{FOLDER})?",
        write=_file_into, whole=True,
    ),
    Slip(
        "E122", "`copy` wants `to` and an address, or `into` and a folder", fresh=False,
        before=r"(?<![\w.-])copy", whole=True,
        here=r"(?:(?:it|mail|message|this)[ \t]+)?(?:to[ \t]+)?(?P<to>[^\s;}#]*@[^\s;}#]*)",
        write=lambda words: f"copy to {quoted(words['to'])}",
    ),
    Slip(
        "E122", "`copy` wants `into` and a folder, or `to` and an address", fresh=False,
        before=r"(?<![\w.-])copy", here=rf"(?:in[ \t]+)?{FOLDER}?", whole=True,
        write=lambda words: f"copy into {quoted(words['folder'] or '…')}",
    ),
    Slip(
        "E122", "`forward` wants `to` before the address", fresh=False,
        before=r"(?<![\w.-])forward",
        here=r"(?!to\b)(?:(?:it|this|mail|message)[ \t]+(?:on[ \t]+)?(?:to[ \t]+)?)?(?P<to>[^\s;}#]*)", write=_address,
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>send)[ \t]+(?:a[ \t]+)?copy[ \t]+to(?![\w.-]))[ \t]*(?P<to>[^\s;}#]*)",
        write=lambda words: f"copy to {quoted(words['to'] or '…')}",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>redirect)[ \t]+:copy)[ \t]*(?P<to>[^\s;}#]*)",
        write=lambda words: f"copy to {quoted(words['to'] or '…')}",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>never)\b[^#;}\n]*)",
        write="keep", help="no rule below is asked of what is kept: write this one above the others",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>redirect|resend)(?:[ \t]*to)?(?![\w.-]))[ \t]*(?P<to>[^\s;}#]*)"
        r"[ \t]*(?:and[ \t]+)?keep\b[^#;}\n]*",
        write=lambda words: f"copy to {quoted(words['to'] or '…')}",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>redirect|resend|send|!)(?:[ \t]*(?:it[ \t]+)?to)?(?![\w.-]))[ \t]*(?P<to>[^\s;}#]*)",
        write=_address,
    ),
    Slip(
        "E124", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>delete|trash|drop|erase|kill|destroy|ignore|block)(?![\w.-]))",
        help='`discard` loses the message for good;\nto keep it for a while write `file into "Trash"`',
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True, here=r"(?P<verb>junk|spam)(?![\w.-])",
        write='file into "spam"',
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>bounce|refuse|deny)(?![\w.-]))(?:[ \t]*(?P<reason>{TEXT}))?",
        write=lambda words: f"reject {words['reason']}".strip(),
    ),
    # ------------------------------------------------------------------- flags
    Slip(
        "E125", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>flag|addflag|setflag)(?![\w.-]))[ \t]*(?:as[ \t]+)?(?P<flags>[^;}#\n]*)",
        label="flags are marked", write=_mark,
    ),
    Slip(
        "E125", "`%(verb)s` is not an action", fresh=True, here=r"(?P<verb>star)(?![\w.-])",
        label="flags are marked", write="mark flagged",
    ),
    Slip(
        "E125", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<at>(?P<verb>unflag|unstar|removeflag)(?![\w.-]))", write="unmark flagged",
    ),
    # ----------------------------------------------------------- going on, ending
    Slip(
        "E133", "`continue` does not stand alone", fresh=True, here=r"(?P<at>continue|next)(?![\w.-])",
        help='an action that would end the filtering is told to go on: `file into "…" and continue`;\n'
        "`copy`, `mark`, `reply`, `log` and the like go on anyway",
    ),
    Slip(
        "E133", "a rule ends with `}`", fresh=True, here=r"(?P<verb>end|endif|fi|done)(?![\w.-])", write="}",
    ),
    Slip(
        "E123", "mail is filed by `file into`", fresh=True, here=r"\.(?P<folder>\w[\w.-]*)/?(?=[ \t]*(?:[#;}]|$))",
        write=lambda words: f"file into {quoted(words['folder'].strip('.').replace('.', '/'))}",
    ),
    Slip(
        "E133", "`%(verb)s` is not an action", fresh=True,
        here=r"(?P<verb>break|exit|return|quit|finish)(?![\w.-])",
        write="stop", help="the first rule that files a message ends the filtering anyway",
    ),
    # ------------------------------------------------------------- conditions
    Slip(
        "E134", "`%(word)s` is not a word of the language", fresh=True,
        here=r"(?P<at>(?P<word>unless|except(?:[ \t]+(?:if|when))?)(?![\w.-]))[ \t]*(?P<rest>[^#{\n]*)",
        help=lambda words: f"add it to the rule's condition: `and not {words['rest'].strip() or '…'}`,\n"
        f"or, alone, write `when not {words['rest'].strip() or '…'}`",
    ),
    Slip(
        "E135", "`%(word)s` belongs to a rule of its own", fresh=True,
        here=r"(?P<at>(?P<word>else|elif|elsif|otherwise)(?:[ \t]+(?:if|when))?(?![\w.-]))[ \t]*(?P<rest>[^#{;:\n]*)",
        help=lambda words: 'directly after the rule write `rule "…" else {`' + inside(words),
    ),
    Slip(
        "E140", fresh=True, message=lambda words: "a question inside a rule is a rule of its own"
        if words["block"] else "a condition begins with `when`",
        here=r"(?P<at>if(?![\w.-]))[ \t]*(?P<rest>[^#{\n]*?)[ \t]*(?:\bthen[ \t]*)?\{",
        help=lambda words: f'write `rule "…" {{` and in it `when {words["rest"] or "…"}`',
    ),
    Slip(
        "E140", "a condition begins with `when`", fresh=True,
        here=r"(?P<at>(?:if|where|while)(?![\w.-]))[ \t]*(?P<rest>[^#{:\n]*?)[ \t]*(?:then\b|[#{:\n]|$)",
        help=lambda words: ("write " if words["block"] else 'write `rule "…" {` and in it ')
        + f"`when {words['rest'] or '…'}`",
    ),
    Slip(
        "E148", "a condition without `when`", fresh=True,
        here=r"(?P<at>(?!when\b|rule\b|set\b|let\b|list\b)(?P<rest>(?:(?:not|header)[ \t]+)?\(?[\w.-]+[ \t]+"
        r"(?:is|contains|starts|ends|matches|exists|in|does|within|between)(?![\w.-])[^#;}\n]*))",
        write=lambda words: f"when {words['rest'].strip()}",
    ),
    Slip(
        "E137", "`condition` is not a word of the language", fresh=True,
        here=r"(?P<at>condition(?![\w.-]))[ \t]*(?P<name>[\w-]*)[ \t]*[{=:]?[ \t]*(?P<rest>[^#}\n]*)",
        write=lambda words: f"define {words['name'] or '…'} as {words['rest'].strip() or '…'}",
    ),
    Slip(
        "E137", "a condition is named with `as`", before=r"(?<![\w.-])define[ \t]+(?P<name>[\w-]+)",
        here=r"(?P<at>when\b|if\b|is\b|=|:|\{)[ \t]*(?P<rest>[^#}\n]*)",
        write=lambda words: f"define {words['name']} as {words['rest'].strip() or '…'}",
    ),
    Slip(
        "E139", "points are given inside one condition", fresh=True,
        here=r"(?P<at>score)[ \t]*(?P<points>[-+=]*[ \t]*[\d.]*)[ \t]*(?:when|if)?[ \t]*(?P<rest>[^#;}\n]*)",
        help=lambda words: "write `when score >= 5 {`, then one line for each:\n"
        f"`{words['points'].strip('+= ') or '2'} if {words['rest'].strip() or '…'}`, and `}}`",
    ),
    # ---------------------------------------------------------------- programs
    Slip(
        "E136", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>filter|rewrite|transform)(?:[ \t]+(?:through|with|by))?(?![\w.-]))"
        rf"[ \t]*(?P<program>{TEXT})?",
        write=lambda words: f"pass through {words['program'] or quoted('program')}",
    ),
    Slip(
        "E136", "`pipe` wants `to`; a program that changes the message is passed through", fresh=False,
        before=r"(?<![\w.-])pipe", here=rf"(?P<at>(?P<word>through|into)?)[ \t]*(?P<program>{TEXT})?", whole=True,
        help=lambda words: f"write `pass through {words['program'] or quoted('program')}` for what it prints to become "
        f"the message,\n`pipe to {words['program'] or quoted('program')}` for the program to take the message",
    ),
    Slip(
        "E136", "`pass` wants `through` before the program", fresh=False, before=r"(?<![\w.-])pass",
        here=rf"(?P<word>to\b)?[ \t]*(?P<program>{TEXT})?",
        write=lambda words: f"pass through {words['program'] or quoted('program')}",
    ),
    Slip(
        "E136", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>run|exec|execute|call|\|)(?![\w.-]))[ \t]*(?P<program>{TEXT}|[\w/.~-]+)?",
        write=lambda words: f"pipe to {quoted(words['program'] or 'program')}",
        help="`pass through` for a program that changes the message",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>vacation|autoreply|answer|respond)(?![\w.-]))(?:[ \t]+with\b)?[ \t]*(?P<text>{TEXT})?",
        write=lambda words: f"reply every 7 days {words['text'] or quoted('…')}",
    ),
    Slip(
        "E123", "`%(verb)s` is not an action", fresh=True,
        here=rf"(?P<at>(?P<verb>print|echo|syslog)(?![\w.-]))[ \t]*\(?(?P<text>{TEXT})?",
        write=lambda words: f"log {words['text'] or quoted('…')}",
    ),
    # ------------------------------------------------------------ declarations
    Slip(
        "E123", "a header is set with `set header`", fresh=True, expected="when",
        here=rf"(?P<name>subject|from|to|cc|reply-to)[ \t]*=(?!=)[ \t]*(?P<text>{TEXT})"
        r"(?:[ \t]*\+[ \t]*(?P<field>[a-z-]+))?",
        write=lambda words: f"set header {words['name'].title()} "
        + (f'{words["text"][:-1]}{{{words["field"]}}}"' if words["field"] else words["text"]),
    ),
    Slip(
        "E147", "a setting begins with `set`", fresh=True,
        here=r"(?P<at>(?P<name>[A-Za-z][\w.-]*)[ \t]*=)(?!=)[ \t]*(?P<value>[^#\n]*)", write=_setting,
    ),
    Slip(
        "E147", "`%(word)s` is not a word of the language", fresh=True,
        here=r"(?P<at>(?P<word>var|variable|const|def|string)(?![\w.-]))[ \t]*(?P<name>[\w-]*)"
        rf"[ \t]*=?[ \t]*(?P<text>{TEXT})?",
        write=lambda words: f"let {words['name'] or 'name'} = {words['text'] or quoted('…')}",
    ),
    Slip(
        "E123", "`%(word)s` is not a word of the language", fresh=True,
        here=r"(?P<at>(?P<word>import|source|includerc|require|load)(?![\w.-]))"
        rf"[ \t]*(?P<text>{TEXT})?",
        write=lambda words: f"include {words['text'] or quoted('…')}",
    ),
    Slip(
        "E100", "this looks like procmail", fresh=True, here=r"(?P<at>:0[^\n]*|\*[ \t]*[\^!?<>][^\n]*)",
        help="pyfilter has rules of its own: docs/procmail.md says what stands for what",
    ),
    Slip(
        "E149", "a comment begins with `#`", fresh=True,
        here=r"(?P<at>//+|/\*|--|;;?)[ \t]*(?P<rest>[^\n]*?)[ \t]*(?:\*/)?$",
        write="# %(rest)s",
    ),
)
# fmt: on
