"""Secrets: the file says where they are kept, never what they are.

Strategy: a field called password, token, secret or the like holds a reference: `env:NAME`, `file:PATH` or, of what
systemd placed with LoadCredential=, `credential:NAME`; also written `${env:NAME}`. Here it is only checked that
something is kept there, so that a missing secret is found with its line; the door reads it when it opens. No secret
is ever in a configuration record, and a text that is no reference is refused without being repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.config.scalars import Bad

SECRET_FIELD = re.compile(r"(?:^|_)(?:password|passphrase|token|secret|pin)s?\Z")
_REFERENCE = re.compile(r"(?:\$\{)?(env|file|credential):([^{}]+)(\})?\Z")
_URL_PASSWORD = re.compile(r"[a-z+]+://[^/@\s]*:[^/@\s]+@")
SECRET_BYTES_MAX = 64 * 1024  # a key file is a few kilobytes; a mistaken path may be anything


class Secret(str):
    """A text that does not show itself in repr, and so not in a record's either."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def refers(text: str) -> bool:
    """Whether a text is written as a reference that only a secret may be."""
    return text.startswith("${") and _REFERENCE.match(text) is not None


def reference(text: str, environ: Mapping[str, str], base: Path) -> str | Bad:
    """A reference in its short form, with an absolute path, once it is known that something is kept there."""
    match = _REFERENCE.match(text)
    if match is None or text.startswith("$") != (match[3] is not None):
        return Bad("a secret is named as env:NAME, file:PATH or credential:NAME, never written down itself")
    kind, name = match[1], match[2]
    if kind == "env":
        return f"env:{name}" if environ.get(name) else Bad(f"the environment variable {name} is not set")
    folder = environ.get("CREDENTIALS_DIRECTORY", "")
    if kind == "credential" and (not folder or "/" in name):
        return Bad(f"systemd has placed no credential {name} (LoadCredential={name}:...)")
    path = base / name if kind == "file" else Path(folder) / name
    return _problem(path) or (f"file:{path}" if kind == "file" else f"credential:{name}")


def _problem(path: Path) -> Bad | None:
    try:
        with path.open("rb") as file:
            data = file.read(SECRET_BYTES_MAX + 1)
    except (OSError, ValueError) as error:
        return Bad(f"the file {path} cannot be read: {getattr(error, 'strerror', None) or 'bad name'}")
    if len(data) > SECRET_BYTES_MAX:
        return Bad(f"the file {path} is longer than {SECRET_BYTES_MAX} bytes")
    return None if data.strip() else Bad(f"the file {path} is empty")


def masked(url: str) -> str:
    """A URL, as a Secret when it holds a password."""
    return Secret(url) if _URL_PASSWORD.match(url) else url
