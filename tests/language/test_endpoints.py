"""Where a service listens: what is written, and what is wrong with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyfilter.language.endpoints import PATH_BYTES, endpoint

LONGEST = "/" + "x" * (PATH_BYTES - 1)

# text -> path, host, port, tls
PLACES: dict[str, tuple[str, str, int, bool]] = {
    "127.0.0.1:783": ("", "127.0.0.1", 783, False),
    "spam.example.com:1": ("", "spam.example.com", 1, False),
    "localhost:65535": ("", "localhost", 65535, False),
    "[::1]:783": ("", "::1", 783, False),
    "[fe80::1%eth0]:783": ("", "fe80::1%eth0", 783, False),
    "tls:spam.example.com:783": ("", "spam.example.com", 783, True),
    "tls:[::1]:783": ("", "::1", 783, True),
    "tls:tls:783": ("", "tls", 783, True),
    "unix:/run/spamd.sock": ("/run/spamd.sock", "", 0, False),
    "unix:/run/a b:783": ("/run/a b:783", "", 0, False),
    "unix:" + LONGEST: (LONGEST, "", 0, False),
}

NEITHER = "a host and its port are wanted"
PATH = "the path of a Unix socket begins with `/`"
LONG = "the path of a Unix socket has at most 107 bytes"
BRACKETS = "an IPv6 address stands in brackets"
NO_HOST = "this is no name of a host"

WRONG: dict[str, str] = {
    "": NEITHER,
    "783": NEITHER,
    "localhost": NEITHER,
    "localhost:": NEITHER,
    "localhost:spamd": NEITHER,
    "localhost:0": NEITHER,
    "localhost:65536": NEITHER,
    "localhost:-1": NEITHER,
    "localhost:+1": NEITHER,
    "localhost: 1": NEITHER,
    "localhost:1 ": NEITHER,
    "localhost:1_0": NEITHER,
    "localhost:٣": NEITHER,
    "localhost:²": NEITHER,
    "localhost:" + "9" * 5000: NEITHER,
    "/run/spamd.sock": NEITHER,
    "tls:": NEITHER,
    "tls:783": NEITHER,
    "tls:unix:/run/spamd.sock": NEITHER,
    "[::1]": NEITHER,
    "::1:783": BRACKETS,
    "[::1:783": BRACKETS,
    "TLS:localhost:783": BRACKETS,
    ":783": NO_HOST,
    "[]:783": NO_HOST,
    "tls::783": NO_HOST,
    "a b:783": NO_HOST,
    "a\nb:783": NO_HOST,
    "a\0b:783": NO_HOST,
    "http//localhost:783": NO_HOST,
    "bücher.example:783": NO_HOST,
    "unix:": PATH,
    "unix:run/spamd.sock": PATH,
    "unix:/run/\0": PATH,
    "unix:" + LONGEST + "x": LONG,
    "unix:/" + "ü" * (PATH_BYTES // 2) + "x": LONG,
}


@pytest.mark.parametrize("text", PLACES)
def test_places(text: str) -> None:
    place = endpoint(text)
    assert (place.path, place.host, place.port, place.tls) == PLACES[text]
    assert str(place) == text


@pytest.mark.parametrize("text", WRONG)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError) as wrong:
        endpoint(text)
    assert str(wrong.value) == WRONG[text]


def test_a_port_with_noughts_in_front() -> None:
    assert str(endpoint("localhost:00783")) == "localhost:783"


def test_a_path_is_measured_in_bytes_and_may_have_any() -> None:
    path = "/run/\udcff" + "ü" * ((PATH_BYTES - 6) // 2)
    assert endpoint("unix:" + path).path == path


TEXTS = st.lists(st.sampled_from([*"ab1:[]/%. é\0", "unix:", "tls:", "::1", "783", "\udcff"]), max_size=8).map("".join)


@given(TEXTS | st.text(max_size=20))
def test_every_text_is_a_place_that_reads_the_same_or_a_sentence(text: str) -> None:
    try:
        place = endpoint(text)
    except ValueError as wrong:
        assert str(wrong) in {NEITHER, PATH, LONG, BRACKETS, NO_HOST}
        return
    again = endpoint(str(place))
    assert str(again) == str(place)
    assert (again.path, again.host, again.port, again.tls) == (place.path, place.host, place.port, place.tls)
    assert place.path.startswith("/") if not place.host else 0 < place.port < 65536
