"""What one's own servers found out about a sender: the Authentication-Results fields (RFC 8601).

In: a message, the authserv-ids of one's own servers (`set trusted-authserv`) and how many Received lines are
theirs. Out: ``Result`` objects in the order of the header, and from them what the rules ask: the result
words of a method, the domains whose signatures were verified.

Rules (RFC 8601, section 2.2; every leniency is a row of VIOLATIONS.md)

- Only fields above one's own Received lines count (trusted.py), and of these only those whose authserv-id is one of
  one's own: letter for letter but for ASCII case, quoted or not.
- A field that does not parse to its end says nothing, nor does one of another version than 1, one past a limit, one
  with control characters, and one that gives a property of a result two values.
- A pass counts if it says of whom (NAMED): a signature's domain, an envelope sender, the domain in From. OpenDMARC
  copies ``From: <a@x;dkim=pass>`` into its field as it stands, but nothing that could name somebody.
- A dmarc pass counts if it is about the very domain that every address in From has: else the rules would read
  one sender and the server have judged another.
- No pass counts where the sender could have written it into a field of the server (copied.py). All other results
  do: a stranger who makes himself fail harms nobody else.

Limits: AUTH_RESULTS_BYTES of a field, COMMENT_DEPTH, AUTH_RESULTS of a message. Errors: Unreadable, from trusted.py
alone. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import copied, trusted, words
from pyfilter.message.headers import Unreadable
from pyfilter.message.quoting import comment_end, quoted_end, unescaped

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyfilter.message.message import Message

__all__ = ["Result", "domains", "results", "values"]

FIELD = "authentication-results"
VERSION = "1"

# properties that name the envelope sender; the last three are those of RFC 5451 and of older servers
MAIL_FROM = ("smtp.mailfrom", "smtp.mail", "smtp.mfrom", "smtp.envelope-from")
# method -> properties one of which says whom a pass is about (RFC 8601, section 2.7)
NAMED = {
    "dkim": ("header.d", "header.i"),
    "spf": (*MAIL_FROM, "smtp.helo"),
    "dmarc": ("header.from",),
}
# result words of RFC 5451 that have another name today
RENAMED = {"hardfail": "fail"}

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
DIGITS = frozenset("0123456789")
# Keyword of RFC 5321, section 4.1.2
KEYWORD = LETTERS | DIGITS | {"-"}
# of an unquoted value: atext and token (RFC 5322, 3.2.3; RFC 2045, 5.1) with dots and "@", bytes above 127
# (RFC 8616), and the colons of IPv6
VALUE = KEYWORD | frozenset("!#$%&'*+/=?^_`{|}~.@:") | {chr(byte) for byte in range(128, 256)}
BLANKS = frozenset(" \t")
# what a field may consist of: no control character but TAB and the line ends
PLAIN = bytes([*range(32, 127), *range(128, 256)]) + b"\t\n"

# characters of a name in DNS (RFC 1035, section 2.3.4)
DOMAIN_CHARACTERS = 255


class Result:
    """``method=result`` with its properties: ``{"header.d": "friend.example"}``, keys in lower case, also "reason"."""

    __slots__ = ("method", "properties", "result")

    def __init__(self, method: str, result: str, properties: dict[str, str]) -> None:
        self.method = method
        self.result = result
        self.properties = properties

    def __repr__(self) -> str:
        return f"Result({self.method!r}, {self.result!r}, {self.properties})"


def results(message: Message, ids: Sequence[str], hops: int, sender: str | None = None) -> list[Result]:
    """The results one's own servers wrote. ``sender``: the envelope sender, where it is known."""
    own = {identity.encode("utf-8", "surrogatepass").lower() for identity in ids}
    found: list[Result] = []
    for field in trusted.fields(message, hops):
        if field.name == FIELD:
            said = read(message.raw[field.value : field.end], own)
            if len(found) + len(said) <= limits.AUTH_RESULTS:
                found += said
    if not any(one.result == "pass" for one in found):
        return found
    if copied.smuggles(message, sender):
        return [one for one in found if one.result != "pass"]
    return [one for one in found if one.result != "pass" or is_named(one, message)]


def values(results: list[Result], method: str) -> list[str]:
    """The result words of a method. Of spf those about the envelope sender; those about the name in HELO only
    if there are no others, since anybody may send with his own name there."""
    chosen = [one for one in results if one.method == method]
    if method == "spf":
        chosen = [one for one in chosen if any(name in one.properties for name in MAIL_FROM)] or chosen
    return [one.result for one in chosen]


def domains(results: list[Result]) -> list[str]:
    """The domains whose signatures were verified, each once."""
    found: dict[str, None] = {}
    for one in results:
        if one.method == "dkim" and one.result == "pass":
            signer = one.properties.get("header.d") or one.properties.get("header.i", "").rpartition("@")[2]
            domain = ascii_lower(signer)
            if domain and is_domain(domain):
                found[domain] = None
    return list(found)


def is_named(one: Result, message: Message) -> bool:
    """Does a pass say whom it is about?"""
    names = NAMED.get(one.method, ())
    if names and not any(one.properties.get(name) for name in names):
        return False
    if one.method != "dmarc":
        return True
    try:
        senders = {ascii_lower(box.domain) for box in message.mailboxes("from")}
    except Unreadable:
        return False
    return senders == {ascii_lower(one.properties["header.from"])}


def is_domain(text: str) -> bool:
    """Could it be a name in DNS, with U-labels as they have to be (RFC 5890, section 2.3.2.1)? A sign that
    becomes another one when texts are compared, such as the sign for Kelvin, stands in none."""
    if len(text) > DOMAIN_CHARACTERS:
        return False
    if text.isascii():
        return True
    from unicodedata import normalize  # only for the mail that needs it

    return normalize("NFKC", text).casefold() == text.casefold() == text


def ascii_lower(text: str) -> str:
    """Lower case of A to Z alone: other letters have lower forms that are a letter of somebody else's name."""
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass")


def read(raw: bytes, own: set[bytes]) -> list[Result]:
    """The results of one field; none if it is another server's or does not parse to its end."""
    if len(raw) > limits.AUTH_RESULTS_BYTES or raw.replace(b"\r\n", b"\n").translate(None, PLAIN):
        return []
    try:
        return Reader(words.unfold(raw).decode("latin-1")).read(own)
    except (Malformed, Unreadable):
        return []


class Malformed(Exception):
    """The field breaks the grammar here."""


class Reader:
    """One pass over an unfolded field. A character here is a byte."""

    __slots__ = ("at", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def read(self, own: set[bytes]) -> list[Result]:
        self.blanks()
        if self.value().encode("latin-1").lower() not in own:
            return []
        self.blanks()
        if self.next() in DIGITS and self.run(DIGITS) != VERSION:
            return []
        self.blanks()
        found: list[Result] = []
        while self.next():
            self.sign(";")
            self.blanks()
            if found and not self.next():
                break  # a semicolon at the end
            method = self.keyword()
            self.blanks()
            if method == "none" and not found and self.next() != "=":
                if self.text[self.at :].strip(" \t;"):
                    raise Malformed
                break
            version = VERSION
            if self.next() == "/":
                self.at += 1
                self.blanks()
                version = self.keyword()
                self.blanks()
            self.sign("=")
            self.blanks()
            result = self.keyword()
            properties = self.properties()
            if version == VERSION:
                found.append(Result(method, RENAMED.get(result, result), properties))
        return found

    def properties(self) -> dict[str, str]:
        """All up to the next semicolon, ``reason=`` among them."""
        found: dict[str, str] = {}
        while self.blanks() and self.next() not in ("", ";"):
            name = self.keyword()
            self.blanks()
            if self.next() == ".":
                self.at += 1
                self.blanks()
                name = f"{name}.{self.keyword()}"
                self.blanks()
            self.sign("=")
            self.blanks()
            value = words.clean(words.raw_text(self.value().encode("latin-1")))
            if found.setdefault(name, value) != value:
                raise Malformed
        if self.next() not in ("", ";"):
            raise Malformed
        return found

    def next(self) -> str:
        """The character to come; "" at the end."""
        return self.text[self.at : self.at + 1]

    def sign(self, character: str) -> None:
        if self.next() != character:
            raise Malformed
        self.at += 1

    def run(self, characters: frozenset[str]) -> str:
        """The characters to come that are of these."""
        begin = at = self.at
        text = self.text
        size = len(text)
        while at < size and text[at] in characters:
            at += 1
        self.at = at
        return text[begin:at]

    def keyword(self) -> str:
        word = self.run(KEYWORD)
        if not word:
            raise Malformed
        return word.lower()

    def value(self) -> str:
        """A quoted string, a token, or an address with one of them before the ``@``; empty where nothing stands."""
        if self.next() != '"':
            value = self.run(VALUE)
            if value.count("@") > 1:
                raise Malformed
        else:
            end = quoted_end(self.text, self.at + 1)
            if end < 0:
                raise Malformed
            value = unescaped(self.text[self.at + 1 : end])
            self.at = end + 1
            if self.next() == "@":
                value += self.run(VALUE)
        if self.next() not in ("", ";", "(", " ", "\t"):
            raise Malformed
        return value

    def blanks(self) -> bool:
        """Pass over white space and comments; were there any?"""
        begin = self.at
        while True:
            self.run(BLANKS)
            if self.next() != "(":
                return self.at > begin
            end = comment_end(self.text, self.at + 1)
            if end < 0:
                raise Malformed
            self.at = end + 1
