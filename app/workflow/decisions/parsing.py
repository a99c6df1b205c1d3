"""From an uploaded DMN file to decisions that can be taken, with every problem found on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lxml import etree

from app.workflow.decisions.findings import Findings
from app.workflow.decisions.model import DecisionModel, DecisionTable
from app.workflow.decisions.tables import Budget, read_literal, read_table
from app.workflow.decisions.xml import UnreadableXml, child, children, href, local_name, read_definitions

MAX_DECISIONS = 200
MAX_CHAIN = 40

_BOXED = (
    "invocation",
    "context",
    "relation",
    "functionDefinition",
    "list",
    "conditional",
    "filter",
    "for",
    "every",
    "some",
)


def parse_dmn(xml: bytes) -> DecisionModel:
    """Read a decision file; never raises for bad input, every problem is a finding with its element's id.

    Decisions without errors of their own or in what they require are in `decisions`, required ones first.
    """
    findings = Findings()
    try:
        root = read_definitions(xml)
    except UnreadableXml as error:
        findings.error(None, "not-a-decision-file", str(error))
        return DecisionModel(findings.all())
    elements = list(children(root, "decision"))
    if not elements:
        findings.error(root.get("id"), "no-decision", "The file holds no decision; add a decision table.")
    if len(elements) > MAX_DECISIONS:
        findings.error(root.get("id"), "too-many-decisions", f"The file holds more than {MAX_DECISIONS} decisions.")
        return DecisionModel(findings.all())
    read = _read_all(elements, findings, language=root.get("expressionLanguage", ""))
    linked = _link(read, findings)
    return DecisionModel(findings.all(), linked)


_Read = dict[str, tuple[DecisionTable | None, list[str]]]


def _read_all(elements: list[etree._Element], findings: Findings, *, language: str) -> _Read:
    """Each decision by id, None when it has errors of its own, with the ids of those it requires."""
    budget = Budget(language)
    read: _Read = {}
    for element in elements:
        decision_id = element.get("id", "")
        if not decision_id or decision_id in read:
            what = "has no id" if not decision_id else f"has the id {decision_id}, which another one has too"
            findings.error(decision_id or None, "decision-id", f"A decision {what}; give each decision its own id.")
            continue
        before = findings.errors
        table = _decision(element, findings, budget=budget)
        wanted = _required(element, findings)
        read[decision_id] = (table if findings.errors == before else None, wanted)
    return read


def _decision(element: etree._Element, findings: Findings, *, budget: Budget) -> DecisionTable | None:
    boxed = child(element, "decisionTable")
    if boxed is not None:
        return read_table(element, boxed, findings=findings, budget=budget)
    literal = child(element, "literalExpression")
    if literal is not None:
        return read_literal(element, literal, findings=findings, budget=budget)
    found = next((local_name(part) for part in element.iterchildren() if local_name(part) in _BOXED), None)
    what = f"is a {found}, which is not supported" if found else "has no content"
    findings.error(
        element.get("id"), "no-table", f"The decision {what}; make it a decision table or a literal expression."
    )
    return None


def _required(element: etree._Element, findings: Findings) -> list[str]:
    if child(element, "knowledgeRequirement") is not None:
        text = "Business knowledge models are not supported; put their logic into a decision of its own."
        findings.error(element.get("id"), "knowledge-model", text)
    wanted = [href(child(needed, "requiredDecision")) for needed in children(element, "informationRequirement")]
    return [decision_id for decision_id in dict.fromkeys(wanted) if decision_id]


def _link(read: _Read, findings: Findings) -> dict[str, DecisionTable]:
    """Join each decision with those it requires, the required ones first. Circles and missing ones are findings."""
    linked: dict[str, DecisionTable] = {}
    lengths: dict[str, int] = {}
    waiting = dict(read)
    while ready := [key for key, (_, wanted) in waiting.items() if all(each in lengths for each in wanted)]:
        for key in ready:
            table, wanted = waiting.pop(key)
            lengths[key] = 1 + max((lengths[each] for each in wanted), default=0)
            if lengths[key] > MAX_CHAIN:
                findings.error(key, "long-chain", f"More than {MAX_CHAIN} decisions require each other in a row.")
            elif table is not None and all(each in linked for each in wanted):
                linked[key] = replace(table, requires=tuple(linked[each] for each in wanted))
    _report_unlinked(waiting, read, findings)
    return linked


def _report_unlinked(waiting: _Read, read: Mapping[str, object], findings: Findings) -> None:
    for key, (_, wanted) in waiting.items():
        missing = [each for each in wanted if each not in read]
        for each in missing:
            findings.error(
                key, "missing-decision", f"It requires the decision {each[:100]}, which is not in this file."
            )
        if not missing:
            findings.error(key, "circle", "It requires itself, directly or through other decisions; break the circle.")
