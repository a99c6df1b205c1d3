"""Right-to-left safe: our style says start and end, never left and right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WEB = Path(__file__).parents[2] / "app" / "web"
SIDES = "left|right"
PHYSICAL = re.compile(
    rf"(?:^|[;{{\s])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:{SIDES})[\w-]*|(?:{SIDES}))\s*:"
    rf"|(?:float|clear|text-align|caption-side)\s*:\s*(?:{SIDES})"
    rf"|border-(?:top|bottom)-(?:{SIDES})-radius\s*:"
)
SOURCES = sorted([*(WEB / "css").glob("*.css"), *(WEB / "templates").rglob("*.html")])


def styles(path):
    """The style of a source, without comments: all of a style sheet, of a template what stands in it as style."""
    text = path.read_text()
    if path.suffix == ".html":
        text = "\n".join(
            [*re.findall(r"<style[^>]*>(.*?)</style>", text, re.DOTALL), *re.findall(r'style="([^"]*)"', text)]
        )
    return re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_style_names_a_side_of_the_screen(path):
    assert [found.strip() for found in PHYSICAL.findall(styles(path))] == []


@pytest.mark.parametrize(
    "rule",
    [
        "a { left: 0 }",
        "a{margin-left:1px}",
        "a { text-align: right; }",
        "a { border-top-left-radius: 3px }",
        "a { float: left }",
    ],
)
def test_the_test_sees_what_it_forbids(rule):
    assert PHYSICAL.search(rule)


@pytest.mark.parametrize(
    "rule", ["a { inset-inline-start: 0 }", "a { text-align: start }", "a { margin-inline: auto }"]
)
def test_the_test_lets_pass_what_turns_with_the_text(rule):
    assert not PHYSICAL.search(rule)
