"""Saves and loads an instance: one flat JSON list of tokens, packed with zstd, with a format number and upgraders.

User data is only ever data here: no key in it is read as a type, and nothing is instantiated from it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import local
from typing import Any

import orjson
import zstandard

from app.workflow.running.errors import DataError, StateError
from app.workflow.running.graph import Definition
from app.workflow.running.tokens import READY, Instance, Token
from app.workflow.running.types import Host

FORMAT = 1
MAX_STATE = 32 * 1024 * 1024

#: From format n to n + 1, for states saved by older releases.
UPGRADERS: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

_packers = local()


def _packer() -> tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor]:
    found: tuple[zstandard.ZstdCompressor, zstandard.ZstdDecompressor] | None = getattr(_packers, "pair", None)
    if found is None:
        found = _packers.pair = (zstandard.ZstdCompressor(level=3), zstandard.ZstdDecompressor())
    return found


def dump(inst: Instance) -> bytes:
    """The whole state of an instance. Raises DataError like `pack`."""
    tokens = [
        [token.id, token.parent_id, token.task_spec.id, token.state, token.data, token.internal_data]
        for token in inst.tasks.values()
    ]
    return pack({"f": FORMAT, "d": inst.graph.digest, "s": inst.status, "o": inst.outcome, "t": tokens})


def pack(state: dict[str, Any]) -> bytes:
    """A state as bytes. Raises DataError when it is larger than 32 MiB."""
    packed = orjson.dumps(state)
    if len(packed) > MAX_STATE:
        raise DataError(f"The state of the process has grown to {len(packed)} bytes; at most {MAX_STATE} can be kept.")
    return _packer()[0].compress(packed)


def restore(graph: Definition, state: bytes, host: Host) -> Instance:
    """An instance as it was saved. Raises StateError for damage, an unknown format or another definition."""
    raw = unpack(state)
    if raw["d"] != graph.digest:
        raise StateError("This state belongs to another version of the process.")
    inst = Instance(graph, host)
    inst.status, inst.outcome = raw["s"], raw["o"]
    for token_id, parent, node_id, token_state, data, internal in raw["t"]:
        node = graph.nodes.get(node_id)
        if node is None:
            raise StateError(f"The state names the element '{node_id}', which the process does not have.")
        token = Token(inst, node, inst.tasks[parent] if parent else None, state=token_state, id=token_id)
        token.data, token.internal_data = data, internal
        if parent is None:
            inst.task_tree = token
        if token_state == READY:
            inst.ready.append(token)
    return inst


def unpack(state: bytes) -> dict[str, Any]:
    """The saved state as it was packed, in today's format. Raises StateError for damage and unknown formats."""
    try:
        raw = orjson.loads(_packer()[1].decompress(state, max_output_size=MAX_STATE))
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise StateError("The saved state of the process is damaged.") from error
    while isinstance(raw, dict) and raw.get("f") in UPGRADERS:
        raw = UPGRADERS[raw["f"]](raw)
    if not isinstance(raw, dict) or raw.get("f") != FORMAT:
        raise StateError("The saved state has a format that this release does not know.")
    return raw
