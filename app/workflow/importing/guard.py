"""The first gate of an upload: size, XML without DTD, entities or processing tricks, bounded depth and number of parts."""

from __future__ import annotations

import re
from typing import Any, Final, cast

from lxml import etree

from app.workflow.importing.report import Report
from app.workflow.importing.xml import Element

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_DEPTH: Final = 100
MAX_ELEMENTS: Final = 50_000
MAX_TEXT: Final = 200_000

_DOCTYPE = re.compile(rb"<!\s*(DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")


def admit(xml: bytes, report: Report) -> bool:
    """Looks at the bytes alone: size, and nothing that declares a DTD or entities."""
    if len(xml) > MAX_BYTES:
        megabytes = len(xml) / 1024 / 1024
        report.error(
            None,
            "too-large",
            f"The file has {megabytes:.1f} MB; at most {MAX_BYTES // 1024 // 1024} MB are accepted. Remove embedded pictures or split it.",
        )
        return False
    if not xml.strip():
        report.error(None, "empty", "The file is empty. Export the diagram again and upload that file.")
        return False
    if _has_doctype(xml):
        report.error(
            None,
            "dtd",
            "The file contains a DOCTYPE or entity declaration, which is not accepted. Remove it and upload again.",
        )
        return False
    return True


def _has_doctype(xml: bytes) -> bool:
    if _DOCTYPE.search(xml):
        return True
    # UTF-16 and UTF-32 hide the declaration from a search in bytes.
    return xml[:4].startswith(_WIDE) and _DOCTYPE.search(xml.replace(b"\x00", b"")) is not None


def parse(xml: bytes, report: Report) -> Element | None:
    """The root of a harmless XML document, or None with the reason in the report."""
    return parse_tree(xml, report) if admit(xml, report) else None


def parse_tree(xml: bytes, report: Report) -> Element | None:
    """The same for bytes that were admitted already."""
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        report.error(
            None,
            "not-xml",
            f"The file is not well-formed XML ({_short(error)}). Export the diagram as BPMN 2.0 XML and upload that.",
        )
        return None
    if cast(Any, root.getroottree().docinfo).doctype:
        report.error(None, "dtd", "The file contains a DOCTYPE, which is not accepted. Remove it and upload again.")
        return None
    return root if _bounded(root, report) else None


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:200] if str(error) else type(error).__name__


def _longest(element: Element) -> int:
    return max(len(element.text or ""), max(map(len, element.attrib.values()), default=0))


def _bounded(root: Element, report: Report) -> bool:
    depth = count = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH:
            report.error(None, "too-deep", f"The file is nested more than {MAX_DEPTH} levels deep. Flatten it.")
            return False
        if count > MAX_ELEMENTS:
            report.error(
                None,
                "too-many-elements",
                f"The file has more than {MAX_ELEMENTS} elements. Split it into several processes.",
            )
            return False
        if event == "start" and _longest(element) > MAX_TEXT:
            report.error(
                element.get("id"), "too-long", f"One text in the file is longer than {MAX_TEXT} characters. Shorten it."
            )
            return False
    return True
