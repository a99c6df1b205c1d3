"""Decision tables (DMN 1.1 to 1.5): reading an uploaded file, and deciding. Pure: no database, no engine."""

from app.workflow.decisions.compiled import from_compiled, to_compiled
from app.workflow.decisions.evaluating import DecisionResult, evaluate
from app.workflow.decisions.model import DecisionError, DecisionFinding, DecisionModel, DecisionTable
from app.workflow.decisions.parsing import parse_dmn

__all__ = [
    "DecisionError",
    "DecisionFinding",
    "DecisionModel",
    "DecisionResult",
    "DecisionTable",
    "evaluate",
    "from_compiled",
    "parse_dmn",
    "to_compiled",
]
