"""What is promised in documents holds: every setting, library and make target is described."""

from __future__ import annotations

import ast
import json
import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT, calls, sources

BROUGHT_ALONG = {"pip", "setuptools"}  # by the virtual environment itself


def _settings() -> set[str]:
    """Names of the environment variables that app/settings.py reads."""
    names = set()
    for source in sources("app/settings.py"):
        for call, name in calls(source):
            reads = name in {"_int", "_text", "_flag", "_float", "os.environ.get"}
            if reads and call.args and isinstance(call.args[0], ast.Constant):
                names.add(str(call.args[0].value))
    return names


def test_every_setting_is_documented() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    assert len(_settings()) > 10
    assert not {name for name in _settings() if f"`{name}`" not in text}


def test_every_documented_setting_exists() -> None:
    text = (ROOT / "docs/configuration.md").read_text()
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)`", text, flags=re.MULTILINE))
    assert not documented - _settings()


@pytest.mark.parametrize("name", ["requirements.in", "requirements-dev.in"])
def test_every_library_is_accounted_for(name: str) -> None:
    text = (ROOT / "docs/dependencies.md").read_text()
    wanted = {
        re.split(r"[\[=<>~! ]", line)[0]
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith("#")
    }
    assert not {library for library in wanted if f"| {library} |" not in text}


def test_every_front_end_library_is_accounted_for() -> None:
    text = (ROOT / "docs/dependencies.md").read_text()
    package = json.loads((ROOT / "package.json").read_text())
    wanted = {**package["dependencies"], **package["devDependencies"]}
    assert not {library for library in wanted if f"| {library} |" not in text}


def test_no_library_is_described_that_is_gone() -> None:
    described = set(re.findall(r"^\| ([@\w./-]+) \|", (ROOT / "docs/dependencies.md").read_text(), flags=re.MULTILINE))
    package = json.loads((ROOT / "package.json").read_text())
    wanted = {*package["dependencies"], *package["devDependencies"], "library"}
    for name in ("requirements.in", "requirements-dev.in"):
        wanted |= {re.split(r"[\[=<>~! ]", line)[0] for line in (ROOT / name).read_text().splitlines()}
    assert not described - wanted


def test_pinned_requirements_name_no_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        lines = (ROOT / name).read_text().splitlines()
        assert not [
            line for line in lines if not line.startswith("#") and not re.fullmatch(r"[a-z0-9-]+==[\w.]+( ; .*)?", line)
        ]


def test_every_required_library_is_pinned() -> None:
    for name in ("requirements", "requirements-dev"):
        pinned = {line.split("==")[0] for line in (ROOT / f"{name}.txt").read_text().splitlines()}
        wanted = {
            re.split(r"[\[=<>~! ]", line)[0]
            for line in (ROOT / f"{name}.in").read_text().splitlines()
            if line and not line.startswith("#")
        }
        assert not wanted - pinned


def test_what_a_pinned_library_needs_is_pinned_too() -> None:
    """Otherwise a set-up is not what was tested: pip then takes whatever version is the newest that day."""
    pinned: set[str] = set()
    for name in ("requirements.txt", "requirements-dev.txt"):  # what is developed with stands on what is run
        lines = (ROOT / name).read_text().splitlines()
        own = {line.split("==")[0] for line in lines if not line.startswith("#")}
        pinned |= own
        assert not {library: missing for library in own if (missing := _needs(library) - pinned - BROUGHT_ALONG)}


def _needs(library: str) -> set[str]:
    """What an installed library needs on this machine, without its extras."""
    found = map(Requirement, requires(library) or ())
    return {
        canonicalize_name(needed.name)
        for needed in found
        if needed.marker is None or needed.marker.evaluate({"extra": ""})
    }


def test_make_targets_are_described() -> None:
    text = (ROOT / "Makefile").read_text()
    targets = re.search(r"^\.PHONY: (.*)$", text, flags=re.MULTILINE)
    assert targets
    assert not [
        target for target in targets[1].split() if not re.search(rf"^{target}:.*## .", text, flags=re.MULTILINE)
    ]


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    link = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
    assert not [
        f"{document.relative_to(ROOT)}: {target}"
        for document in documents
        for target in link.findall(document.read_text())
        if not (document.parent / target).exists()
    ]


def test_nothing_third_party_is_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    for path in ("node_modules", "app/web/static/dist/", ".venv", ".run/"):
        assert path in ignored
    assert not list(Path(ROOT / "app").rglob("*.min.js"))
