"""Where the keys of DKIM signatures come from: TXT records of DNS, by dnspython (RFC 6376, section 3.6.2).

In: the name of a key, ``selector._domainkey.domain``. Out: the record at it, bytes not yet looked at.

Rules

- Asked is the resolver of /etc/resolv.conf; all look-ups together take DKIM_SECONDS at most. It follows CNAMEs,
  16 at most, and takes one answer of at most 64 kB.
- A name is asked for once, whatever comes of it.
- A name in other letters than ASCII is asked for only where IDNA does not make another of it: a key of
  ``strasse.example`` is none of ``straße.example``.

Errors: ``Ended``: permerror where there is no key, more than one (what that means is undefined), or no such
name can be; temperror, with the reason for the log, where nobody could say.
"""

from __future__ import annotations

from pyfilter import limits
from pyfilter.services.connection import Budget, Failed

TYPE_CHECKING = False
if TYPE_CHECKING:
    import dns.resolver

__all__ = ["Ended", "Keys", "domain_name", "resolver"]

# ASCII of a domain and a selector; letters beyond it are IDNA's (RFC 8616)
LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")
# characters of a name in DNS (RFC 1035, section 2.3.4)
NAME_CHARACTERS = 253


class Ended(Exception):
    """The result of a signature, found before its end; ``why`` a key could not be looked up."""

    def __init__(self, word: str, why: str = "") -> None:
        self.word = word
        self.why = why


def domain_name(raw: bytes) -> str:
    """A domain, or a selector, in lower case; "" for what is none."""
    try:
        text = raw.decode().lower()
    except UnicodeDecodeError:
        return ""
    if len(text) > NAME_CHARACTERS or not text.isprintable():
        return ""
    return text if all(letter in LETTERS or letter > "\x7f" for letter in text) else ""


def resolver() -> dns.resolver.Resolver:
    """The system's."""
    from dns.resolver import Resolver

    return Resolver()


class Keys:
    """The key records one message needs. Raises ImportError where dnspython is missing."""

    def __init__(self) -> None:
        import dns.resolver

        self._dns = dns
        self._budget = Budget(limits.DKIM_SECONDS)
        self._resolver: dns.resolver.Resolver | None = None
        self._found: dict[str, bytes | Ended] = {}

    def record(self, name: str) -> bytes:
        """The record at ``name``. Raises Ended."""
        if name not in self._found:
            try:
                self._found[name] = self._look_up(name)
            except Ended as ended:
                self._found[name] = ended
        found = self._found[name]
        if isinstance(found, Ended):
            raise found
        return found

    def _look_up(self, name: str) -> bytes:
        resolving = self._dns.resolver
        try:
            absolute = self._dns.name.from_text(name)
            same = name.isascii() or absolute.to_unicode(omit_final_dot=True) == name
        except Exception:  # a label is too long or empty, or IDNA does not take it
            same = False
        if not same:
            raise Ended("permerror")
        try:
            if self._resolver is None:
                self._resolver = resolver()
            answer = self._resolver.resolve(absolute, "TXT", lifetime=self._budget.left(), search=False)
            records = [b"".join(record.strings) for record in answer]
        except (resolving.NXDOMAIN, resolving.NoAnswer, resolving.YXDOMAIN):
            raise Ended("permerror") from None
        except resolving.NoNameservers:
            why = "no name server could answer"
        except resolving.NoResolverConfiguration:
            why = "no name server is configured"
        except (resolving.LifetimeTimeout, Failed):
            why = f"no answer within {limits.DKIM_SECONDS} seconds"
        except Exception as error:
            why = getattr(error, "strerror", None) or type(error).__name__
        else:
            if len(records) != 1:
                raise Ended("permerror")
            return records[0]
        raise Ended("temperror", f"the key of {name} could not be looked up: {why}")
