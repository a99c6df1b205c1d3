"""Collects the desk's texts for translators and checks what they made: `python -m tools.translations extract|check`."""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from app.web import i18n, words

ROOT = Path(__file__).resolve().parent.parent
METHODS = [("app/web/**.py", "python"), ("app/web/templates/**.html", "jinja2")]
OPTIONS = {"app/web/templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}}
GAP = re.compile(r"\{\d\}")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}")
_ERRORS = frozenset(
    ["NotFound", "Forbidden", "Invalid", "Conflict", "Unavailable", "DeskError", "QueryError", "Wrong", "error"]
)
CODE = re.compile(r"[a-z][a-z0-9_]+")

Texts = dict[str | tuple[str, ...], set[str]]


def collect() -> Texts:
    """Return every text that the desk may show, each with the files that use it."""
    found: Texts = defaultdict(set)
    for place, _line, text, _comments, _context in extract_from_dir(
        ROOT, METHODS, OPTIONS, keywords={"_": None, "gettext": None, "ngettext": (1, 2)}, directory_filter=_is_ours
    ):
        # Keys are written out in app/web/words.py, where their English text stands too.
        if text and text not in words.KEYS:
            found[tuple(text) if isinstance(text, list | tuple) else text].add(str(place))
    for text in words.texts():
        found[text].add("app/web/words.py")
    for module in sorted((ROOT / "app").rglob("*.py")):
        if (ROOT / "app" / "cli") in module.parents:
            continue  # commands speak English
        for text in {*refusals(tree := ast.parse(module.read_text())), *remarks(tree)}:
            found[text].add(str(module.relative_to(ROOT)))
    return found


def _is_ours(folder: str) -> bool:
    name = Path(folder).name
    return name not in {"node_modules", "__pycache__", ".venv", ".git", ".run", ".test-run", "dist", "tests"}


def refusals(tree: ast.Module) -> Iterator[str]:
    """Yield the sentences of domain errors, `Invalid("code", "What is wrong.")`; what is filled in becomes {0}, {1} …"""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        code = node.args[0]
        if (
            isinstance(code, ast.Constant)
            and isinstance(code.value, str)
            and CODE.fullmatch(code.value)
            and _is_error(node)
        ):
            text = sentence(node.args[1])
            if text and " " in text:
                yield text


def remarks(tree: ast.Module) -> Iterator[str]:
    """Yield the sentences of a diagram's findings: `report.error(element, "code", "What to do.")`, `Finding(…)`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        place = 3 if name == "Finding" else 2 if name in {"error", "warning", "info"} else None
        if place is not None and len(node.args) > place:
            text = sentence(node.args[place])
            if len(re.findall(r"[a-z]{2,}", GAP.sub("", text))) > 1:
                yield text


def _is_error(node: ast.Call) -> bool:
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    return name in _ERRORS


def sentence(node: ast.expr) -> str:
    """Return a literal's text, or an f-string's with numbered gaps; empty for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return ""
    gaps = iter(range(len(node.values)))
    return "".join(str(part.value) if isinstance(part, ast.Constant) else f"{{{next(gaps)}}}" for part in node.values)


def extract(language: str) -> Catalog:
    """Bring a language's file up to date: new texts empty, texts that are gone dropped. Returns what was written."""
    path = po_file(language)
    old = _read(path, language)
    new = Catalog(locale=str(i18n.LANGUAGES[language]), domain="desk", project="Ringback", charset="utf-8", fuzzy=False)
    for text, places in sorted(collect().items(), key=lambda item: str(item[0])):
        known = old.get(text if isinstance(text, str) else text[0])
        string = known.string if known and known.id == text else ""
        new.add(text, string, locations=[(place, 0) for place in sorted(places)], flags=_flags(known))
    write(language, new)
    return new


def write(language: str, catalogue: Catalog) -> None:
    """Write a language's file: without dates, so that what did not change reads the same."""
    path = po_file(language)
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = (
        f"Language: {catalogue.locale_identifier}", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit", f"Plural-Forms: {catalogue.plural_forms}",
    )  # fmt: skip
    head = 'msgid ""\nmsgstr ""\n' + "".join(f'"{field}\\n"\n' for field in fields) + "\n"
    with path.open("wb") as file:
        file.write(head.encode())
        write_po(file, catalogue, width=0, omit_header=True, include_lineno=False)


def _flags(known: Message | None) -> tuple[str, ...]:
    return ("fuzzy",) if known and known.fuzzy else ()


def po_file(language: str) -> Path:
    """Return where a language's texts are kept."""
    return i18n.FOLDER / language / "LC_MESSAGES" / "desk.po"


def _read(path: Path, language: str) -> Catalog:
    if not path.exists():
        return Catalog(locale=str(i18n.LANGUAGES[language]))
    with path.open("rb") as file:
        return read_po(file, locale=str(i18n.LANGUAGES[language]), domain="desk")


def problems(language: str) -> list[str]:
    """Return what is missing, doubtful or wrong in a language, one sentence each."""
    catalogue, found = _read(po_file(language), language), []
    for text in collect():
        known = catalogue.get(text if isinstance(text, str) else text[0])
        string = known.string if known and known.string else ""
        strings = [string] if isinstance(string, str) else list(string)
        if not all(strings):
            found.append(f"{language}: not translated: {text}")
        elif known is not None and known.fuzzy:
            found.append(f"{language}: marked as doubtful (fuzzy): {text}")
        elif any(gaps(each) != gaps(text if isinstance(text, str) else text[-1]) for each in strings):
            found.append(f"{language}: what is filled in differs from the English: {text}")
    return found


def gaps(text: str) -> set[str]:
    """Return what is filled into a text."""
    return set(PLACEHOLDER.findall(text))


def main() -> int:
    """Do what the command line asks; returns the exit code."""
    command = sys.argv[1:] or [""]
    languages = [language for language in i18n.LANGUAGES if language != "en"]
    if command == ["extract"]:
        for language in languages:
            print(f"{po_file(language).relative_to(ROOT)}: {len(extract(language))} texts")
        return 0
    if command != ["check"]:
        print("Usage: python -m tools.translations extract|check", file=sys.stderr)
        return 2
    found = [problem for language in languages for problem in problems(language)]
    print("\n".join(found) or "Every text is translated.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
