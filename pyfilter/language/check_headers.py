"""Names of headers: what may be one, and the ones that are a letter away from a well-known one."""

from __future__ import annotations

from pyfilter.language.check_report import Report
from pyfilter.language.spelling import SHORTEST, slip
from pyfilter.language.tree import Text, Word

__all__ = ["WELL_KNOWN", "header_key", "header_name"]

# RFC 5322 3.6, RFC 2045-2047, RFC 2369, RFC 2919, RFC 3834, RFC 8601, RFC 8058 and what servers,
# lists and filters write into most mail
WELL_KNOWN = (
    "Apparently-To", "Approved", "ARC-Authentication-Results", "Authentication-Results", "Auto-Submitted", "Bcc",
    "Cc", "Comments", "Content-Description", "Content-Disposition", "Content-ID", "Content-Language",
    "Content-Transfer-Encoding", "Content-Type", "Date", "Delivered-To", "Disposition-Notification-To",
    "DKIM-Signature", "Envelope-To", "Errors-To", "Feedback-ID", "From", "Importance", "In-Reply-To", "Keywords",
    "List-Archive", "List-Help", "List-ID", "List-Owner", "List-Post", "List-Subscribe", "List-Unsubscribe",
    "List-Unsubscribe-Post", "Mail-Followup-To", "Mail-Reply-To", "Mailing-List", "Message-ID", "MIME-Version",
    "Organization", "Precedence", "Priority", "Received", "Received-SPF", "References", "Reply-To", "Resent-Bcc",
    "Resent-Cc", "Resent-Date", "Resent-From", "Resent-Message-ID", "Resent-Sender", "Resent-To", "Return-Path",
    "Sender", "Subject", "Thread-Index", "Thread-Topic", "To", "User-Agent", "X-Auto-Response-Suppress",
    "X-BeenThere", "X-Bugzilla-Product", "X-Cron-Env", "X-Envelope-To", "X-Forwarded-To", "X-GitHub-Reason",
    "X-Google-Group-Id", "X-Loop", "X-Mailer", "X-Mailing-List", "X-Mailman-Version", "X-MS-Has-Attach",
    "X-MSMail-Priority", "X-Original-To", "X-Originating-IP", "X-Priority", "X-Rspamd-Score", "X-Spam",
    "X-Spam-Checker-Version", "X-Spam-Flag", "X-Spam-Level", "X-Spam-Report", "X-Spam-Score", "X-Spam-Status",
    "X-Virus-Scanned", "X-Virus-Status",
)  # fmt: skip

# what tells who a sender is: believed of one's own servers only
_FORGED = frozenset({"authentication-results", "received-spf"})

_BY_NAME = {name.casefold(): name for name in WELL_KNOWN}


def header_name(name: Word | Text, report: Report) -> str | None:
    """The name as written; None if no header can be called so (RFC 5322, section 3.6.8)."""
    if isinstance(name, Text):
        written = name.plain
        if name.holes:
            report.add("E219", "a header's name is written out", name.holes[0].span, "", "holes stand in texts only")
            return None
    else:
        written = name.name
    bare = written.strip().rstrip(":").strip()
    if bare != written or not bare or not all("!" <= character <= "~" for character in bare):
        report.add(
            "E219",
            "no header can be called so" if bare else "a header needs a name",
            name.span,
            "a name is made of ASCII letters, digits and `-`",
            f'write `header "{bare}"`' if bare and bare.isascii() and " " not in bare else "",
        )
        return None
    guess = _one_letter_away(bare.casefold())
    if guess:
        report.add(
            "W302",
            f"no usual header is called `{bare}`",
            name.span,
            "one letter away from a well-known header",
            f"did you mean `{guess}`?",
        )
    return bare


def header_key(name: Word | Text, report: Report) -> str | None:
    """The field key of ``header NAME``; None if no header can be called so."""
    bare = header_name(name, report)
    if bare is None:
        return None
    if bare.casefold() in _FORGED:
        report.add(
            "W312",
            f"anybody can write `{bare}`",
            name.span,
            "a stranger's counts here as your server's does",
            "ask `dkim passes`, `spf passes` or `dmarc passes`, which look at your own servers' only\n"
            '(`set trusted-authserv = "mx.example.org"`)',
        )
    return f"header {bare.lower()}"


def _one_letter_away(name: str) -> str | None:
    if name in _BY_NAME or len(name) < SHORTEST:
        return None
    return next((known for key, known in _BY_NAME.items() if len(key) >= SHORTEST and slip(name, key)), None)
