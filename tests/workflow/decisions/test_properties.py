"""Hit policies against a naive reading of the rows."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.workflow.decisions import DecisionError, evaluate
from tests.workflow.decisions.dmn_files import model_of, table

WORDS = ["red", "green", "blue"]
NUMBER_TESTS = st.one_of(
    st.just(("-", lambda _value: True)),
    st.integers(0, 9).map(lambda n: (f"< {n}", lambda value, n=n: value < n)),
    st.integers(0, 9).map(lambda n: (f"{n}, {n + 2}", lambda value, n=n: value in (n, n + 2))),
    st.tuples(st.integers(0, 5), st.integers(5, 9)).map(
        lambda ends: (f"[{ends[0]}..{ends[1]})", lambda value, ends=ends: ends[0] <= value < ends[1])
    ),
)
WORD_TESTS = st.one_of(
    st.just(("", lambda _value: True)),
    st.sampled_from(WORDS).map(lambda word: (f'"{word}"', lambda value, word=word: value == word)),
    st.sampled_from(WORDS).map(lambda word: (f'not("{word}")', lambda value, word=word: value != word)),
)
RULES = st.lists(st.tuples(NUMBER_TESTS, WORD_TESTS, st.integers(1, 4)), min_size=1, max_size=6)


def oracle(policy: str, found: list[tuple[int, int]]) -> Any:
    """What the rows that matched give; a missing answer where the decision is an error."""
    values = [value for _, value in found]
    if policy in {"COLLECT", "RULE ORDER"}:
        return values
    if policy == "OUTPUT ORDER":
        return sorted(values, reverse=True)
    if not values:
        return None
    if (policy == "UNIQUE" and len(values) > 1) or (policy == "ANY" and len(set(values)) > 1):
        return DecisionError
    return max(values) if policy == "PRIORITY" else values[0]


@given(RULES, st.integers(0, 10), st.sampled_from(WORDS))
def test_hit_policies(rules: list[Any], number: int, word: str) -> None:
    found = [(at, value) for at, (first, second, value) in enumerate(rules, 1) if first[1](number) and second[1](word)]
    rows = [([first[0], second[0]], [str(value)]) for first, second, value in rules]
    for policy in ("UNIQUE", "FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER", "OUTPUT ORDER"):
        decision = model_of(table(rows, policy=policy, inputs=["n", "w"], values=["4, 3, 2, 1"])).decisions["d"]
        expected = oracle(policy, found)
        try:
            result = evaluate(decision, {"n": number, "w": word})
        except DecisionError:
            assert expected is DecisionError
            continue
        outputs = result.outputs
        plain = [entry["y"] for entry in outputs] if isinstance(outputs, list) else outputs and outputs["y"]
        assert plain == expected
        assert set(result.rows) <= {at for at, _ in found}


@given(RULES, st.integers(0, 10), st.sampled_from(WORDS))
def test_aggregations(rules: list[Any], number: int, word: str) -> None:
    values = [value for first, second, value in rules if first[1](number) and second[1](word)]
    rows = [([first[0], second[0]], [str(value)]) for first, second, value in rules]
    oracles: dict[str, Any] = {"SUM": sum(values), "MIN": min(values, default=0), "MAX": max(values, default=0)}
    oracles["COUNT"] = len(values)
    for aggregation, expected in oracles.items():
        made = table(rows, policy="COLLECT", aggregation=aggregation, inputs=["n", "w"])
        outputs = evaluate(model_of(made).decisions["d"], {"n": number, "w": word}).outputs
        assert outputs == {"y": expected if values or aggregation == "COUNT" else None}
