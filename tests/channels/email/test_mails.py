"""Mails as they come: each file of `mails/` is read, and what `expected.json` says of it holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from channels.email.explain import explain
from channels.email.mime import parse_mail

MAILS = Path(__file__).parent / "mails"
EXPECTED = json.loads((MAILS / "expected.json").read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_mail(name):
    raw = (MAILS / f"{name}.eml").read_bytes()
    wanted = dict(EXPECTED[name])
    found = explain(raw)
    files = wanted.pop("attachments", None)
    if files is not None:
        assert [(file["name"], file["type"]) for file in found["attachments"]] == [
            (name, kind) for name, kind, _size in files
        ]
        assert all(
            size in {None, file["size"]} for file, (_name, _kind, size) in zip(found["attachments"], files, strict=True)
        )
    if (part := wanted.pop("html_has", None)) is not None:
        assert part in found["html"]
    if (inline := wanted.pop("inline", None)) is not None:
        assert [file.inline for file in parse_mail(raw).attachments] == inline
    assert {key: found[key] for key in wanted} == wanted


def test_every_mail_has_an_expectation():
    assert {path.stem for path in MAILS.glob("*.eml")} == set(EXPECTED)
