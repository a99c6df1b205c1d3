"""The language guide: every example in it gives what it says, and every function is in it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from app.workflow.language import durations, feel, feel_functions, functions, scripting
from app.workflow.language.expressions import compile_expression, compile_template

GUIDE = Path(__file__).parents[3] / "docs" / "languages.md"
TEXT = GUIDE.read_text(encoding="utf-8")
NAMES = json.loads(TEXT.split("```json")[1].split("```")[0])


def section(title: str, until: str) -> str:
    start = TEXT.index(title)
    return TEXT[start : TEXT.index(until, start + 1)]


def rows(part: str, heading: str) -> list[tuple[str, str]]:
    """The two columns of each table with this heading in a part of the guide."""
    found: list[tuple[str, str]] = []
    inside = False
    for line in part.splitlines():
        if line == heading:
            inside = True
        elif not line.startswith("|"):
            inside = False
        elif inside and not line.startswith("|---"):
            cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            found.append((cells[0].strip("`"), cells[1].strip("`")))
    assert found
    return found


def shown(value: Any) -> Any:
    return json.loads(json.dumps(value))


WRITTEN = "| you write | it gives |"
EXPRESSIONS, TEMPLATES = section("## Expressions", "## Times").split("**In a text with other words**")


@pytest.mark.parametrize("text, expected", rows(EXPRESSIONS, WRITTEN))
def test_expressions(text: str, expected: str) -> None:
    assert shown(compile_expression(text).evaluate(NAMES)) == json.loads(expected)


@pytest.mark.parametrize("text, expected", rows(TEMPLATES, WRITTEN))
def test_templates(text: str, expected: str) -> None:
    assert shown(compile_template(text).evaluate(NAMES)) == json.loads(expected)


@pytest.mark.parametrize("kind, examples", rows(section("## Times", "## Scripts"), "| kind | examples |"))
def test_times(kind: str, examples: str) -> None:
    parse: dict[str, Any] = {
        "duration": durations.parse_duration,
        "date": durations.parse_date,
        "cycle": durations.parse_cycle,
    }
    written = f"`{examples}".split("`")[1::2]
    assert len(written) >= 4
    for text in written:
        assert parse[kind](text)


def test_the_script() -> None:
    source = section("## Scripts", "## Decision tables").split("```python")[1].split("```")[0]
    result = scripting.run_script(source, NAMES)
    assert result["summary"] == "Dana (2)"
    assert result["rounds"] == 3
    assert set(result) - set(NAMES) == {"late", "summary"}


@pytest.mark.parametrize(
    "word", ["while", "import", "load", "try", "raise", "class", "with", "is", "**", "global", "del"]
)
def test_what_scripts_lack(word: str) -> None:
    texts = {
        "is": "x = 1 is 1",
        "**": "x = 2 ** 2",
        "load": "load('a', 'b')",
        "while": "while True: pass",
        "del": "del rounds",
    }
    assert scripting.check_script(texts.get(word, f"{word} x"))


def test_what_scripts_have() -> None:
    listed = section("| Built in |", "| Not there |").split("`")[1].split()
    source = "\n".join(f"_{name} = {name}" for name in [*listed, "json", "fail", "print"])
    assert scripting.run_script(source, {}) == {}


@pytest.mark.parametrize("cell, passes", rows(section("### Input cells", "### Output cells"), "| cell | passes `5`? |"))
def test_input_cells(cell: str, passes: str) -> None:
    assert feel.matches(cell, 5, NAMES) is (passes == "yes")


@pytest.mark.parametrize("text, expected", rows(section("### Output cells", "### Which row"), WRITTEN))
def test_output_cells(text: str, expected: str) -> None:
    assert shown(feel.evaluate(text, NAMES)) == json.loads(expected)


def test_every_function_is_in_the_guide() -> None:
    for name in (*functions.FUNCTIONS, *functions.METHODS):
        assert re.search(rf"`[^`]*\b{name}\b", EXPRESSIONS), name
    for name in feel_functions.FUNCTIONS:
        assert re.search(rf"`{name}[`(]", section("### Output cells", "### Which row")), name
