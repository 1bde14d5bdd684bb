"""The mailboxes in an address field.

In: a value as it stands behind the colon (bytes), of From, To, Cc, Reply-To …, Return-Path or
Delivered-To. Out: ``Mailbox`` objects in order.

Rules (RFC 5322, sections 3.4 and 4.4; RFC 6532; every leniency is a row of VIOLATIONS.md)

- What stands in angle brackets is the address; what stands before them is the name, whatever it
  looks like. An address never comes out of quotes, a comment or an encoded word: of
  ``"a@evil" <b@good>`` it is ``b@good``.
- Structure is read from the bytes, encoded words are decoded afterwards (RFC 2047, section 6.2).
- A group counts for its members.
- ``address`` is canonical: no comments, no white space, quotes only where the local part needs
  them; letters are kept as written. ``domain`` may be a literal (``[192.0.2.1]``).
- ``extension`` is what follows the first ``+`` of the local part: None without one, "" for
  ``user+@x``; a local part that begins with ``+`` is not split (postconf(5), recipient_delimiter).
- One word without ``@`` is an address without a domain (``root``); several are only a name.
- An address with a control character, or a domain that cannot be one, is no address: the text
  becomes the name, and ``address`` is "".

Limits: ADDRESSES mailboxes, ADDRESS_WORDS and COMMENT_DEPTH nested comments in one value; ENCODED_WORDS. Errors:
Unreadable, past them. Time: linear.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.message import words
from pyfilter.message.headers import Unreadable
from pyfilter.message.quoting import comment_end, quoted_end, unescaped

__all__ = ["Mailbox", "mailbox", "parse"]

DELIMITER = "+"
SPECIALS = frozenset(' \t\r"(),:;<>')
# what a local part cannot hold without quotes; dots stay as they are, doubled or last, since such
# addresses exist and their owners type them so
NEEDS_QUOTES = frozenset(' \t()<>[]:;@\\,"')
# characters of a domain literal: "[IPv6:2001:db8::1]" is the longest kind
LITERAL_CHARACTERS = 64
# unquoted commas in one name: "Smith, John, Jr. <a@b>"
NAME_COMMAS = 2

ATOM, QUOTED, ENCODED, COMMENT = range(4)


class Mailbox:
    """One mailbox, decoded. Any part may be empty."""

    __slots__ = ("address", "domain", "extension", "local", "name")

    def __init__(self, name: str = "", local: str = "", domain: str = "", extension: str | None = None) -> None:
        self.name = name
        self.local = local
        self.domain = domain
        self.extension = split_extension(local) if extension is None else extension
        written = local if NEEDS_QUOTES.isdisjoint(local) and (local or not domain) else quote(local)
        self.address = f"{written}@{domain}" if domain else written

    @property
    def text(self) -> str:
        """``Name <address>``, or the one of them there is."""
        return f"{self.name} <{self.address}>" if self.name and self.address else self.name or self.address

    def forms(self) -> list[str]:
        """What a bare address field offers a test: the address, the name, and both.

        A name that has an @ must not pass for an address: it is offered with its address alone, or in quotes."""
        if "@" in self.name:
            return [self.address, self.text] if self.address else [quote(self.name)]
        return [self.address, self.name, self.text] if self.name and self.address else [self.text]

    def __repr__(self) -> str:
        return f"Mailbox({self.text!r}, extension={self.extension!r})"


def mailbox(address: str) -> Mailbox | None:
    """The one mailbox that ``address`` is, with or without brackets; None if it is more or less than that.
    For what an MTA or an option names, where nothing needs leniency."""
    try:
        boxes = parse(address.encode("utf-8", "surrogateescape"))
    except Unreadable:
        return None
    return boxes[0] if len(boxes) == 1 and boxes[0].address and not boxes[0].name else None


def parse(raw: bytes) -> list[Mailbox]:
    """The mailboxes in one value."""
    return Reader(words.unfold(raw)).read()


def split_extension(local: str) -> str | None:
    """What follows the first delimiter of a local part; None if nothing is split off."""
    user, delimiter, extension = local.partition(DELIMITER)
    return extension if user and delimiter else None


def quote(local: str) -> str:
    """A local part as a quoted string."""
    return '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'


class Token:
    """A word: an atom, the content of a quoted string, an encoded word, or a comment within a name.
    ``glued``: it belongs to the word before it."""

    __slots__ = ("glued", "kind", "text")

    def __init__(self, kind: int, text: str, glued: bool) -> None:
        self.kind = kind
        self.text = text
        self.glued = glued


class Words:
    """Tokens, and whether an ``@`` of an address is among them."""

    __slots__ = ("at", "tokens")

    def __init__(self) -> None:
        self.tokens: list[Token] = []
        self.at = False

    def add(self, token: Token) -> None:
        self.tokens.append(token)
        if token.kind == ATOM and "@" in token.text:
            self.at = True

    def __bool__(self) -> bool:
        return bool(self.tokens)


class Reader:
    """One pass over a value. A character here is a byte: nothing is decoded before its place is known.

    The element being read: ``phrase`` before the brackets, ``angle`` between them (None until
    they open), ``after`` behind them, ``comment`` the first one.
    """

    def __init__(self, value: bytes) -> None:
        self.text = value.decode("latin-1")
        self.units = {word.start: word.end for word in words.encoded_words(value)} if b"=?" in value else {}
        self.found: list[Mailbox] = []
        self.waiting: list[Words] = []  # phrases that may be the front of a name with commas
        self.count = 0  # of tokens
        self.begin()

    def begin(self) -> None:
        self.phrase = Words()
        self.angle: Words | None = None
        self.after = Words()
        self.inside = False
        self.comment = ""

    def read(self) -> list[Mailbox]:
        text = self.text
        size = len(text)
        at = 0
        glued = False
        quotes = comments = True  # whether one that opens is closed again
        while at < size:
            character = text[at]
            if character not in SPECIALS:
                end, kind = self.word(at)
                self.add(Token(kind, text[at:end], glued))
                at = end
                glued = True
                continue
            at += 1
            glued = False
            if character == '"' and quotes:
                end = quoted_end(text, at)
                if end < 0:
                    quotes = False
                else:
                    # a word of a local part stands between dots; any other is a name without its space
                    self.add(Token(QUOTED, unescaped(text[at:end]), text[at - 2 : at - 1] == "."))
                    at = end + 1
                    glued = text[at : at + 1] in (".", "@")
            elif character == "(" and comments:
                end = comment_end(text, at)
                if end < 0:
                    comments = False
                else:
                    self.remark(unescaped(text[at:end]))
                    at = end + 1
            elif character == "<":
                self.open()
            elif character == ">":
                self.inside = False
            elif character == ":":
                glued = self.colon()
            elif character == ",":
                if not self.route():
                    self.comma()
            elif character == ";":
                self.finish()
                self.flush()
        self.finish()
        self.flush()
        return self.found

    def word(self, at: int) -> tuple[int, int]:
        """End and kind of the word that begins here."""
        text = self.text
        unit = self.units.get(at)
        if unit is not None and not any(stop in text[at:unit] for stop in ' \t<>"'):
            return unit, ENCODED
        if text.startswith('\\"', at):
            return at + 2, ATOM  # a quote that opens nothing
        end = at
        size = len(text)
        while end < size and text[end] not in SPECIALS:
            if text[end] == "[" and text[end - 1] == "@" and end:
                literal = text.find("]", end, end + LITERAL_CHARACTERS) + 1
                if literal and SPECIALS.isdisjoint(text[end:literal].replace(":", "")):
                    end = literal
                    continue
            end += 1
            if end in self.units or text.startswith('\\"', end):
                break
        return end, ATOM

    def add(self, token: Token) -> None:
        self.count += 1
        if self.count > limits.ADDRESS_WORDS:
            raise Unreadable(f"an address field has more than {limits.ADDRESS_WORDS} words")
        if self.angle is None:
            self.phrase.add(token)
        elif self.inside:
            self.angle.add(token)
        else:
            self.after.add(token)

    def remark(self, comment: str) -> None:
        """A comment: what there is of a name, or a part of the name it stands in."""
        self.comment = self.comment or comment
        if self.angle is None and self.phrase:
            self.add(Token(COMMENT, f"({comment})", False))

    def open(self) -> None:
        if self.angle is not None:
            if self.angle.at:
                after = self.after
                self.after = Words()
                self.finish()  # the comma is missing: `A <a@x> B <b@x>`
                self.phrase = after
            else:
                for token in (*self.angle.tokens, *self.after.tokens):
                    self.phrase.add(token)
                self.after = Words()
        self.angle = Words()
        self.inside = True

    def colon(self) -> bool:
        """Whether it is a character of a local part."""
        if self.inside and self.angle is not None:
            if self.route() or [token.text.lower() for token in self.angle.tokens[:2]] == ["mailto"]:
                self.angle = Words()
            else:
                self.angle.add(Token(ATOM, ":", True))
                return True
        elif self.phrase.at or self.angle is not None:
            self.finish()
        else:
            self.flush()
            self.begin()  # what stood before was the name of a group
        return False

    def route(self) -> bool:
        """Whether a source route stands in the brackets so far (RFC 5322, section 4.4)."""
        angle = self.angle.tokens if self.inside and self.angle else []
        return bool(angle and angle[0].text.startswith("@"))

    def comma(self) -> None:
        if not self.phrase and self.angle is None and not self.waiting:
            self.comment = ""  # an empty element
            return
        if self.angle is not None or self.phrase.at or not self.phrase or self.comment:
            self.finish()
            return
        if len(self.waiting) == NAME_COMMAS:
            self.plain(self.waiting.pop(0))
        self.waiting.append(self.phrase)
        self.begin()

    def flush(self) -> None:
        """No name goes on: what waited is an element of its own each."""
        waiting, self.waiting = self.waiting, []
        for phrase in waiting:
            self.plain(phrase)

    def finish(self) -> None:
        """The element ends: what was read of it is taken into the result."""
        phrase, angle, after, comment = self.phrase, self.angle, self.after, self.comment
        self.begin()
        if angle is None:
            self.flush()
            self.bare(phrase, comment)
            return
        if not phrase or phrase.at or not angle:
            self.flush()
        names = [*self.waiting, phrase]
        self.waiting = []
        name = name_of(names) or ("" if after.at else name_of([after])) or decoded(comment)
        local, domain = address_of(angle.tokens)
        if local or domain:
            self.append(Mailbox(name, local, domain))
        else:
            self.append(Mailbox(name_of([*names, angle]) if angle else name))
        if after.at:
            self.bare(after, "")

    def bare(self, phrase: Words, comment: str) -> None:
        """An element without brackets."""
        if not phrase.at:
            self.plain(phrase, comment)
            return
        addressed, rest = runs_of(without_comments(phrase))
        name = ""
        if len(addressed) == 1:
            name = name_of([rest]) or decoded(comment)
        for run in addressed:
            local, domain = address_of(run.tokens)
            self.append(Mailbox(name, local, domain) if local or domain else Mailbox(name or name_of([run])))

    def plain(self, phrase: Words, comment: str = "") -> None:
        """An element without brackets and ``@``."""
        local, domain = address_of(without_comments(phrase))
        if local:
            self.append(Mailbox(decoded(comment), local, domain))
        else:
            self.append(Mailbox(name_of([phrase])))

    def append(self, box: Mailbox) -> None:
        if not (box.name or box.address):
            return
        if len(self.found) == limits.ADDRESSES:
            raise Unreadable(f"a field has more than {limits.ADDRESSES} addresses")
        self.found.append(box)


def without_comments(phrase: Words) -> list[Token]:
    return [token for token in phrase.tokens if token.kind != COMMENT]


def runs_of(tokens: list[Token]) -> tuple[list[Words], Words]:
    """The words that hold an ``@``, and all others. Words are parted by white space, but not by that around
    ``@`` and, behind it, around a lone dot."""
    addressed: list[Words] = []
    rest = Words()
    run = Words()
    last = ""
    for token in tokens:
        text = token.text if token.kind == ATOM else ""
        if not (
            token.glued
            or last.endswith("@")
            or text.startswith("@")
            or (run.at and (text.startswith(".") or last == "."))
        ):
            if run.at:
                addressed.append(run)
            else:
                rest.tokens += run.tokens
            run = Words()
        run.add(token)
        last = text
    if run.at:
        addressed.append(run)
    else:
        rest.tokens += run.tokens
    return addressed, rest


def address_of(tokens: list[Token]) -> tuple[str, str]:
    """Local part and domain; two empty texts if the tokens are no address."""
    split = len(tokens)
    while split and not (tokens[split - 1].kind == ATOM and "@" in tokens[split - 1].text):
        split -= 1
    if not split:
        # a local user, if it is one word without quotes
        if any(token.kind != ATOM or (number and not token.glued) for number, token in enumerate(tokens)):
            return "", ""
        user = usable("".join([token.text for token in tokens]))
        return (user, "") if NEEDS_QUOTES.isdisjoint(user) else ("", "")
    token = tokens[split - 1]
    left, _, right = token.text.rpartition("@")
    before = tokens[: split - 1] + ([Token(ATOM, left, token.glued)] if left else [])
    local = usable(joined(before))
    domain = right
    for token in tokens[split:]:
        if not (token.glued or not domain or domain.endswith(".") or token.text.startswith(".")):
            break  # words behind the domain
        if token.kind != ATOM:
            return "", ""
        domain += token.text
    domain = usable(domain)
    if not before or (right and not domain) or (not local and before[0].kind != QUOTED):
        return "", ""
    name = domain[1:-1].replace(":", "") if domain.startswith("[") and domain.endswith("]") else domain
    return (local, domain) if NEEDS_QUOTES.isdisjoint(name) else ("", "")


def joined(tokens: list[Token]) -> str:
    """Tokens with one space where white space stood, none around dots."""
    parts: list[str] = []
    for token in tokens:
        if parts and not (token.glued or parts[-1].endswith(".") or token.text.startswith(".")):
            parts.append(" ")
        parts.append(token.text)
    return "".join(parts)


def usable(text: str) -> str:
    """A part of an address, decoded; "" if it holds what no address may hold."""
    part = words.raw_text(text.encode("latin-1"))
    return part if part.isprintable() else ""


def name_of(phrases: list[Words]) -> str:
    """The phrases, with a comma between them, as one decoded name."""
    spelt: list[str] = []
    for phrase in phrases:
        if phrase and spelt:
            spelt.append(",")
        for number, token in enumerate(phrase.tokens):
            if spelt and not (number and token.glued):
                spelt.append(" ")
            spelt.append('"' if token.text == '\\"' else token.text)
    return decoded("".join(spelt))


def decoded(text: str) -> str:
    return words.decode(text.encode("latin-1"))
