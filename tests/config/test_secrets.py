"""Secrets are named, checked to be there, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.config.known import GOOD, good, place, problems

LITERAL = "a secret is named as env:NAME, file:PATH or credential:NAME, never written down itself"


def _with(line: str) -> str:
    return GOOD.replace("    listen: 127.0.0.1:9878\n", f"    listen: 127.0.0.1:9878\n    {line}\n")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "pass").write_text("hunter2\n")
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    return {"FIX_PASS": "hunter2", "CREDENTIALS_DIRECTORY": str(tmp_path)}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("env:FIX_PASS", "env:FIX_PASS"),
        ("${env:FIX_PASS}", "env:FIX_PASS"),
        ("file:pass", "file:{base}/pass"),
        ("'${file:pass}'", "file:{base}/pass"),
        ("credential:pass", "credential:pass"),
        ("''", ""),
    ],
)
def test_references_are_kept_as_references(tmp_path: Path, environ: dict[str, str], written: str, kept: str) -> None:
    config = good(_with(f"password: {written}"), environ, tmp_path)
    assert config.endpoints["fix_clients"].config.password == kept.format(base=tmp_path)
    assert "hunter2" not in repr(config)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("hunter2", LITERAL),
        ("'${env:FIX_PASS'", LITERAL),
        ("'env:FIX_PASS}'", LITERAL),
        ("env:OTHER", "the environment variable OTHER is not set"),
        ("file:none", "the file {base}/none cannot be read: No such file or directory"),
        ('"file:no\\u0001\\u0000ne"', "holds a zero byte"),
        ("file:empty", "the file {base}/empty is empty"),
        ("file:long", "the file {base}/long is longer than 65536 bytes"),
        ("credential:../pass", "systemd has placed no credential ../pass (LoadCredential=../pass:...)"),
        ("[a]", "expected a text, found a list"),
    ],
)
def test_what_is_no_reference_to_something(tmp_path: Path, environ: dict[str, str], written: str, text: str) -> None:
    sentence = text.format(base=tmp_path)
    text, where = place(_with(f"password: @@{written}"))
    (found,) = problems(text, environ, tmp_path)
    assert found == f"routes.yaml:{where}: endpoints.fix_clients.password: {sentence}"
    assert "hunter2" not in found


def test_a_mapping_of_secrets() -> None:
    text, where = place(_with("tokens: {CALLER: env:FIX_PASS, OTHER: @@plain}"))
    assert problems(text, {"FIX_PASS": "x"}) == [f"routes.yaml:{where}: endpoints.fix_clients.tokens.OTHER: {LITERAL}"]


def test_other_texts_are_no_references() -> None:
    (found,) = problems(GOOD.replace("name: Example Bank", "name: '${env:HOME}'"))
    assert "only passwords, tokens and the like may be kept elsewhere" in found


def test_the_password_of_the_store_is_not_shown() -> None:
    config = good(GOOD, {"DATABASE_URL": "postgresql://gateway:hunter2@db.example/gateway"})
    assert config.store == "postgresql://gateway:hunter2@db.example/gateway"
    assert "hunter2" not in repr(config)
