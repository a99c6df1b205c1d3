"""`flask mail explain`: what the desk makes of a mail, without a desk."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
import orjson

from channels.email.explain import iter_explain


@click.group()
def mail() -> None:
    """Look at mails."""


@mail.command("explain")
@click.argument("paths", nargs=-1, required=True)
def mail_explain(paths: tuple[str, ...]) -> None:
    """Print one JSON line for each mail in PATHS: files, folders, or - for standard input."""
    for told in iter_explain(paths):
        sys.stdout.buffer.write(_line(told) + b"\n")
        sys.stdout.buffer.flush()


def _line(told: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(told)
    except orjson.JSONEncodeError:  # half a surrogate pair, as broken mails have them: only escapes can say that
        return json.dumps(told).encode()
