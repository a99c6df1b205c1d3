"""The child process that reads an uploaded file: limits itself, compiles, starts the process once, answers, and ends.

Run as `python -m app.workflow.importing.child`. It says `ready` when it can take one job on its standard input.
"""

from __future__ import annotations

import resource
import sys
from base64 import b64decode, b64encode
from dataclasses import asdict
from typing import Any

import orjson

from app.workflow.importing import guard
from app.workflow.importing.compile import compile_document
from app.workflow.importing.report import Finding, ImportResult, Report
from app.workflow.running.trial import try_out

READY = b"ready\n"
TOO_COSTLY = 3
CPU_SECONDS = 2
MEMORY = 512 * 1024 * 1024


def main() -> None:
    """Does one job under the limits."""
    sys.stdout.buffer.write(READY)
    sys.stdout.buffer.flush()
    job = orjson.loads(sys.stdin.buffer.read())
    _limit()
    try:
        answer = work(job)
    except (MemoryError, RecursionError):
        sys.exit(TOO_COSTLY)
    except Exception as error:  # noqa: BLE001 - whatever a strange file does to us is told, not thrown
        answer = to_dict(ImportResult((_defect(error),), False, (), None, job["digest"]))
    sys.stdout.buffer.write(orjson.dumps(answer))


def _defect(error: Exception) -> Finding:
    message = (
        f"The file could not be read ({type(error).__name__}: {str(error)[:200]}). Please report it with the file."
    )
    return Finding(None, "error", "defect", message)


def _limit() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def work(job: dict[str, Any]) -> dict[str, Any]:
    """Compiles and tries out one file; the answer is the import result as JSON."""
    report = Report()
    root = guard.parse_tree(b64decode(job["xml"]), report)
    if root is None:
        return to_dict(ImportResult(tuple(report.findings), False, (), None, job["digest"]))
    result = compile_document(
        root,
        report,
        digest=job["digest"],
        dmn={name: b64decode(content) for name, content in job["dmn"].items()},
        known_capabilities=job["capabilities"],
    )
    answer = to_dict(result)
    if result.compiled is not None:
        troubles = try_out(result.compiled, digest=result.digest, processes=result.processes)
        answer["findings"] = [*answer["findings"], *(asdict(trouble) for trouble in troubles)]
    return answer


def to_dict(result: ImportResult) -> dict[str, Any]:
    """The JSON form of an import result."""
    raw = asdict(result)
    raw["compiled"] = b64encode(result.compiled).decode() if result.compiled is not None else None
    for key in ("capabilities", "decisions", "forms"):
        raw[key] = sorted(raw[key])
    return raw


if __name__ == "__main__":
    main()
