"""What is shipped fits together: processes name registered capabilities and deploy cleanly, providers have contract tests."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from lxml import etree

from app import bootstrap
from app.orchestration.world import CAPABILITIES
from app.workflow.importing import import_bpmn
from channels import registry
from tests.architecture.sources import ROOT, sources

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OURS = "{urn:ringback:bpmn:1}"
PROCESSES = sorted((ROOT / "workflows" / "bpmn").glob("*/process.bpmn"))
WORKING = ("serviceTask", "sendTask")


def _folder(path: Path) -> str:
    return path.parent.name


def test_there_are_shipped_processes() -> None:
    assert {"service_case", "work_order"} <= {_folder(path) for path in PROCESSES}


@pytest.mark.parametrize("path", PROCESSES, ids=_folder)
def test_every_service_task_names_a_registered_capability(path: Path) -> None:
    bootstrap.metadata()
    tree = etree.parse(path)
    unnamed, unknown = [], []
    for task in tree.iter(*(BPMN + kind for kind in WORKING)):
        named = [node.get("name") for node in task.iterfind(f"{BPMN}extensionElements/{OURS}capability")]
        if not named:
            unnamed.append(task.get("id"))
        unknown += [f"{task.get('id')}: {name}" for name in named if name not in CAPABILITIES]
    assert not unnamed
    assert not unknown


@pytest.mark.parametrize("path", PROCESSES, ids=_folder)
def test_every_shipped_process_is_accepted_without_a_finding(path: Path) -> None:
    dmn = {file.name: file.read_bytes() for file in path.parent.glob("*.dmn")}
    result = import_bpmn(path.read_bytes(), dmn=dmn, known_capabilities=frozenset(CAPABILITIES))
    assert result.executable, result.findings
    assert not [finding for finding in result.findings if finding.severity != "info"]


@pytest.mark.parametrize("path", PROCESSES, ids=_folder)
def test_every_form_and_intent_is_there(path: Path) -> None:
    dmn = {file.name: file.read_bytes() for file in path.parent.glob("*.dmn")}
    result = import_bpmn(path.read_bytes(), dmn=dmn, known_capabilities=frozenset(CAPABILITIES))
    missing = [form for form in sorted(result.forms) if not (path.parent / "forms" / f"{form}.json").exists()]
    assert not missing
    assert (path.parent / "README.md").exists()


def _contract_classes() -> set[str]:
    """Names of the classes that tests/channels/contract.py offers."""
    return {
        node.name
        for source in sources("tests/channels/contract.py")
        for node in source.tree.body
        if isinstance(node, ast.ClassDef)
    }


@pytest.mark.parametrize("kind, provider", registry.providers())
def test_every_provider_passes_the_contract(kind: str, provider: str) -> None:
    """Some test class derives from the contract and names the provider."""
    contracts = _contract_classes()
    assert contracts, "tests/channels/contract.py holds the contract"
    for source in sources("tests/channels"):
        for node in source.tree.body:
            bases = {ast.unparse(base).rpartition(".")[2] for base in getattr(node, "bases", [])}
            if bases & contracts and {kind, provider} <= _texts(node):
                return
    pytest.fail(f"No class in tests/channels derives from the contract and names {kind}/{provider}.")


def _texts(node: ast.AST) -> set[str]:
    """All texts that are written out in a piece of code."""
    return {part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)}
