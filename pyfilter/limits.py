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

# bytes of one Authentication-Results field; those of ten signatures have some 2 kB.
AUTH_RESULTS_BYTES = 64 << 10
# results of one message; a server that verifies everything there is writes some ten.
AUTH_RESULTS = 200
# bytes of one field of a spam scanner; a list of all of rspamd's 500 tests has some 20 kB.
SPAM_FIELD_BYTES = 64 << 10

# bytes of one message read from an archive; mail servers take some 50 MB, and a
# delivery has 1 GiB of memory.
ARCHIVE_MESSAGE_BYTES = 256 << 20

# seconds a verdict of a scanner is kept for the next `pyfilter test --scan`; scanners learn
# and get new rules every few days, but a month old is better than a night of scanning.
VERDICT_SECONDS = 30 * 24 * 3600
# seconds to wait for another process that writes a verdict; each writes for some ms.
VERDICT_LOCK_SECONDS = 2
# failures in a row after which a command asks a scanner no more: with one that hangs, each
# message of thousands would take 30 s.
SCANNER_FAILURES = 3

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
# tests that `define`s insert in all: a few that insert each other twice would fill the memory.
DEFINED_TESTS = 100_000
# actions of one `action` with those it does by `do`; nobody reads more.
SEQUENCE_ACTIONS = 100
# actions that `do` inserts in all; ten for each of 10,000 rules.
DONE_ACTIONS = 100_000
# rule files that `include` reads in all, and how deep they include each other.
INCLUDED_FILES = 64
INCLUDE_DEPTH = 8
# syntax errors reported of one rule file; who sees more reads none.
PROBLEMS = 100
# bytes of one list file; a block list of 200,000 addresses takes 5 MB.
LIST_BYTES = 16 << 20

# --- DKIM, verified here -------------------------------------------------
# signatures of one message; real mail has one to three, and each may cost a look-up in DNS.
DKIM_SIGNATURES = 10
# seconds for all look-ups of keys together; a resolver that lives answers within one.
DKIM_SECONDS = 10
# bytes of the header; the largest in thousands of real messages is 60 kB, and each
# signature may name all of it.
DKIM_HEADER_BYTES = 256 << 10
# bytes of the body; the worst that was found, all empty lines, takes 1.2 s and 100 MB.
DKIM_BYTES = 32 << 20
# bytes of one DKIM-Signature; the longest in real mail is 736, one that copies header
# fields (z=) some kB.
DKIM_SIGNATURE_BYTES = 16 << 10
# blanks and line ends in a row in one; dkimpy's patterns take their square. Real ones
# fold with 11 at most.
DKIM_BLANKS = 100
# names in its h=; each is looked for in the whole header. Real ones have 21 at most.
DKIM_NAMES = 200
# bytes of a key record; a key of 8192 bits takes 1.4 kB.
DKIM_KEY_BYTES = 8 << 10
# bits of an RSA key: RFC 8301, section 3.2, forbids to believe shorter ones, and longer
# ones are in nobody's use.
DKIM_LEAST_KEY_BITS = 1024
DKIM_KEY_BITS = 8192
# bits of its exponent; all real ones are 65537 or 3, and one as long as the key takes
# 0.2 s a signature.
DKIM_EXPONENT_BITS = 64

# --- the body -------------------------------------------------------------
# multiparts and messages inside each other; mail has four, Python's parser gives up at 300.
MIME_DEPTH = 100
# parts of one message; a digest of a busy list has some 100.
MIME_PARTS = 10_000
# lines that begin like a delimiter and are none; a patch has some thousand.
MIME_LINES = 1_000_000
# multiparts whose boundary never comes: each costs a search of the rest.
MIME_BOUNDARIES = 20
# bytes of a boundary; RFC 2046, section 5.1.1, allows 70.
MIME_BOUNDARY_BYTES = 256
# characters of text in all parts together, decoded.
BODY_CHARACTERS = 16 << 20
# lines of quoted-printable and of flowed text, runs of base64 up to a padding: each is looked at by itself. The text
# that BODY_CHARACTERS allows has some 200,000, base64 two at its end.
BODY_PIECES = 500_000
# characters of HTML in one part; programs that show mail cut at a tenth of it. Its parser takes 25 times as much
# memory.
HTML_CHARACTERS = 3 << 20
# steps that a parser of HTML takes through the elements around a tag and the attributes before one, and those for
# the tag itself, in all parts of a message: a page has some million, and 5,000,000,000 took half a minute.
HTML_STEPS = 50_000_000

# --- a delivery ----------------------------------------------------------
# seconds to connect to a scanner; one that lives answers the first packet at once.
CONNECT_SECONDS = 3
# bytes of an answer of spamd; one with 300 tests takes some 10 kB.
SPAMD_REPLY_BYTES = 1 << 20
# lines of its header; a real one has some 3, and 100 000 cost a second.
SPAMD_HEADER_LINES = 100
# bytes of an answer of rspamd; one with 300 symbols takes some 50 kB.
RSPAMD_REPLY_BYTES = 4 << 20
# bytes of one header of a question to rspamd, whose value a stranger may have written: an
# address has 254 at most (RFC 5321, section 4.5.3.1.3), and rspamd reads 80 kB in all.
RSPAMD_HEADER_BYTES = 1000
# names of tests in one verdict; real ones have up to some 60.
SPAM_TESTS = 1000
# characters of such a name; the longest of SpamAssassin and rspamd have some 50.
SPAM_TEST_CHARACTERS = 100
# seconds; below Postfix's command_time_limit (1000 s), which bounces.
DEADLINE_SECONDS = 300
# of CPU, seconds that the rules may take for one message: it is kept in the inbox then. With 50 rules on its text the
# worst of 5,162 real messages takes 0.05 s, one of 50 MB 1.2 s, and a machine may be several times slower.
DECISION_CPU_SECONDS = 10
# of CPU, seconds of a whole delivery, which ends then and is tried again: code that never comes back to Python. A first
# look at 10,000 rules takes 8 s, and a machine may be ten times slower.
CPU_SECONDS = 120
# bytes of address space of a delivery; a message of 256 MiB whose parts are looked at takes some 950 MiB.
MEMORY_BYTES = 1 << 30
# bytes of a message that the launcher hands over: one without end must not take all memory.
MESSAGE_BYTES = 256 << 20
# seconds before the launcher's deadline at which replies, notices and the memory must be done: it kills, and the mail
# lies in its folder by then. Less are no time for a program that hangs, with its grace.
FAREWELL_SECONDS = 30
# seconds that must be left for a reply or a notice to be begun; a mail server takes one in some 0.1 s.
TELL_LEAST_SECONDS = 0.3
# seconds before the deadline at which a scanner, or a memory that another has locked, has had its time: the mail is to
# be filed without.
FILING_SECONDS = 1
# seconds after which a file in tmp/ is left over from a crash (maildir(5)).
STALE_TMP_SECONDS = 36 * 3600
# bytes of one path component, the limit of every Linux file system.
COMPONENT_BYTES = 255
# bytes of a folder's path in the Maildir, layout fs, as a rule writes it: with the Maildir's own path, what holes bring
# and the name of a message it must stay below PATH_MAX, 4096 (limits.h).
FOLDER_BYTES = 2000
# characters of a reason given to a sender: it must fit one SMTP reply line
# of 512 octets (RFC 5321, section 4.5.3.1.5) beside code and address.
REASON_CHARACTERS = 400
# characters of a header that a rule writes; a References of 20 ids has some 1,500.
HEADER_TEXT_CHARACTERS = 2000
# headers that rules change in one message; more make a header that other programs refuse.
HEADER_EDITS = 200
# addresses of one `forward to` or `copy to`; more are a mailing list.
ADDRESSES_OF_ACTION = 20
# characters of an address (RFC 5321, section 4.5.3.1.3).
ADDRESS_CHARACTERS = 254
# bytes of one argument of a program that comes from a message; Linux takes 128 KiB.
ARGUMENT_BYTES = 32 << 10
# characters of a reply and of its subject, bytes of a file that holds one; people read a page.
REPLY_CHARACTERS = 16 << 10
REPLY_BYTES = 64 << 10
SUBJECT_CHARACTERS = 250
# seconds between two replies to one sender: what is usual, and the least (RFC 5230, section 4.1).
REPLY_SECONDS = 7 * 86400
REPLY_LEAST_SECONDS = 86400
# replies of one user in 24 hours, to whomever: a person on leave gets fewer, a loop is stopped by it.
REPLIES_A_DAY = 50
# bytes of the list of who got a reply before lines whose time is over are left out: some 10,000 replies.
REPLIES_BYTES = 1 << 20
# seconds to wait for another delivery that writes that list; each writes for some ms.
REPLY_LOCK_SECONDS = 5
# ids in the References of a reply: a long thread's first and last ones tell where it belongs.
REPLY_REFERENCES = 20
# seconds that `duplicate` looks back where no time is written, and at most: what was filed longer ago is forgotten.
DUPLICATE_SECONDS = 7 * 86400
MEMORY_SECONDS = 366 * 86400
# rows of the memory of deliveries; 1,000 mails a day for a year, some 20 MB.
MEMORY_ROWS = 400_000
# seconds to wait for another delivery that writes into the memory; each writes for some ms.
MEMORY_LOCK_SECONDS = 1
# seconds between two notices to a user whose rules have errors: who reads mail each day sees it, and nobody is flooded.
NOTICE_SECONDS = 86400
# characters of one log line; syslog daemons cut at 1024 and above.
LOG_CHARACTERS = 900
# seconds that the journal looks back: a mail server tries for five days (postconf(5), maximal_queue_lifetime).
JOURNAL_SECONDS = 6 * 86400
# bytes of the journal before a new one is begun: 5,000 mails a day for six days; 8 MB are read in 2 ms.
JOURNAL_BYTES = 8 << 20
# seconds for the mail server to take a message, for a program that `pipe to` feeds, and for one that `notify` runs:
# together with a scanner's they stay below the deadline.
SEND_SECONDS = 60
PIPE_SECONDS = 120
NOTIFY_SECONDS = 10
# seconds for a program that `command` asks, for one that `pass through` gives the message, for one that fills a list.
COMMAND_SECONDS = 30
PASS_SECONDS = 60
LISTER_SECONDS = 60
# bytes of the message that `pass through` may make: what most mail servers take at most.
PASS_BYTES = 128 << 20
# seconds that the entries of `list … from command` hold where no time is written, and at least: each delivery would
# run the program else.
LISTER_EVERY_SECONDS = 3600
LISTER_LEAST_SECONDS = 60
# seconds that a failure of such a program holds: one that hangs would take LISTER_SECONDS of each delivery.
LISTER_FAILED_SECONDS = 60
# of any program that rules run: seconds from SIGTERM to SIGKILL, bytes of memory and of a file it writes (an
# mbox may be large), open files.
CHILD_GRACE_SECONDS = 2
CHILD_MEMORY_BYTES = 4 << 30
CHILD_FILE_BYTES = 4 << 30
CHILD_OPEN_FILES = 1024
# bytes kept of what such a program says, and characters of its last line in the log.
CHILD_COMPLAINT_BYTES = 4 << 10
CHILD_SAID_CHARACTERS = 200
# Received lines of a message that is forwarded no further: it goes in a circle (Postfix's hopcount_limit is 50).
FORWARD_HOPS = 50
# addresses that get mail by `forward to` and `copy to` within an hour, of all messages: a loop between hosts that strip
# headers, or a flood, must not become a relay's.
SENT_AN_HOUR = 200
# seconds to wait for another program that has an mbox locked, and after which its dot lock is left over from a crash:
# mail clients hold one for some ms, and Postfix's stale_lock_time is 500.
MBOX_LOCK_SECONDS = 30
MBOX_STALE_LOCK_SECONDS = 500
# names tried for a message in an MH directory while others take them.
MH_NAME_TRIES = 1000

# --- LMTP ------------------------------------------------------------------
# bytes of one command; RFC 5321, section 4.5.3.1.4, has 512, and extensions make it longer.
LMTP_LINE_BYTES = 4096
# refused commands in a row before a client is sent away; a program that works has none.
LMTP_ERRORS = 20
# commands before a message: one with as many recipients as there may be has some hundred. Each costs little, but
# thousands at once keep the others waiting.
LMTP_COMMANDS = 300
# recipients of one transaction; RFC 5321, section 4.5.3.1.8, wants 100 at least, Postfix sends 50. Their addresses, and
# the reasons of as many refusals, fit into one packet to a worker and back (server/jobs.py).
LMTP_RECIPIENTS = 100
# bytes of one message; Postfix's message_size_limit is 10 MB, others have up to 50.
LMTP_MESSAGE_BYTES = 128 << 20
# bytes of all messages that are coming or being delivered; beyond them a message is put off (452). One of the largest
# and many small ones find room, and the server takes up to twice as much.
LMTP_HELD_BYTES = 256 << 20
# of them, the part that is there for messages of more than so many bytes; a few of these must not put off all others.
LMTP_LARGE_SHARE = 0.75
LMTP_LARGE_BYTES = 1 << 20
# seconds that a client may say nothing, or take for one command or for LMTP_PROGRESS_BYTES of a message; RFC 5321,
# section 4.5.3.2.7.
LMTP_IDLE_SECONDS = 300
LMTP_PROGRESS_BYTES = 64 << 10
# connections at once; Postfix opens 20 by default, and each costs some 10 kB.
LMTP_CONNECTIONS = 2000
# connections that wait to be accepted, each of which keeps a new one waiting; Postfix opens 20 at once by default.
LMTP_BACKLOG = 256
# seconds after which a user's worker ends if no mail comes: it takes some 40 MB, and to begin takes 0.1 s.
LMTP_WORKER_IDLE_SECONDS = 60
# seconds that a user of the system is remembered to be here: one who is taken away gets mail so much longer.
LMTP_USER_SECONDS = 60
# seconds that the broker has to look up a user or to start a worker; a directory server answers in some ms or never.
LMTP_BROKER_SECONDS = 30
# bytes of a map of virtual users; a million lines take some 80 MB, and 200,000 are read in half a second.
LMTP_MAP_BYTES = 64 << 20
# rulebooks that a worker for many homes keeps, and bytes of the rule files they are of: 10,000 rules take some 700 kB
# there and 50 times as much in a worker, which has MEMORY_BYTES. Each has two descriptors, of which 1024 are usual.
LMTP_RULEBOOKS = 300
LMTP_RULES_BYTES = 4 << 20
# processes that deliver what the launcher hands over: Postfix brings one user two messages at once
# (local_destination_concurrency_limit).
CLERKS = 2
# bytes that are read of a client at once; so many of each may wait to be looked at.
LMTP_READ_BYTES = 64 << 10
# messages that a worker delivers together, so that they wait for the disk once; and seconds that this may take: where
# it took longer (a scanner, a program), the next are delivered one by one, by whichever worker is free first.
TOGETHER = 8
TOGETHER_SECONDS = 0.25
# seconds that what is being delivered has when the server is told to end; systemd kills after 90.
LMTP_CLOSING_SECONDS = 60

# --- state that several hosts share --------------------------------------
# seconds to connect to Redis, and for each of its answers; it answers within a millisecond.
STATE_SECONDS = 1
# seconds that nobody asks one that was away: of as many deliveries one waits for it.
STATE_AWAY_SECONDS = 5
# lines that the journal there keeps of one message for one recipient; an attempt writes some three.
STATE_LINES = 1000
# seconds that what was sent is counted there: `forward` looks back an hour.
STATE_SENT_SECONDS = 3600

# --- watching Maildirs ---------------------------------------------------
# seconds between two looks into new/ where the kernel tells what arrives, should it have missed something, and where it
# does not: mbsync runs every few minutes.
WATCH_LOOK_SECONDS = 60
WATCH_POLL_SECONDS = 30
# seconds before a message that was put off is tried again, which doubles each time, and at most: a full disk, or a
# scanner that is away, takes somebody's attention.
WATCH_AGAIN_SECONDS = 10
WATCH_AGAIN_MOST_SECONDS = 900
# lessons that wait for spamd; who moves more at once teaches it the last of them.
WATCH_LESSONS = 10_000
# seconds to wait for the lock of a Maildir: the worker of a process that was killed ends the message at hand first.
WATCH_LOCK_SECONDS = 5
# seconds that the message at hand has when the process is told to end; systemd kills after 90.
WATCH_CLOSING_SECONDS = 60
