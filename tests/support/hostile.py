"""Uploads made to hurt, each with the codes of which one must be its answer. Shared by the tests of the upload route and live checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from tests.support.processes import NAMESPACES, flows, process

ESCAPES = (
    "__import__('os').system('touch /tmp/ringback-escaped')",
    "().__class__.__base__.__subclasses__()[0]",
    "(lambda: open('/etc/passwd').read())()",
    "''.join.__globals__['__builtins__']",
    "[c for c in ().__class__.__mro__]",
    "exec('import os')",
)
BEGIN, END = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
DMN = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t">'
    '<decision id="dec" name="dec"><decisionTable id="t"><input id="i"><inputExpression id="x"><text>a</text></inputExpression></input>'
    '<output id="o" name="o"/><rule id="r"><inputEntry id="ie"><text>{cell}</text></inputEntry>'
    '<outputEntry id="oe"><text>{out}</text></outputEntry></rule></decisionTable></decision></definitions>'
)
RULE = '<bpmn:businessRuleTask id="t"><bpmn:extensionElements><ringback:decision ref="dec" result="r"/></bpmn:extensionElements></bpmn:businessRuleTask>'


@dataclass(frozen=True)
class Hostile:
    """One upload; `codes` are the findings of which one must be there, `status` the answer when nothing of it is kept."""

    name: str
    xml: bytes
    codes: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    refused: bool = False


def _one(task: str, *, leave: str = "t>e", around: str = "") -> bytes:
    return process(BEGIN + task + END + flows("s>t", leave), around=around).encode()


def _escapes() -> Iterator[Hostile]:
    for number, attack in enumerate(ESCAPES):
        text = escape(attack)
        places = {
            "condition": '<bpmn:exclusiveGateway id="t"/>',
            "timer": f'<bpmn:intermediateCatchEvent id="t"><bpmn:timerEventDefinition><bpmn:timeDuration>{text}</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>',
            "loop": f'<bpmn:task id="t"><bpmn:standardLoopCharacteristics><bpmn:loopCondition>{text}</bpmn:loopCondition></bpmn:standardLoopCharacteristics></bpmn:task>',
            "cardinality": f'<bpmn:task id="t"><bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>{text}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics></bpmn:task>',
            "input": f'<bpmn:serviceTask id="t"><bpmn:extensionElements><ringback:capability name="set_case"><ringback:input name="type" value={quoteattr("${" + attack + "}")}/></ringback:capability></bpmn:extensionElements></bpmn:serviceTask>',
            "script": f'<bpmn:scriptTask id="t"><bpmn:script>{text}</bpmn:script></bpmn:scriptTask>',
        }
        for place, task in places.items():
            leave = f"t>e?{attack}" if place == "condition" else "t>e"
            yield Hostile(f"escape {number} by {place}", _one(task, leave=leave), ("expression", "timer", "script"))
        yield Hostile(f"escape {number} by correlation", correlated(attack), ("expression", "correlation"))
        cells = {"cell": (text, '"x"'), "output": ("-", text)}
        for place, (cell, out) in cells.items():
            files = {"d.dmn": DMN.format(cell=cell, out=out).encode()}
            yield Hostile(f"escape {number} by decision {place}", _one(RULE), ("decision:",), files)


def correlated(path: str) -> bytes:
    """A receive task whose message is found by a correlation key with this expression."""
    around = (
        '<bpmn:message id="m" name="m"/><bpmn:correlationProperty id="cp"><bpmn:correlationPropertyRetrievalExpression messageRef="m">'
        f"<bpmn:messagePath>{escape(path)}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression></bpmn:correlationProperty>"
        '<bpmn:collaboration id="co"><bpmn:correlationKey id="k"><bpmn:correlationPropertyRef>cp</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>'
    )
    return process(
        BEGIN + '<bpmn:receiveTask id="t" messageRef="m"/>' + END
        + '<bpmn:correlationSubscription id="cs" correlationKeyRef="k"><bpmn:correlationPropertyBinding id="b" correlationPropertyRef="cp">'
        + f"<bpmn:dataPath>{escape(path)}</bpmn:dataPath></bpmn:correlationPropertyBinding></bpmn:correlationSubscription>"
        + flows("s>t", "t>e"), around=around,
    ).encode()  # fmt: skip


def blocks(number: int, width: int, *, join: str = "parallelGateway", first: str = "") -> bytes:
    """So many parallel blocks in a row, each of so many branches."""
    body, pairs, before = BEGIN + END + first, [], "s"
    if first:
        pairs, before = ["s>first"], "first"
    for block in range(number):
        body += f'<bpmn:parallelGateway id="fork{block}"/><bpmn:{join} id="join{block}"/>'
        pairs.append(f"{before}>fork{block}")
        for branch in range(width):
            body += f'<bpmn:task id="t{block}_{branch}"/>'
            pairs += [f"fork{block}>t{block}_{branch}", f"t{block}_{branch}>join{block}"]
        before = f"join{block}"
    return process(body + flows(*pairs, f"{before}>e")).encode()


def _endless() -> Iterator[Hostile]:
    circle = BEGIN + '<bpmn:task id="a"/><bpmn:task id="b"/>' + flows("s>a", "a>b", "b>a")
    yield Hostile("endless loop", process(circle).encode(), ("endless-loop",))
    spin = "def f():\n    for a in range(1000000000):\n        for b in range(1000000000):\n            pass\nf()"
    eat = "def f():\n    x = ['a']\n    for i in range(60):\n        x = x + x\n    return len(x)\ny = f()"
    for name, source in (("spins", spin), ("eats memory", eat)):
        task = f'<bpmn:scriptTask id="t"><bpmn:script>{source}</bpmn:script></bpmn:scriptTask>'
        yield Hostile(f"script that {name}", _one(task))
    for name, text in (
        ("power", "9**9**9**9 == 1"),
        ("long text", "'x' * 10**12 == ''"),
        ("deep", "(" * 5000 + "1" + ")" * 5000),
    ):
        yield Hostile(
            f"condition with {name}", _one('<bpmn:exclusiveGateway id="t"/>', leave=f"t>e?{text}"), ("expression",)
        )
    loop = "<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>10000000</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>"
    yield Hostile("ten million instances", _one(f'<bpmn:userTask id="t">{loop}</bpmn:userTask>'), ("loop",))
    forks = BEGIN + '<bpmn:parallelGateway id="f"/>' + flows("s>f", "f>f", "x=f>f")
    yield Hostile("a fork into itself", process(forks).encode(), ("too-many-tokens", "endless-loop"))
    for width in (2, 5):
        yield Hostile(
            f"12 blocks of {width} without joins", blocks(12, width, join="exclusiveGateway"), ("too-many-tokens",)
        )
    late = blocks(12, 2, join="exclusiveGateway", first='<bpmn:userTask id="first"/>')
    yield Hostile("12 blocks without joins behind a person", late, ("too-many-tokens",))


def _associations() -> Iterator[Hostile]:
    inner = "<bpmn:dataInputAssociation><bpmn:sourceRef>d</bpmn:sourceRef><bpmn:targetRef>d</bpmn:targetRef></bpmn:dataInputAssociation>"
    odd = '<bpmn:dataObjectReference id="d" dataObjectRef="d"/>'
    yield Hostile("association with itself", _one(odd + f'<bpmn:userTask id="t">{inner}</bpmn:userTask>'))
    more = "<bpmn:dataInputAssociation><bpmn:sourceRef>s</bpmn:sourceRef><bpmn:transformation>__import__('os')</bpmn:transformation></bpmn:dataInputAssociation>"
    yield Hostile(
        "association that computes", _one(f'<bpmn:userTask id="t">{more}</bpmn:userTask>'), ("data-association",)
    )
    ring = "".join(f'<bpmn:dataObjectReference id="d{n}" dataObjectRef="d{(n + 1) % 500}"/>' for n in range(500))
    many = "".join(
        f"<bpmn:dataInputAssociation><bpmn:sourceRef>d{n}</bpmn:sourceRef><bpmn:targetRef>d{n + 1}</bpmn:targetRef></bpmn:dataInputAssociation>"
        for n in range(499)
    )
    yield Hostile("associations in a ring", _one(f'{ring}<bpmn:userTask id="t">{many}</bpmn:userTask>'))


def _files() -> Iterator[Hostile]:
    bomb = '<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha">' + "".join(
        f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)
    )
    body = f"]><bpmn:definitions {NAMESPACES}>&j;</bpmn:definitions>"
    yield Hostile("entity bomb", (bomb + body).encode(), refused=True)
    yield Hostile(
        "entity bomb in UTF-16",
        (bomb.replace('"1.0"', '"1.0" encoding="UTF-16"') + body).encode("utf-16"),
        refused=True,
    )
    outside = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    yield Hostile(
        "external entity", f"{outside}<bpmn:definitions {NAMESPACES}>&x;</bpmn:definitions>".encode(), refused=True
    )
    remote = '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd">'
    yield Hostile("remote DTD", f"{remote}<bpmn:definitions {NAMESPACES}/>".encode(), refused=True)
    yield Hostile("table with a DTD", _one(RULE), refused=True, files={"d.dmn": (bomb + body).encode()})
    yield Hostile("50 MB", b"<definitions>" + b" " * (50 * 1024 * 1024) + b"</definitions>", refused=True)
    yield Hostile("text of 4 MB", _one(f'<bpmn:task id="t" name="{"x" * 4_000_000}"/>'), refused=True)
    yield Hostile("not XML", b"%PDF-1.7 nothing to see", refused=True)
    yield Hostile("a zip file", b"PK\x03\x04" + bytes(range(256)) * 40, refused=True)
    yield Hostile("nothing", b"", refused=True)
    yield Hostile("another kind of XML", b"<html><body/></html>", refused=True)
    yield Hostile("nested 5,000 deep", b"<a>" * 5_000 + b"</a>" * 5_000, refused=True)
    yield Hostile("60,000 elements", b"<a>" + b"<b/>" * 60_000 + b"</a>", refused=True)
    form = b'{"key": "f", "typename": "UUID", "fields": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    yield Hostile("form nested 100,000 deep", _one('<bpmn:userTask id="t"/>'), refused=True, files={"f.json": form})
    nested = "".join(f'<bpmn:subProcess id="n{n}">' for n in range(90)) + "</bpmn:subProcess>" * 90
    yield Hostile("90 nested scopes", process(nested).encode())
    flood = "".join(f'<bpmn:subProcess id="n{n}"><bpmn:task id="t{n}"/></bpmn:subProcess>' for n in range(5_000))
    yield Hostile("10,000 steps that all begin", process(flood).encode(), ("too-many-tokens", "too-costly"))


def uploads() -> list[Hostile]:
    """All of them."""
    return [*_escapes(), *_endless(), *_associations(), *_files()]
