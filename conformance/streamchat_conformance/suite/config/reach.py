"""The reach of a target: on this machine, in a private network, or public."""

from __future__ import annotations

import ipaddress

from streamchat_conformance.recorder.connecting import resolve
from streamchat_conformance.recorder.endpoint import Endpoint
from streamchat_conformance.recorder.errors import ConnectError
from streamchat_conformance.recorder.limits import Limits


def is_public(endpoint: Endpoint, limits: Limits) -> bool:
    """Return whether a request to the endpoint may leave the private networks.

    A name that has no address is not judged here: the first request reports it.
    """
    try:
        addresses = resolve(endpoint, limits)
    except ConnectError:
        return False
    return any(is_public_address(str(address.sockaddr[0])) for address in addresses)


def is_public_address(text: str) -> bool:
    """Return whether an address can be reached from everywhere."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_global
