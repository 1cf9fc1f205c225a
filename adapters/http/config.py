"""What routes.yaml may say of an http endpoint."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from adapters import _address

LISTEN = "127.0.0.1:8080"  # where endpoints that receive and say nothing else are found


class Tls(Struct, frozen=True, forbid_unknown_fields=True):
    """TLS 1.3 for a listening address; paths of PEM files."""

    certificate: Path
    key: Path
    clients: Path | None = None  # certificates of authorities: callers must then show a certificate signed by one


class Config(Struct, frozen=True, forbid_unknown_fields=True):
    """One endpoint: a path that takes messages, the REST interface, or a URL that messages are sent to."""

    listen: str = ""  # host:port; endpoints with the same address share it; "" is 127.0.0.1:8080, or none with `url`
    path: str = ""  # where messages are POSTed, "" is /; of the REST interface, what stands before its paths
    api: bool = False  # serve /account, /transfer, /balance, /statement, /payments, /openapi.json, /metrics ...
    decide: bool = False  # serve /decision too: callers may decide about payments, recall and return them
    tokens: dict[str, str] = {}  # caller -> where the bearer token is kept: env:NAME, file:PATH, credential:NAME
    tls: Tls | None = None
    insecure: bool = False  # allow an address others can reach without TLS or without knowing the caller
    body_bytes_max: int = 10 * 1024 * 1024  # a larger message comes through a folder, which streams
    header_s: float = 10.0  # until a request's header has arrived
    body_s: float = 15.0  # until its body has arrived ...
    body_rate_min: int = 16 * 1024  # ... with a second more for each so many bytes that did
    idle_s: float = 75.0  # a kept-alive connection without a request
    write_s: float = 30.0  # a caller that does not read its answer
    room_s: float = 10.0  # waiting for the engine before a request is turned away
    connections_max: int = 4_096  # per address: each is a file descriptor and some 30 KiB
    url: str = ""  # where messages are sent, by POST
    url_token: str = ""  # where the bearer token for it is kept
    url_ca: Path | None = None  # PEM file of the authorities to trust for it, instead of the system's
    url_timeout_s: float = 30.0  # one delivery, from connecting to the answer
    url_parallel: int = 8  # deliveries under way at a time

    def __post_init__(self) -> None:
        if self.listens:
            self._check_listen()
        if self.url:
            self._check_url()
        if self.path and (not self.path.startswith("/") or self.path.endswith("/")):
            raise ValueError(f"path {self.path!r} begins with a slash and does not end with one")

    @property
    def listens(self) -> bool:
        """Whether this endpoint receives at all."""
        return bool(self.listen) or not self.url

    @property
    def address(self) -> str:
        """Where it receives."""
        return self.listen or LISTEN

    def _check_listen(self) -> None:
        host, _ = _address.split(self.address)
        if _address.is_loopback(host) or self.insecure:
            return
        known = bool(self.tokens) or (self.tls is not None and self.tls.clients is not None)
        if self.tls is None or not known:
            missing = "tls" if self.tls is None else "tokens (or tls.clients)"
            raise ValueError(f"{self.address} can be reached by others: set {missing}, or `insecure: true`")

    def _check_url(self) -> None:
        url = urlsplit(self.url)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ValueError(f"url {self.url!r} is not an http or https address")
        if url.scheme == "http" and not _address.is_loopback(url.hostname) and not self.insecure:
            raise ValueError("url is sent over the network in the clear: use https, or `insecure: true`")
        if url.username or url.password:
            raise ValueError("url holds a password: name where it is kept with url_token")
