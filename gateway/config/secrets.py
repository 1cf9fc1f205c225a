"""Secrets: named in the file, kept elsewhere, resolved at load, never shown.

Strategy: a field whose name ends in password, token, secret, key or the like holds a Secret, a text whose repr is a
mask. Its value is written `${env:NAME}` or `${file:/run/credentials/...}`; a literal is taken too, for tests.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.config.scalars import Bad

SECRET_FIELD = re.compile(r"(?:^|_)(?:password|passphrase|token|secret|key|pin|credential)s?\Z")
_REFERENCE = re.compile(r"\$\{(env|file):([^{}]+)\}\Z")
_URL_PASSWORD = re.compile(r"[a-z+]+://[^/@\s]*:[^/@\s]+@")
SECRET_BYTES_MAX = 64 * 1024  # a private key with its chain


class Secret(str):
    """A text that does not show itself in repr, and so not in a record's either."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


def refers(text: str) -> bool:
    """Whether a text is written as a reference to a secret kept elsewhere."""
    return text.startswith(("${env:", "${file:"))


def resolve(text: str, environ: Mapping[str, str], base: Path) -> Secret | Bad:
    """The secret that a text names, or is."""
    if not refers(text):
        return Secret(text)
    match = _REFERENCE.match(text)
    if match is None:
        return Bad("is not a reference to a secret; write ${env:NAME} or ${file:/path}")
    kind, name = match.groups()
    if kind == "file":
        return _from_file(base / name)
    value = environ.get(name, "")
    return Secret(value) if value else Bad(f"the environment variable {name} is not set")


def _from_file(path: Path) -> Secret | Bad:
    try:
        with path.open("rb") as file:
            data = file.read(SECRET_BYTES_MAX + 1)
        value = data.decode().rstrip("\r\n")
    except OSError as error:
        return Bad(f"the file {path} cannot be read: {error.strerror or 'bad name'}")
    except ValueError:
        return Bad(f"the file {path} is not UTF-8 text, or its name is bad")
    if len(data) > SECRET_BYTES_MAX:
        return Bad(f"the file {path} is longer than {SECRET_BYTES_MAX} bytes")
    return Secret(value) if value else Bad(f"the file {path} is empty")


def masked(url: str) -> str:
    """A URL, as a Secret when it holds a password."""
    return Secret(url) if _URL_PASSWORD.match(url) else url
