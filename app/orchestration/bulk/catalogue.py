"""Which kinds of bulk action there are. A new one is added here, with one entry."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import Invalid
from app.orchestration.bulk import acts, custom, fields, macro
from app.orchestration.bulk.kinds import Kind

KINDS: Mapping[str, Kind] = {kind.key: kind for kind in (*fields.KINDS, *custom.KINDS, *acts.KINDS, *macro.KINDS)}


def kind_of(key: str) -> Kind:
    """Return a kind; raises Invalid."""
    found = KINDS.get(key)
    if found is None:
        raise Invalid("kind_unknown", f"Choose one of: {', '.join(KINDS)}.", fields={"kind": "unknown"})
    return found
