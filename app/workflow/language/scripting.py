"""Script tasks: Starlark, run in a child process that has limited processor time and memory.

The child has no environment, is kept between calls and is killed and replaced when a script breaks a limit.
Safe under threads (a small pool) and after a fork (the new process starts children of its own).
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from app.workflow.language.lexer import LanguageError
from app.workflow.language.script_pool import POOL, ChildError

MAX_SOURCE = 20_000
MAX_INPUT = 2_000_000
MAX_SECONDS = 10.0
# What a script may take on a busy machine beyond its processor time; that is limited by the child itself.
_GRACE = 4.0

_FORBIDDEN = {
    "while": "Scripts have no while; use for … in range(1000) and break.",
    "import": "Scripts cannot import anything; what they may use is listed in the language guide.",
    "try": "Scripts have no try; test a value before using it.",
    "class": "Scripts have no classes; use functions and dictionaries.",
    "with": "Scripts have no with; they cannot open anything.",
    "is": "Write == instead of is.",
    "global": "Scripts have no global; return a value from the function instead.",
    "raise": "Write fail('reason') instead of raise.",
    "del": "Write data.pop('key') instead of del.",
}
_KEYWORD = re.compile(r"reserved keyword `(\w+)`")
_PLACE = re.compile(r"--> script:(\d+):\d+")
_SENTENCE = re.compile(r"^error: (?:fail: |Parse error: )?(.*\S)", re.MULTILINE)


class ScriptError(LanguageError):
    """A script that cannot be read, failed, or broke a limit; `line` counts from 1 where it is known."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        """Keep the sentence and the line it is about."""
        super().__init__(message if line is None else f"Line {line}: {message}")
        self.line = line


def run_script(source: str, data: dict[str, Any], *, seconds: float = 1.0, memory_mb: int = 256) -> dict[str, Any]:
    """Run a script with `data` as its variables; gives the data back with what the script changed and set.

    `seconds` is processor time, `memory_mb` MiB on top of an idle child. Names that begin with `_` and functions stay
    inside the script. Values must be JSON-like; dates go in as ISO texts. ScriptError for everything that goes wrong.
    """
    seconds = min(max(seconds, 0.05), MAX_SECONDS)
    _check_size(source)
    request = {"do": "run", "source": source, "data": data, "seconds": seconds, "memory": memory_mb * 1024 * 1024}
    try:
        body = orjson.dumps(request)
    except (TypeError, ValueError) as error:
        raise ScriptError(f"The case's data cannot be given to a script: {error}.") from None
    if len(body) > MAX_INPUT:
        raise ScriptError(f"The case's data is larger than {MAX_INPUT} bytes, too much for a script.")
    return _ask(body, wall=seconds + _GRACE, seconds=seconds, memory_mb=memory_mb)


def check_script(source: str) -> list[str]:
    """What is wrong with a script before it ever runs, as sentences; an empty list when it can be read."""
    try:
        _check_size(source)
        body = orjson.dumps({"do": "check", "source": source, "seconds": 1.0, "memory": 64 * 1024 * 1024})
        _ask(body, wall=1.0 + _GRACE, seconds=1.0, memory_mb=64)
    except ScriptError as error:
        return [error.message]
    except TypeError:
        return ["The script holds characters that cannot be stored as UTF-8."]
    return []


def _check_size(source: str) -> None:
    if len(source) > MAX_SOURCE:
        raise ScriptError(f"The script has {len(source)} characters; at most {MAX_SOURCE} are allowed.")


def _ask(body: bytes, *, wall: float, seconds: float, memory_mb: int) -> dict[str, Any]:
    slow = f"The script did not end in time and was stopped; it may compute for {seconds:g} s."
    large = f"The script used too much memory or nested too deeply and was stopped; it may use {memory_mb} MB."
    try:
        answer = orjson.loads(POOL.ask(body, wall=wall))
    except TimeoutError:
        raise ScriptError(slow) from None
    except ChildError:
        raise ScriptError(large) from None
    except OSError as error:
        raise ScriptError(f"No process could be started for the script: {error}.") from error
    match answer.get("error"):
        case None:
            return dict(answer["data"])
        case "slow":
            raise ScriptError(slow)
        case "memory":
            raise ScriptError(large)
        case "large":
            raise ScriptError(f"The script's results are larger than {MAX_INPUT} bytes.")
        case "value":
            raise ScriptError(f"The script's results cannot be stored: {answer['text'].rstrip('.')}.")
        case _:
            raise _explained(answer["text"])


def _explained(text: str) -> ScriptError:
    place = _PLACE.search(text)
    line = int(place.group(1)) if place else None
    keyword = _KEYWORD.search(text)
    if keyword and keyword.group(1) in _FORBIDDEN:
        return ScriptError(_FORBIDDEN[keyword.group(1)], line=line)
    sentence = _SENTENCE.search(text)
    found = sentence.group(1).split(", expected one of")[0] if sentence else "The script cannot be read."
    return ScriptError(found[:500], line=line)
