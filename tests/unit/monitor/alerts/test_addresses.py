"""Which addresses a message may be sent to."""

import pytest

from monitor.alerts.addresses import PrivateAddress, PublicResolver, is_public, receiver_url
from monitor.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    """Whatever form it is hidden in."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_an_address_outside_is_public(address: str) -> None:
    """Also behind the prefix for translation."""
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "http://[::1]:80/", "https://localhost/", "http://a.localhost/"]
)
def test_a_private_receiver_needs_the_operators_word(url: str) -> None:
    """The way out is named."""
    with pytest.raises(ConfigError, match=r"receiver ops: .* set allow_private: true"):
        receiver_url("ops", url, allow_private=False)
    assert receiver_url("ops", url, allow_private=True)


@pytest.mark.parametrize(
    "url", ["", "example.org", "file:///etc/passwd", "ftp://example.org/", "http://", "http://[::1"]
)
def test_only_http_addresses_are_receivers(url: str) -> None:
    """Everything else is refused when the configuration is read."""
    with pytest.raises(ConfigError, match="receiver ops: its url"):
        receiver_url("ops", url, allow_private=True)


async def test_a_name_that_leads_inside_is_refused() -> None:
    """It is refused where it is resolved, so that it cannot change in between."""
    resolver = PublicResolver()
    with pytest.raises(PrivateAddress, match="localhost leads to a private address"):
        await resolver.resolve("localhost", 80)
    await resolver.close()
