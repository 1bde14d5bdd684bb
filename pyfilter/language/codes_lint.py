"""The codes of lints. See ``codes.py``."""

from __future__ import annotations

__all__ = ["CODES_LINT"]

CODES_LINT: dict[str, tuple[str, str]] = {
    "W320": (
        "name that is not used",
        (
            "A `list`, `let`, `define` or `action` that no rule refers to does nothing. Often the rule that\n"
            "should use it has the name in quotes, or the name of another."
        ),
    ),
    "W321": (
        "reject to a forged sender",
        (
            "When rules are asked, the mail server has taken the message already: `reject` makes it write a bounce\n"
            "to the envelope sender. Spam and mail that fails SPF, DKIM or DMARC names somebody else there, who\n"
            "then gets your bounce (backscatter). File such mail away; to refuse it, let the mail server do so\n"
            "while it still talks to the sender, with a milter."
        ),
    ),
    "W322": (
        "folder a letter away from one that exists",
        (
            "A folder that does not exist is made when the first message is filed. Where your Maildir has one whose\n"
            "name is a letter or only capitals away, the rule's is probably misspelt, and mail would lie where\n"
            "nobody looks. Make the folder first if it is meant."
        ),
    ),
    "W323": (
        "header that none of your mail has",
        (
            "With `pyfilter check --mail MAIL` the headers that rules ask for are looked for in mail that you got.\n"
            "One that never occurs, a letter away from one that does, is probably misspelt."
        ),
    ),
}
