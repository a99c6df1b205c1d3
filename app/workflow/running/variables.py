"""Variables of a running process: local ones on tokens, the rest on the process (or called process) they belong to."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import orjson

from app.workflow.running import expressions
from app.workflow.running.errors import DataError
from app.workflow.running.tokens import Instance, Token

MAX_BYTES = 1024 * 1024


def _plain(value: Any) -> Any:
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value) if value % 1 else int(value)
    if isinstance(value, (UUID, bytes)):
        return str(value)
    if isinstance(value, (set, frozenset, tuple)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def clean(data: Mapping[str, Any]) -> dict[str, Any]:
    """A plain JSON copy of data from outside. Raises DataError for what JSON cannot hold or for more than 1 MiB."""
    try:
        packed = orjson.dumps(data, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(f"Process data must be plain JSON with text keys and moderate numbers ({error}).") from error
    if len(packed) > MAX_BYTES:
        raise DataError(
            f"One step may bring at most {MAX_BYTES} bytes of process data, this one brought {len(packed)}."
        )
    return cast(dict[str, Any], orjson.loads(packed))


def chain(token: Token) -> list[dict[str, Any]]:
    """The variable maps that a token sees, nearest first."""
    maps: list[dict[str, Any]] = []
    here: Token | None = token
    while here is not None:
        if here.data or "root" in here.internal_data:
            maps.append(here.data)
        if "root" in here.internal_data:
            break
        here = here.parent
    return maps


def visible(inst: Instance, token: Token) -> Mapping[str, Any]:
    """All names an expression of this token may use. The host's names win, so that no variable can pose as a case."""
    return ChainMap(cast(dict[str, Any], inst.host.names()), *chain(token))


def snapshot(token: Token) -> dict[str, Any]:
    """The variables that a token sees, as one map."""
    merged: dict[str, Any] = {}
    for values in reversed(chain(token)):
        merged.update(values)
    return merged


def write(token: Token, values: Mapping[str, Any]) -> None:
    """Sets variables where they live already, and new ones on the process."""
    maps = chain(token)
    for name, value in values.items():
        for candidate in maps:
            if name in candidate:
                candidate[name] = value
                break
        else:
            maps[-1][name] = value


def resolve(value: Any, names: Mapping[str, Any]) -> Any:
    """A literal of the diagram, or the value of its `${...}`."""
    return expressions.resolve(value, names) if isinstance(value, str) else value


def with_names(names: Mapping[str, Any], /, **extra: Any) -> Mapping[str, Any]:
    """Names with a few more in front."""
    return ChainMap(extra, cast(dict[str, Any], names))
