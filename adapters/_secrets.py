"""Secrets are never in routes.yaml; it says where they are kept.

`env:NAME` is an environment variable, `file:PATH` a file, `credential:NAME` a file that systemd placed with
LoadCredential=. Trailing line ends are not part of a secret.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

SECRET_BYTES_MAX = 64 * 1024  # a key file is a few kilobytes; a mistaken path may be anything


def resolve(reference: str, environ: Mapping[str, str] = os.environ) -> str:
    """The secret that a reference names. Raises ValueError with a sentence that does not hold the secret."""
    kind, colon, name = reference.partition(":")
    if not colon or kind not in ("env", "file", "credential") or not name:
        raise ValueError("a secret is named as env:NAME, file:PATH or credential:NAME, never written down itself")
    if kind == "env":
        secret = environ.get(name, "")
    elif kind == "file":
        secret = _read(Path(name))
    else:
        folder = environ.get("CREDENTIALS_DIRECTORY", "")
        if not folder or "/" in name:
            raise ValueError(f"{reference}: systemd has placed no such credential (LoadCredential={name}:...)")
        secret = _read(Path(folder) / name)
    secret = secret.rstrip("\r\n")
    if not secret:
        raise ValueError(f"{reference} is empty or not set")
    return secret


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(SECRET_BYTES_MAX).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"the secret in {path} cannot be read: {error.__class__.__name__}") from None
