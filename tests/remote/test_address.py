"""What is taken for a service's address, and which way goes there."""

import pytest

from orchestrator.model.errors import ConfigError, InvalidArgument
from orchestrator.remote.address import Address, Way
from orchestrator.remote.connection import Connection
from tests.remote.wire import stranger

OK = (200, "application/json", b'{"here": true}')


@pytest.mark.parametrize(
    ("url", "origin", "port"),
    [
        ("https://bench-7:8443", "https://bench-7:8443", 8443),
        ("https://bench-7/", "https://bench-7", 443),
        ("http://127.0.0.1:80", "http://127.0.0.1", 80),
        ("http://[::1]:8080", "http://[::1]:8080", 8080),
        (" HTTP://Bench-7:8080 ", "http://bench-7:8080", 8080),
    ],
)
def test_an_address_has_the_origin_that_a_browser_would_send(url, origin, port):
    address = Address.of(url)
    assert (address.origin, address.port) == (origin, port)


@pytest.mark.parametrize(
    "url", ["", "bench-7:8443", "ftp://bench-7", "http://", "http://a:99999", "http://a:0", "http://a/?token=x", "http://["]
)  # fmt: skip
def test_what_is_no_address_is_told(url):
    with pytest.raises(InvalidArgument, match="no address of a service"):
        Address.of(url)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(InvalidArgument) as caught:
        Address.of("https://user:hunter2@bench-7")
    assert "hunter2" not in str(caught.value)


def test_a_proxy_in_front_may_have_put_the_service_below_a_path():
    with stranger(OK) as (url, asked):
        assert Connection(f"{url}/rack7/", None, 1.0, None).get("/version") == {"here": True}
        assert asked[0][0] == "/rack7/api/v1/version"


def test_the_environments_proxy_is_asked_for_other_hosts_and_never_for_this_one(monkeypatch):
    with stranger(OK) as (proxy, by_proxy), stranger(OK) as (here, direct):
        monkeypatch.setenv("http_proxy", proxy.replace("http://", "http://me:secret@"))
        monkeypatch.delenv("no_proxy", raising=False)
        Connection(here, "t0ken", 1.0, None).get("/version")
        Connection("http://bench-7.invalid:8080", "t0ken", 1.0, None).get("/version")
    assert [path for path, _ in direct] == ["/api/v1/version"]
    [(path, headers)] = by_proxy
    assert path == "http://bench-7.invalid:8080/api/v1/version"
    assert headers["Proxy-Authorization"] == "Basic bWU6c2VjcmV0"
    assert headers["Host"] == "bench-7.invalid:8080"


def test_a_certificates_file_that_is_none_is_told(tmp_path):
    for path in (tmp_path / "missing.pem", tmp_path):
        with pytest.raises(ConfigError, match="cannot be used"):
            Way(Address.of("https://bench-7"), path)
