"""Gives a file to a child process that reads it under limits, and takes the answer; a child that breaks them is killed."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson

from app.workflow.importing.report import Finding, ImportResult, ProcessInfo, StartKind, action_from_dict

_ROOT = Path(__file__).parents[3]
#: A busy machine may take long to start Python; the reading itself is limited by processor time in the child.
_START_SECONDS = 20.0
#: From then on; a usual file takes a twentieth of a second.
WORK_SECONDS = 2.2
_MODULE = "app.workflow.importing.child"
_READY = b"ready\n"


def compile_isolated(
    xml: bytes,
    *,
    digest: str,
    dmn: Mapping[str, bytes],
    known_capabilities: Collection[str] | None,
    seconds: float = WORK_SECONDS,
) -> ImportResult:
    """The import result from the child, or a draft with the reason why the child was stopped after so many seconds."""
    job = {
        "xml": b64encode(xml).decode(),
        "digest": digest,
        "dmn": {name: b64encode(content).decode() for name, content in dmn.items()},
        "capabilities": sorted(known_capabilities) if known_capabilities is not None else None,
    }
    answer = _ask(orjson.dumps(job), seconds)
    if answer is None:
        return ImportResult((_STOPPED,), False, (), None, digest)
    return from_dict(answer)


_STOPPED = Finding(
    None,
    "error",
    "too-costly",
    "Reading the file took more than 2 seconds or 512 MB, so it was stopped. Make the diagram simpler or split it.",
)


def _ask(job: bytes, seconds: float) -> dict[str, Any] | None:
    child = subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "PYTHONPATH": str(_ROOT)},
        cwd=_ROOT,
        bufsize=0,
        start_new_session=True,
    )
    try:
        if not _is_ready(child):
            return None
        answer, _ = child.communicate(job, timeout=seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        _end(child)
    return _read(answer) if child.returncode == 0 else None


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.wait()
    for stream in (child.stdin, child.stdout):
        if stream is not None:
            # What was still to be written to a child that is gone is of no use.
            with suppress(OSError):
                stream.close()


def _is_ready(child: subprocess.Popen[bytes]) -> bool:
    if child.stdout is None:
        return False
    poll = select.poll()
    poll.register(child.stdout, select.POLLIN)
    return bool(poll.poll(_START_SECONDS * 1000)) and os.read(child.stdout.fileno(), len(_READY)) == _READY


def _read(answer: bytes) -> dict[str, Any] | None:
    with suppress(orjson.JSONDecodeError):
        raw: dict[str, Any] = orjson.loads(answer)
        return raw
    return None


def from_dict(raw: dict[str, Any]) -> ImportResult:
    """Restores an import result from its JSON form."""
    return ImportResult(
        findings=tuple(Finding(**finding) for finding in raw["findings"]),
        executable=raw["executable"],
        processes=tuple(
            ProcessInfo(p["id"], p["name"], p["is_executable"], tuple(StartKind(**start) for start in p["starts"]))
            for p in raw["processes"]
        ),
        compiled=b64decode(raw["compiled"]) if raw["compiled"] is not None else None,
        digest=raw["digest"],
        capabilities=frozenset(raw["capabilities"]),
        decisions=frozenset(raw["decisions"]),
        forms=frozenset(raw["forms"]),
        actions=tuple(action_from_dict(action) for action in raw["actions"]),
        calls=tuple((element_id, called) for element_id, called in raw["calls"]),
        scripts=tuple((element_id, source) for element_id, source in raw["scripts"]),
        labels=raw["labels"],
    )
