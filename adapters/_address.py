"""Addresses to listen on, as routes.yaml writes them: `127.0.0.1:8080`, `[::1]:8080`, `localhost:0`."""

from __future__ import annotations

import ipaddress


def split(listen: str) -> tuple[str, int]:
    """Host and port. Raises ValueError with a sentence."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(f"{listen!r} is not an address to listen on; it is written host:port, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach it. A name other than localhost is taken for reachable."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
