"""Every limit of pyfilter: name, value, unit, reason.

A limit that a message exceeds never loses the message: the test that needed
the missing part is *unknown* (neither true nor false, see engine/evaluate.py)
and the message is kept. A limit that a rule file exceeds is a diagnostic.

Callers name the limit (``limits.HEADER_BYTES``); nobody writes the number.
"""

# --- a message -----------------------------------------------------------
# bytes; a header larger than this is an attack or a broken mailer: the
# largest in thousands of real messages is 60 kB.
HEADER_BYTES = 1 << 20
# fields in one header; the same reasoning, real mail stays below 200.
HEADER_FIELDS = 2000
# RFC 2047 encoded words decoded in one field; a subject of 998 characters
# holds fewer than 100.
ENCODED_WORDS = 1000
# mailboxes read from all fields of one name; the longest real To has some 500.
ADDRESSES = 5000
# words, quoted texts and comments in one address field; 5000 mailboxes with their
# names are some 20,000, and each takes memory.
ADDRESS_WORDS = 50_000
# nesting of comments in an address; RFC 5322 lets them nest without end.
COMMENT_DEPTH = 50

# bytes of one message read from an archive; mail servers take some 50 MB, and a
# delivery has 1 GiB of memory.
ARCHIVE_MESSAGE_BYTES = 256 << 20

# --- a rule file ---------------------------------------------------------
# bytes of one rule file; 10,000 rules take some 700 kB.
RULES_BYTES = 1 << 20
# rules in one program.
RULES = 10_000
# rules within rules; nobody reads deeper nesting.
RULE_DEPTH = 16
# parentheses, groups and `not` within one condition.
CONDITION_DEPTH = 64
# characters of a text with everything its holes insert: a few `let`s that
# insert each other twice would fill the memory.
LET_CHARACTERS = 64 << 10
# `let`s that insert each other in a chain; nobody follows a longer one.
LET_DEPTH = 50
# syntax errors reported of one rule file; who sees more reads none.
PROBLEMS = 100
# bytes of one list file; a block list of 200,000 addresses takes 5 MB.
LIST_BYTES = 16 << 20

# --- a delivery ----------------------------------------------------------
# seconds to connect to a scanner; one that lives answers the first packet at once.
CONNECT_SECONDS = 3
# seconds; below Postfix's command_time_limit (1000 s), which bounces.
DEADLINE_SECONDS = 300
# seconds after which a file in tmp/ is left over from a crash (maildir(5)).
STALE_TMP_SECONDS = 36 * 3600
# bytes of one path component, the limit of every Linux file system.
COMPONENT_BYTES = 255
# characters of a reason given to a sender: it must fit one SMTP reply line
# of 512 octets (RFC 5321, section 4.5.3.1.5) beside code and address.
REASON_CHARACTERS = 400
# characters of one log line; syslog daemons cut at 1024 and above.
LOG_CHARACTERS = 900
