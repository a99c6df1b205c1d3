"""The English of the causes of stuck steps, by the code that the engine gives them."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "fault_expression": "an expression cannot be worked out", "fault_script": "the script failed",
    "fault_decision": "the decision table gives no answer", "fault_no-flow": "no way out of a gateway",
    "fault_loop": "the number of repetitions is wrong", "fault_adhoc": "the ad-hoc part cannot go on",
    "fault_uncaught-error": "nothing catches the error", "fault_too-many-tokens": "too much at once",
    "fault_too-deep": "nested too deep", "fault_step-budget": "it goes round in circles",
    "fault_bad_inputs": "the step's inputs are wrong", "fault_capability_failed": "what the step calls failed",
    "fault_capability_unknown": "what the step calls does not exist", "fault_stuck": "stuck",
}  # fmt: skip
