"""The process in which scripts run: reads requests from standard input, answers on standard output.

Started by `app.workflow.language.scripting` with an empty environment; never imported by the desk. It limits its own
memory and processor time; whatever the limits do not end politely, they end by killing this process.
"""

from __future__ import annotations

import os
import re
import resource
import select
import signal
import struct
import sys
import time
from typing import Any

import orjson
import starlark

IDLE_SECONDS = 60
MAX_CALLS = 60
MAX_OUTPUT = 2_000_000

MAX_NAMES = 300  # variables that one script may read

_HEADER = struct.Struct(">I")
_TEXT = re.compile(r'"""(?s:.*?)"""|\'\'\'(?s:.*?)\'\'\'|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|#[^\n]*')
_INNER_NAME = re.compile(r"__\w+__")
_UNKNOWN = re.compile(r"Variable `(\w+)` not found")
_BOUND = re.compile(r"^([^\W\d]\w*)[ \t]*=(?!=)", re.MULTILINE)
_NAMES = re.compile(r"[^\W\d]\w*")
_FUNCTIONS = re.compile(r"^[ \t]*def[ \t]+([^\W\d]\w*)", re.MULTILINE)


def _dialect() -> Any:
    dialect = starlark.Dialect.standard()
    dialect.enable_top_level_stmt = True
    dialect.enable_f_strings = True
    dialect.enable_lambda = True
    dialect.enable_def = True
    dialect.enable_load = False
    return dialect


_DIALECT = _dialect()
_GLOBALS = starlark.Globals.extended_by([starlark.LibraryExtension.Json, starlark.LibraryExtension.Print])


def _results(module: Any, source: str, data: dict[str, Any]) -> dict[str, Any]:
    """What the script leaves behind: the data given, changed, and the names it set at its top level."""
    functions = set(_FUNCTIONS.findall(source))
    bound = set(_BOUND.findall(source))
    result = dict(data)
    for name in sorted((set(_NAMES.findall(source)) | data.keys()) - functions):
        if name.startswith("_") or not name.isidentifier():
            continue
        try:
            value = module[name]
        except starlark.StarlarkError as error:
            raise ValueError(f"variable {name}: {error}") from None
        if value is not None or name in data or name in bound:
            result[name] = value
    return result


def _run(source: str, data: dict[str, Any], *, seconds: float) -> bytes:
    module = starlark.Module()
    for name, value in data.items():
        if name.isidentifier():
            module[name] = value
    end = time.process_time() + seconds

    def late() -> bool:
        return time.process_time() > end

    options = starlark.EvalOptions(check_cancelled=late, max_callstack_size=MAX_CALLS)
    try:
        starlark.eval_with(options, module, starlark.parse("script", source, _DIALECT), _GLOBALS)
    except starlark.StarlarkError:
        if late():
            return orjson.dumps({"error": "slow"})
        raise
    answer = orjson.dumps({"data": _results(module, source, data)})
    return answer if len(answer) <= MAX_OUTPUT else orjson.dumps({"error": "large"})


def _check(source: str) -> str:
    """What is wrong with a script, found without running any of it; empty when it can run.

    A name that nothing in the script sets may be a variable of the process, which is never something to call.
    """
    starlark.parse("script", source, _DIALECT)
    bare = _TEXT.sub(lambda found: "\n" * found.group().count("\n") or '""', source)
    if inner := _INNER_NAME.search(bare):
        return _told(
            bare, inner.start(), f"Scripts have no {inner.group()}: there is no way out of a script to Python."
        )
    module = starlark.Module()
    never = "if False:\n" + "".join(f"  {line}\n" for line in source.splitlines()) + "  pass\n"
    for _ in range(MAX_NAMES):
        try:
            starlark.eval(module, starlark.parse("script", never, _DIALECT), _GLOBALS)
        except starlark.StarlarkError as error:
            unknown = _UNKNOWN.search(str(error))
            if unknown is None:
                return ""  # an odd indentation that only this trial trips over; the text itself can be read
            name = unknown.group(1)
            if called := re.search(rf"(?<![\w.]){name}\s*\(", bare):
                return _told(
                    bare, called.start(), f"There is no function {name} here; the guide lists those there are."
                )
            module[name] = None
        else:
            return ""
    return f"error: The script reads more than {MAX_NAMES} variables."


def _told(source: str, position: int, sentence: str) -> str:
    line = source.count("\n", 0, position) + 1
    return f"error: {sentence}\n --> script:{line}:1"


def _limit(*, seconds: float, memory: int) -> None:
    """Leave this request `memory` bytes more than the process has now, and `seconds` of processor time, rounded up."""
    with open("/proc/self/statm", "rb") as pages:  # noqa: PTH123 - called between requests, after the limits on files
        size = int(pages.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + memory, resource.RLIM_INFINITY))
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time() + seconds) + 1, resource.RLIM_INFINITY))


def _answer(request: dict[str, Any]) -> bytes:
    try:
        _limit(seconds=request["seconds"], memory=request["memory"])
        if request["do"] == "check":
            wrong = _check(request["source"])
            return orjson.dumps({"error": "script", "text": wrong} if wrong else {"data": {}})
        return _run(request["source"], request["data"], seconds=request["seconds"])
    except starlark.StarlarkError as error:
        return orjson.dumps({"error": "script", "text": _shortened(str(error))})
    except (TypeError, ValueError, RecursionError) as error:
        return orjson.dumps({"error": "value", "text": str(error)[:1_000]})
    except MemoryError:
        return orjson.dumps({"error": "memory"})


def _shortened(text: str) -> str:
    """Both ends of a long report: what is wrong stands first or last, the traceback and the source between."""
    lines = [line[:600] for line in text.splitlines()]
    return "\n".join(lines if len(lines) <= 40 else [*lines[:20], *lines[-20:]])


def _read(count: int) -> bytes | None:
    found = bytearray()
    while len(found) < count:
        piece = os.read(0, count - len(found))
        if not piece:
            return None
        found += piece
    return bytes(found)


def _write(answer: bytes) -> None:
    view = memoryview(_HEADER.pack(len(answer)) + answer)
    while view:
        view = view[os.write(1, view) :]


def main() -> None:
    """Answer requests until the desk closes the pipe or has had nothing to ask for a minute."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    waiting = select.poll()
    waiting.register(0, select.POLLIN)
    while waiting.poll(IDLE_SECONDS * 1_000):
        header = _read(_HEADER.size)
        if header is None:
            return
        body = _read(_HEADER.unpack(header)[0])
        if body is None:
            return
        _write(_answer(orjson.loads(body)))


if __name__ == "__main__":
    main()
    sys.exit(0)
