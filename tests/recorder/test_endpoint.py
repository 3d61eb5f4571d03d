from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streamchat_conformance.recorder import Endpoint, TargetUrlError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("url", "host", "port", "authority"),
    [
        ("http://example.com", "example.com", 80, "example.com"),
        ("https://example.com", "example.com", 443, "example.com"),
        ("http://example.com:80", "example.com", 80, "example.com"),
        ("https://example.com:80", "example.com", 80, "example.com:80"),
        ("http://EXAMPLE.com:5000/", "example.com", 5000, "example.com:5000"),
        ("HTTP://127.0.0.1:8000", "127.0.0.1", 8000, "127.0.0.1:8000"),
        ("http://[::1]:5000", "::1", 5000, "[::1]:5000"),
        ("http://[::1]", "::1", 80, "[::1]"),
        ("http://[fe80::1%25eth0]:81", "fe80::1%eth0", 81, "[fe80::1]:81"),
        ("http://b\u00fccher.example", "xn--bcher-kva.example", 80, "xn--bcher-kva.example"),
        ("http://my_service:5000", "my_service", 5000, "my_service:5000"),
    ],
)
def test_a_url_gives_host_port_and_authority(
    url: str, host: str, port: int, authority: str
) -> None:
    endpoint = Endpoint.from_url(url)
    assert (endpoint.host, endpoint.port, endpoint.authority) == (host, port, authority)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("http://h", "/default"),
        ("http://h/", "/default"),
        ("http://h/own/path", "/own/path"),
        ("http://h/own?version=1", "/own?version=1"),
        ("http://h?version=1", "/?version=1"),
        ("http://h/%20", "/%20"),
    ],
)
def test_the_path_of_the_url_wins_over_the_default(url: str, path: str) -> None:
    assert Endpoint.from_url(url, path="/default").path == path


@pytest.mark.parametrize(
    ("url", "cure"),
    [
        ("", "write http://HOST:PORT"),
        ("127.0.0.1:5000", "write http:// or https:// before the host"),
        ("localhost", "write http:// or https:// before the host"),
        ("ftp://h", "only http and https"),
        ("http://", "write http://HOST:PORT"),
        ("http://:5000", "write http://HOST:PORT"),
        ("http://h:0", "from 1 to 65535"),
        ("http://h:65536", "from 1 to 65535"),
        ("http://h:port", "from 1 to 65535"),
        ("http://h:-1", "from 1 to 65535"),
        ("http://h /", "remove spaces"),
        (" http://h", "remove spaces"),
        ("http://h/a\r\nX: y", "remove spaces, line breaks"),
        ("http://h\n", "remove spaces, line breaks"),
        ("http://h/\x00", "control characters"),
        ("http://::1:5000", "write an IPv6 address in brackets"),
        ("http://[::1", "in brackets"),
        ("http://[zz]:1", "brackets"),
        ("http://[1.2.3.4]:1", "brackets"),
        ("http://a b", "remove spaces"),
        ("http://a,b", "use letters, digits"),
        ("http://h/\u00e9", "percent-encode"),
        ("http://h/#part", "remove '#'"),
        ("http://user@h", "send credentials in a header"),
    ],
)
def test_an_unusable_url_is_refused_with_its_cure(url: str, cure: str) -> None:
    with pytest.raises(TargetUrlError) as caught:
        Endpoint.from_url(url)
    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_default_path_without_slash_is_refused() -> None:
    with pytest.raises(TargetUrlError, match="must begin with '/'"):
        Endpoint.from_url("http://h", path="api")


@settings(deadline=None)  # Loading the authorities for https takes its time.
@given(st.text(max_size=30) | st.from_regex(r"https?://[^\s]{0,20}", fullmatch=True))
def test_any_text_is_an_endpoint_or_one_clear_line(url: str) -> None:
    try:
        endpoint = Endpoint.from_url(url)
    except TargetUrlError as error:
        message = str(error)
    else:
        again = Endpoint.from_url(endpoint.url)
        assert (again.authority, again.path) == (endpoint.authority, endpoint.path)
        return
    assert len(message.splitlines()) == 1


@given(st.text("abcXYZ0123456789!$*", min_size=8, max_size=20))
def test_a_password_in_the_url_is_never_repeated(password: str) -> None:
    for url in (
        f"http://user:{password}@h:5000/",
        f"http://user:{password}@h:bad/",
        f"ftp://user:{password}@h/",
        f"http://user:{password}@[::/",
    ):
        with pytest.raises(TargetUrlError) as caught:
            Endpoint.from_url(url)
        assert password not in str(caught.value)


def test_https_verifies_by_default(tmp_path: Path) -> None:
    verified = Endpoint.from_url("https://h").ssl
    unverified = Endpoint.from_url("https://h", insecure=True).ssl
    assert verified is not None
    assert unverified is not None
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert (unverified.verify_mode, unverified.check_hostname) == (ssl.CERT_NONE, False)
    assert Endpoint.from_url("http://h").ssl is None

    missing, empty = tmp_path / "missing.pem", tmp_path / "empty.pem"
    empty.write_text("no certificate")
    with pytest.raises(TargetUrlError, match=r"cannot be read .*: check its path"):
        Endpoint.from_url("https://h", ca_file=str(missing))
    with pytest.raises(TargetUrlError, match="PEM"):
        Endpoint.from_url("https://h", ca_file=str(empty))
    with pytest.raises(TargetUrlError, match="drop one"):
        Endpoint.from_url("https://h", ca_file=str(empty), insecure=True)
    with pytest.raises(TargetUrlError, match="write https://"):
        Endpoint.from_url("http://h", ca_file=str(empty))
