"""Namespaces of BPMN files and small readings of their elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

Element = etree._Element  # noqa: SLF001 - the only name lxml has for the type

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
_BPMN_TAG: Final = f"{{{BPMN}}}"
OURS: Final = "urn:ringback:bpmn:1"
ZEEBE: Final = "http://camunda.org/schema/zeebe/1.0"
#: Vendors whose attributes have the same names and meanings.
CAMUNDA_LIKE: Final = (
    "http://camunda.org/schema/1.0/bpmn",
    "http://flowable.org/bpmn",
    "http://activiti.org/bpmn",
    "http://operaton.org/schema/1.0/bpmn",
)


def local(element: Element) -> str:
    """The name of an element without its namespace; empty for comments and the like."""
    tag: object = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def bpmn(element: Element, name: str) -> list[Element]:
    """The direct BPMN children of that name."""
    return element.findall(f"{{{BPMN}}}{name}")


def first(element: Element, name: str) -> Element | None:
    """The first direct BPMN child of that name."""
    return element.find(f"{{{BPMN}}}{name}")


def text(element: Element | None) -> str:
    """All text inside an element, trimmed."""
    return "".join(str(part) for part in element.itertext()).strip() if element is not None else ""


def child_text(element: Element, name: str) -> str:
    """The trimmed text of the first BPMN child of that name."""
    return text(first(element, name))


def flag(element: Element, name: str, *, default: bool = False) -> bool:
    """A boolean attribute."""
    value = element.get(name)
    return default if value is None else value.strip().lower() in {"true", "1"}


def ref(value: str | None) -> str:
    """A reference without a namespace prefix."""
    return (value or "").strip().rpartition(":")[2]


def extensions(element: Element, namespace: str, name: str) -> list[Element]:
    """Extension elements of a namespace directly inside `extensionElements`."""
    holder = first(element, "extensionElements")
    return [] if holder is None else holder.findall(f"{{{namespace}}}{name}")


def ours(element: Element, name: str) -> Element | None:
    """The first extension element of our own namespace."""
    found = extensions(element, OURS, name)
    return found[0] if found else None


def vendor(element: Element, name: str) -> str | None:
    """An attribute of one of the vendors that share Camunda 7's names."""
    for namespace in CAMUNDA_LIKE:
        value = element.get(f"{{{namespace}}}{name}")
        if value is not None:
            return value.strip()
    return None


def zeebe(element: Element, name: str) -> Element | None:
    """The first Zeebe (Camunda 8) extension element of that name."""
    found = extensions(element, ZEEBE, name)
    return found[0] if found else None


def elements(parent: Element) -> Iterator[Element]:
    """Direct children that are BPMN elements."""
    for child in parent:
        tag: object = child.tag
        if isinstance(tag, str) and tag.startswith(_BPMN_TAG):
            yield child
