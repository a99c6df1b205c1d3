"""Reading a decision file's XML safely: limits on its size, no document type, no entities, known namespaces only."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

MAX_BYTES = 4_000_000

NAMESPACES = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20151101/dmn11.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)


class UnreadableXml(Exception):
    """The bytes are not a decision file; the text is a sentence for the designer."""


def read_definitions(xml: bytes) -> etree._Element:
    """The root element of a decision file. UnreadableXml for anything that is not one, or not safe to read."""
    if len(xml) > MAX_BYTES:
        raise UnreadableXml(f"The file has {len(xml)} bytes; at most {MAX_BYTES} are allowed.")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    if b"<!DOCTYPE" in xml:
        raise UnreadableXml("The file declares a document type (<!DOCTYPE …>), which is not accepted; remove it.")
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise UnreadableXml(f"The file is not well-formed XML: {_cause(error)}.") from None
    info = root.getroottree().docinfo
    if info.internalDTD is not None or info.externalDTD is not None:
        raise UnreadableXml("The file declares a document type (<!DOCTYPE …>), which is not accepted; remove it.")
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        raise UnreadableXml(
            "The file is not a DMN decision file of version 1.1 to 1.5; export it from your editor as DMN."
        )
    return root


def _cause(error: Exception) -> str:
    return str(error).split(" (<string>")[0][:300].rstrip(".")


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def children(element: etree._Element, name: str) -> Iterator[etree._Element]:
    """Direct children of that name, in the DMN namespace of their parent."""
    namespace = etree.QName(element).namespace
    return element.iterchildren(f"{{{namespace}}}{name}")


def child(element: etree._Element, name: str) -> etree._Element | None:
    """The first direct child of that name."""
    return next(children(element, name), None)


def text_of(element: etree._Element | None) -> str:
    """The trimmed content of the element's `text` child; empty when there is none."""
    content = None if element is None else child(element, "text")
    return "" if content is None else "".join(map(str, content.itertext())).strip()


def href(element: etree._Element | None) -> str:
    """The id that a requirement points at, without the # before it."""
    target = "" if element is None else element.get("href", "")
    return target.rpartition("#")[2]
