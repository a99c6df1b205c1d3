"""Messages find the one they are meant for: by correlation keys, by values of the process, by a condition at the event."""

from __future__ import annotations

import pytest

from tests.support.processes import Drive, MemoryHost, drive, flows, imported, process

S, E = '<bpmn:startEvent id="s"/>', '<bpmn:endEvent id="e"/>'
MESSAGE = '<bpmn:message id="m" name="paid"/><bpmn:message id="m2" name="shipped"/>'


def key(**paths: str) -> str:
    """A property taken from the messages by these paths, and the key made of it."""
    inner = "".join(
        f'<bpmn:correlationPropertyRetrievalExpression id="r_{message}" messageRef="{message}"><bpmn:messagePath>{path}</bpmn:messagePath></bpmn:correlationPropertyRetrievalExpression>'
        for message, path in paths.items()
    )
    return (
        f'{MESSAGE}<bpmn:correlationProperty id="order">{inner}</bpmn:correlationProperty><bpmn:collaboration id="c">'
        '<bpmn:correlationKey id="k"><bpmn:correlationPropertyRef>order</bpmn:correlationPropertyRef></bpmn:correlationKey></bpmn:collaboration>'
    )


def bound(path: str) -> str:
    """The process says which order is its own."""
    return (
        '<bpmn:correlationSubscription id="cs" correlationKeyRef="k"><bpmn:correlationPropertyBinding id="b" '
        f'correlationPropertyRef="order"><bpmn:dataPath>{path}</bpmn:dataPath></bpmn:correlationPropertyBinding></bpmn:correlationSubscription>'
    )


def waits(*pairs: tuple[str, str]) -> str:
    return "".join(
        f'<bpmn:intermediateCatchEvent id="{name}"><bpmn:messageEventDefinition messageRef="{message}"/></bpmn:intermediateCatchEvent>'
        for name, message in pairs
    )


def test_a_message_is_taken_when_its_value_is_that_of_the_process() -> None:
    body = bound("case_order.number") + S + waits(("w", "m")) + E + flows("s>w", "w>e")
    instance = drive(body, around=key(m="data.order")).start(case_order={"number": 7})
    assert not instance.message("paid", data={"order": 8})
    assert not instance.message("paid")
    assert instance.open().status == "waiting"
    assert instance.message("paid", data={"order": 7})
    assert instance.open().status == "completed"


def test_the_first_message_says_which_the_others_are() -> None:
    body = S + waits(("a", "m"), ("b", "m2"), ("c", "m")) + E + flows("s>a", "a>b", "b>c", "c>e")
    instance = drive(body, around=key(m="order", m2="parcel.order")).start()
    assert instance.message("paid", order="A")
    assert not instance.message("shipped", parcel={"order": "B"})
    assert instance.message("shipped", parcel={"order": "A"})
    assert not instance.message("paid", order="B")
    assert instance.message("paid", order="A")
    assert instance.open().status == "completed"


def test_a_message_that_goes_out_says_it_too() -> None:
    throw = '<bpmn:intermediateThrowEvent id="t"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateThrowEvent>'
    body = S + throw + waits(("b", "m2")) + E + flows("s>t", "t>b", "b>e")
    instance = drive(body, around=key(m="order", m2="order")).start(order="A")
    assert not instance.message("shipped", order="B")
    assert instance.message("shipped", order="A")


def test_the_message_that_starts_a_process_says_it_too() -> None:
    start = '<bpmn:startEvent id="s"><bpmn:messageEventDefinition messageRef="m"/></bpmn:startEvent>'
    body = start + waits(("b", "m2")) + E + flows("s>b", "b>e")
    instance = Drive(imported(process(body, around=key(m="order", m2="order"))), MemoryHost()).start(
        message="paid", order="A"
    )
    assert not instance.message("shipped", order="B")
    assert instance.message("shipped", order="A")


def test_without_a_key_in_the_message_it_is_taken() -> None:
    body = S + waits(("a", "m"), ("b", "m2")) + E + flows("s>a", "a>b", "b>e")
    instance = drive(body, around=key(m="order")).start()
    assert instance.message("paid", order="A")
    assert instance.message("shipped")


PARTS = (
    S + '<bpmn:receiveTask id="w" messageRef="m"><bpmn:extensionElements>{match}</bpmn:extensionElements>'
    '<bpmn:multiInstanceLoopCharacteristics xmlns:c="http://camunda.org/schema/1.0/bpmn" c:collection="parts" c:elementVariable="part"/></bpmn:receiveTask>'
    + E + flows("s>w", "w>e")
)  # fmt: skip


def test_each_of_several_that_wait_gets_its_own() -> None:
    body = PARTS.replace("{match}", '<ringback:match when="${message.part == part}"/>')
    instance = drive(body, around=MESSAGE).start(parts=["pump", "seal", "lamp"])
    assert instance.message("paid", part="lamp")
    assert not instance.message("paid", part="lamp")
    assert not instance.message("paid")
    assert instance.message("paid", part="pump")
    assert instance.message("paid", part="seal")
    assert instance.open().status == "completed"


def test_who_names_the_wait_has_chosen_it() -> None:
    body = PARTS.replace("{match}", '<ringback:match when="${message.part == part}"/>')
    instance = drive(body, around=MESSAGE).start(parts=["pump"])
    [wait] = instance.open().subscriptions
    assert instance.apply(lambda run: run.deliver_message("paid", {}, token=wait.token))
    assert instance.open().status == "completed"


@pytest.mark.parametrize(
    "body,around,code",
    [
        (bound("a"), MESSAGE, "correlation"),
        (bound(""), key(m="order"), "correlation"),
        (bound("().x"), key(m="order"), "expression"),
        ("", key(m=""), "correlation"),
        ("", key(m="/order/id"), "expression"),
        ("", key(m="order").replace("<bpmn:correlationPropertyRef>order", "<bpmn:correlationPropertyRef>none"), "correlation"),
    ],
)  # fmt: skip
def test_keys_that_cannot_work_are_refused(body: str, around: str, code: str) -> None:
    found = imported(process(body + S + waits(("w", "m")) + E + flows("s>w", "w>e"), around=around))
    assert [finding.code for finding in found.findings if finding.severity == "error"] == [code]


@pytest.mark.parametrize("match", ["<ringback:match/>", '<ringback:match when="message."/>'])
def test_conditions_that_cannot_work_are_refused(match: str) -> None:
    found = imported(process(PARTS.replace("{match}", match), around=MESSAGE))
    assert not found.executable


def test_a_key_of_camunda_8_is_named() -> None:
    around = '<bpmn:message id="m" name="paid"><bpmn:extensionElements><z:subscription xmlns:z="http://camunda.org/schema/zeebe/1.0" correlationKey="=order"/></bpmn:extensionElements></bpmn:message>'
    found = imported(process(S + waits(("w", "m")) + E + flows("s>w", "w>e"), around=around))
    assert found.executable
    assert "correlation" in [finding.code for finding in found.findings]
