"""The language in which cases are filtered and searched: `team:repairs due<4h "no hot water" -is:chased`.

`reading` makes a tree of a text, `tree` prints it, `compiling` makes a condition of it, `checking` proves the condition right.
"""

from __future__ import annotations

from app.cases.filtering.compiling import Said, condition, parted
from app.cases.filtering.rarity import is_rare
from app.cases.filtering.reading import parse
from app.cases.filtering.scope import Scope
from app.cases.filtering.tree import QueryError, printed

__all__ = ["QueryError", "Said", "Scope", "condition", "is_rare", "parse", "parted", "printed"]
