"""What the desk makes of a mail, as one JSON-able line per mail: for `flask mail explain`, and by itself on a terminal.

python -m channels.email.explain PATH…        files, folders, or - for standard input
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from channels.email.child import ParserChild
from channels.email.limits import MAX_MESSAGE
from channels.email.mime import parse_mail
from channels.email.parsed import MailAddress, ParsedMail


def explain(raw: bytes, *, path: str = "-", own_addresses: Collection[str] = ()) -> dict[str, Any]:
    """What the desk makes of one mail, read in this process. Never raises."""
    return as_dict(parse_mail(raw, own_addresses=own_addresses), path=path)


def as_dict(mail: ParsedMail, *, path: str) -> dict[str, Any]:
    """A parsed mail in the shape of `mail explain`."""
    return {
        "path": path,
        "from": mail.from_addr,
        "from_name": mail.from_name,
        "to": _addresses(mail.to),
        "cc": _addresses(mail.cc),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "html": mail.html,
        "reply_text": mail.reply_text,
        "attachments": [
            {"name": file.name, "type": file.media_type, "size": file.size, "sha256": file.sha256}
            for file in mail.attachments
        ],
        "auto": mail.auto,
        "bounce": None
        if mail.bounce is None
        else {
            "recipient": mail.bounce.recipient,
            "status": mail.bounce.status,
            "hard": mail.bounce.hard,
            "reason": mail.bounce.reason,
        },
        "problems": list(mail.problems),
    }


def _addresses(boxes: tuple[MailAddress, ...]) -> list[str]:
    return [box.address for box in boxes]


def iter_explain(paths: Iterable[str | Path], *, own_addresses: Collection[str] = ()) -> Iterator[dict[str, Any]]:
    """One dict per mail of files, folders (all files below, in order) or `-` (standard input), read in a limited child.

    What cannot be opened gives a dict with the cause in `problems`.
    """
    with ParserChild() as parser:
        for name, raw, problem in _mails(paths):
            mail = parser.parse(raw, own_addresses=own_addresses) if not problem else ParsedMail(problems=(problem,))
            yield as_dict(mail, path=name)


def _mails(paths: Iterable[str | Path]) -> Iterator[tuple[str, bytes, str]]:
    for given in paths:
        if str(given) == "-":
            yield _read_input()
            continue
        for file in _files(str(given)):
            yield _read(file)


def _files(given: str) -> list[str]:
    """The file, or all regular files below the folder in order. Folders that cannot be read are in the list, to be told."""
    if not _is_folder(given):
        return [given]
    found: list[Path] = []

    def tell(error: OSError) -> None:
        found.append(Path(error.filename))

    for folder, _inner, names in os.walk(given, onerror=tell):
        paths = (Path(folder, name) for name in names)
        found += [path for path in paths if path.is_file() or not path.exists()]
    return [str(path) for path in sorted(found)]


def _is_folder(given: str) -> bool:
    try:
        return bool(given) and Path(given).is_dir()
    except (OSError, ValueError):  # no such name can be
        return False


def _read(file: str) -> tuple[str, bytes, str]:
    if not file:
        return file, b"", "unparsed: a path without a name"
    try:
        with Path(file).open("rb") as stream:
            return file, stream.read(MAX_MESSAGE + 1), ""
    except (OSError, ValueError) as error:
        return file, b"", _unreadable(error)


def _read_input() -> tuple[str, bytes, str]:
    try:
        return "-", sys.stdin.buffer.read(MAX_MESSAGE + 1), ""
    except (OSError, ValueError, AttributeError) as error:  # closed, or none at all
        return "-", b"", _unreadable(error)


def _unreadable(error: Exception) -> str:
    return f"unparsed: the file cannot be read: {getattr(error, 'strerror', None) or error}"


def main(arguments: list[str]) -> int:
    """Print one JSON line per mail. Returns the exit status: 2 without a path."""
    if not arguments:
        sys.stderr.write("usage: python -m channels.email.explain PATH…   (files, folders, or -)\n")
        return 2
    for found in iter_explain(arguments):
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
