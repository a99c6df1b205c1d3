"""Pieces of diagrams for tests of the engine: events, boundaries, user tasks, event sub-processes."""

from __future__ import annotations

from typing import Any

from tests.support.processes import Drive, MemoryHost, drive

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
NEWS = (
    '<bpmn:message id="m" name="reply"/><bpmn:message id="m2" name="chase"/><bpmn:signal id="g" name="alarm"/>'
    '<bpmn:error id="e1" errorCode="E1"/><bpmn:error id="e2" errorCode="E2"/><bpmn:escalation id="x1" escalationCode="X1"/>'
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="m"/>'
CHASE = '<bpmn:messageEventDefinition messageRef="m2"/>'
SIGNAL = '<bpmn:signalEventDefinition signalRef="g"/>'


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def error(ref: str = "") -> str:
    return f'<bpmn:errorEventDefinition errorRef="{ref}"/>' if ref else "<bpmn:errorEventDefinition/>"


def catch(name: str, definition: str, extra: str = "") -> str:
    return f'<bpmn:intermediateCatchEvent id="{name}"{extra}>{definition}</bpmn:intermediateCatchEvent>'


def throw(name: str, definition: str) -> str:
    return f'<bpmn:intermediateThrowEvent id="{name}">{definition}</bpmn:intermediateThrowEvent>'


def end(name: str, definition: str) -> str:
    return f'<bpmn:endEvent id="{name}">{definition}</bpmn:endEvent>'


def boundary(name: str, host: str, definition: str, *, interrupting: bool = True) -> str:
    cancel = "true" if interrupting else "false"
    return f'<bpmn:boundaryEvent id="{name}" attachedToRef="{host}" cancelActivity="{cancel}">{definition}</bpmn:boundaryEvent>'


def user(*ids: str) -> str:
    return "".join(f'<bpmn:userTask id="{name}"/>' for name in ids)


def event_subprocess(name: str, definition: str, *, interrupting: bool = True) -> str:
    kind = "true" if interrupting else "false"
    return (
        f'<bpmn:subProcess id="{name}" triggeredByEvent="true"><bpmn:startEvent id="{name}_s" isInterrupting="{kind}">{definition}</bpmn:startEvent>'
        f'<bpmn:userTask id="{name}_u"/>'
        f'<bpmn:sequenceFlow id="{name}_f" sourceRef="{name}_s" targetRef="{name}_u"/></bpmn:subProcess>'
    )


def start(body: str, *, host: MemoryHost | None = None, **data: Any) -> Drive:
    return drive(body, around=NEWS, host=host).start(**data)
