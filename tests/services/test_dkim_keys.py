"""Keys of DKIM in DNS: what a name may be, and what is made of each answer, of a stand-in's and of a real server's."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("dkim", reason="dkimpy is not installed")
pytest.importorskip("dns.resolver", reason="dnspython is not installed")

import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset

from pyfilter import limits
from pyfilter.engine.questions import Unknown
from pyfilter.message.envelope import Envelope
from pyfilter.message.message import Message
from pyfilter.services import dkim_keys
from pyfilter.services.answers import Inquiry
from pyfilter.services.dkim import verify
from pyfilter.services.dkim_keys import Ended, Keys, domain_name

from .signing import MESSAGE, Pair, Zone, sign

NAME = "sel._domainkey.shop.example"


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"Shop.Example", "shop.example"),
        (b"a-b_c.example", "a-b_c.example"),
        ("Bücher.Example".encode(), "bücher.example"),
        (b"", ""),
        (b"a b", ""),
        (b"a\\000b", ""),
        (b"a/b", ""),
        (b"a*b", ""),
        (b"a\nb", ""),
        (b"a\0b", ""),
        (b"a\xff", ""),
        ("a\u202eb".encode(), ""),
        ("a\u3000b".encode(), ""),
        (b"a" * 253, "a" * 253),
        (b"a" * 254, ""),
    ],
)
def test_names(raw: bytes, name: str) -> None:
    assert domain_name(raw) == name


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Zone:
    zone = Zone({})
    monkeypatch.setattr(dkim_keys, "resolver", lambda: zone)
    return zone


def ended(name: str) -> tuple[str, str]:
    with pytest.raises(Ended) as raised:
        Keys().record(name)
    return raised.value.word, raised.value.why


def test_a_record_is_one_text_however_it_was_cut(zone: Zone) -> None:
    zone.records[NAME] = b"x" * 1000
    assert Keys().record(NAME) == b"x" * 1000


def test_a_name_is_asked_for_once_whatever_comes_of_it(zone: Zone) -> None:
    zone.records["good.example"] = b"p="
    zone.records["later.example"] = OSError(111, "Connection refused")
    keys = Keys()
    for _ in range(3):
        assert keys.record("good.example") == b"p="
        for name in ("none.example", "later.example"):
            with pytest.raises(Ended):
                keys.record(name)
    assert zone.asked == ["good.example", "none.example", "later.example"]


@pytest.mark.parametrize(
    ("answer", "word", "why"),
    [
        (dns.resolver.NXDOMAIN(), "permerror", ""),
        (dns.resolver.NoAnswer(response=dns.message.make_response(dns.message.make_query("x", "TXT"))),
         "permerror", ""),
        (dns.resolver.YXDOMAIN(), "permerror", ""),
        ([], "permerror", ""),
        ([b"p=", b"p="], "permerror", ""),
        (dns.resolver.NoNameservers(), "temperror", "no name server could answer"),
        (dns.resolver.NoResolverConfiguration(), "temperror", "no name server is configured"),
        (dns.resolver.LifetimeTimeout(timeout=1, errors=[]), "temperror", "no answer within 10 seconds"),
        (OSError(113, "No route to host"), "temperror", "No route to host"),
        (OSError("odd"), "temperror", "OSError"),
        (dns.exception.FormError(), "temperror", "FormError"),
        (RecursionError(), "temperror", "RecursionError"),
    ],
    ids=repr,
)  # fmt: skip
def test_answers_that_hold_no_key(zone: Zone, answer: list[bytes] | Exception, word: str, why: str) -> None:
    zone.records[NAME] = answer
    assert ended(NAME) == (word, f"the key of {NAME} could not be looked up: {why}" if why else "")


@pytest.mark.parametrize(
    "name", ["a..example", ".example", f"{'a' * 64}.example", f"{'a.' * 127}example", f"{'é' * 64}.example"]
)
def test_names_that_cannot_be_are_not_asked_for(zone: Zone, name: str) -> None:
    assert ended(name) == ("permerror", "")
    assert zone.asked == []


def test_a_name_of_which_idna_makes_another_is_not_asked_for(zone: Zone) -> None:
    zone.records["xn--bcher-kva.example"] = b"p="
    assert Keys().record("bücher.example") == b"p="
    for name in ("straße.example", "ｓhop.example", "shop。example"):  # strasse.example, shop.example
        assert ended(name) == ("permerror", "")
    assert zone.asked == ["xn--bcher-kva.example"]


def test_all_look_ups_have_one_budget(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> None:
    zone.records[NAME] = b"p="
    monkeypatch.setattr(limits, "DKIM_SECONDS", 0)
    assert ended(NAME) == ("temperror", f"the key of {NAME} could not be looked up: no answer within 0 seconds")
    assert zone.asked == []


def test_a_resolver_that_cannot_be_made_is_a_key_for_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dkim_keys, "resolver", none)
    assert ended(NAME) == ("temperror", f"the key of {NAME} could not be looked up: no name server is configured")


def test_the_resolver_is_the_systems() -> None:
    try:
        assert dkim_keys.resolver().nameservers == dns.resolver.Resolver().nameservers
    except dns.resolver.NoResolverConfiguration:
        pytest.skip("this machine has no /etc/resolv.conf")


# --------------------------------------------------------------------------- a real server

Answering = Callable[[dns.message.Message, dns.message.Message], bytes | None]


class Server:
    """A name server on a free port of 127.0.0.1; ``answer(question, response)`` gives the bytes, or nothing."""

    def __init__(self, answer: Answering) -> None:
        self.answer = answer
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        while True:
            data, client = self.socket.recvfrom(65536)
            if not data:  # stop() says so
                return
            question = dns.message.from_wire(data)
            answer = self.answer(question, dns.message.make_response(question))
            if answer is not None:
                self.socket.sendto(answer, client)

    def stop(self) -> None:
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answering], None]]:
    servers: list[Server] = []

    def start(answer: Answering) -> None:
        server = Server(answer)
        servers.append(server)
        found = dns.resolver.Resolver(configure=False)
        found.nameservers, found.port = ["127.0.0.1"], server.port
        monkeypatch.setattr(dkim_keys, "resolver", lambda: found)

    yield start
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair(1024)


def txt(name: str, record: bytes) -> dns.rrset.RRset:
    texts = (record[start : start + 200].decode() for start in range(0, len(record), 200))
    return dns.rrset.from_text(name, 60, "IN", "TXT", " ".join(f'"{text}"' for text in texts))


def test_a_real_name_server_is_asked(pair: Pair, serving: Callable[[Answering], None]) -> None:
    key = txt(f"{NAME}.", pair.record)
    alias = dns.rrset.from_text(f"{NAME}.", 60, "IN", "CNAME", "key.provider.example.")
    other = dns.rrset.from_text(f"{NAME}.", 60, "IN", "CNAME", f"{NAME}.")
    not_found = f"the key of {NAME} could not be looked up: no name server could answer"

    def with_answer(*answers: dns.rrset.RRset, rcode: int = dns.rcode.NOERROR) -> Answering:
        def answer(question: dns.message.Message, response: dns.message.Message) -> bytes:
            assert question.question[0].name.to_text() == f"{NAME}."
            response.answer += answers
            response.set_rcode(dns.rcode.Rcode.make(rcode))
            return response.to_wire()

        return answer

    for answer, expected in (
        (with_answer(key), "pass"),
        (with_answer(alias, txt("key.provider.example.", pair.record)), "pass"),
        (with_answer(), "permerror"),
        (with_answer(alias), "permerror"),
        (with_answer(other), "later"),
        (with_answer(rcode=dns.rcode.NXDOMAIN), "permerror"),
        (with_answer(rcode=dns.rcode.SERVFAIL), "later"),
        (with_answer(rcode=dns.rcode.REFUSED), "later"),
    ):
        serving(answer)
        found = verify(Inquiry("", Message(sign(MESSAGE, pair)), Envelope(), {}))
        if expected == "later":
            assert isinstance(found, Unknown) and found.why == not_found
        else:
            assert found == ((expected, "shop.example"),)


@pytest.mark.parametrize("answer", [None, b"", b"garbage", bytes(12), b"\xff" * 4096])
def test_a_name_server_that_gives_no_sense_is_waited_for_no_longer_than_the_budget(
    pair: Pair, serving: Callable[[Answering], None], monkeypatch: pytest.MonkeyPatch, answer: bytes | None
) -> None:
    monkeypatch.setattr(limits, "DKIM_SECONDS", 0.3)
    serving(lambda question, response: answer)
    found = verify(Inquiry("", Message(sign(MESSAGE, pair)), Envelope(), {}))
    assert isinstance(found, Unknown)
    # dnspython before 2.4 asks a server no more that answered with what is no answer
    reasons = ["no answer within 0.3 seconds", "no name server could answer"][: 1 if answer is None else 2]
    assert found.why in [f"the key of {NAME} could not be looked up: {reason}" for reason in reasons]
