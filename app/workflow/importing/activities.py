"""Reads activities: tasks of every type, their loops and the data that flows in and out of them."""

from __future__ import annotations

from app.workflow.importing import correlation, extensions, texts, vendors
from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.events import message_name
from app.workflow.importing.kinds import MAX_INSTANCES
from app.workflow.importing.xml import Element, bpmn, child_text, elements, first, flag, local, ref, text, vendor, zeebe


def read_activity(draft: Draft, element: Element, raw: Raw) -> None:
    """Fills in everything that belongs to an activity of any type."""
    element_id = raw["id"]
    extensions.service_level(draft, element, raw)
    _quantities(draft, element, raw)
    _loop(draft, element, raw)
    _data(draft, element, raw)
    if flag(element, "isForCompensation"):
        raw["for_compensation"] = True
    reader = _READERS.get(raw["kind"])
    if reader is not None:
        reader(draft, element, raw, element_id)


def _quantities(draft: Draft, element: Element, raw: Raw) -> None:
    for attribute, key in (("startQuantity", "start_quantity"), ("completionQuantity", "completion_quantity")):
        value = element.get(attribute)
        if value is None:
            continue
        if not value.strip().isdigit() or not 1 <= int(value) <= 100:
            draft.report.error(
                raw["id"], "quantity", f"{attribute} must be a whole number from 1 to 100, but it is '{value}'."
            )
        elif int(value) > 1:
            raw[key] = int(value)


def _user(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    extensions.assignment(draft, element, element_id, raw)
    extensions.form(draft, element, raw)
    extensions.due(draft, element, element_id, raw)


def _script(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    source = child_text(element, "script")
    raw["script"] = source
    language = (element.get("scriptFormat") or "").lower()
    theirs = zeebe(element, "script")
    if not source and theirs is not None:
        draft.report.error(
            element_id,
            "script",
            f"The FEEL script '{(theirs.get('expression') or '')[:80]}' does not run here. Write it in Starlark, or use a decision table.",
        )
        return
    if not source:
        draft.report.error(element_id, "script", "The script task has no script. Write one, or make it a plain task.")
        return
    known = ("starlark", "python", "x-python", "")
    if not any(language.rpartition("/")[2] == name for name in known):
        draft.report.error(
            element_id,
            "script",
            f"Scripts in '{element.get('scriptFormat')}' do not run here. Write it in Starlark, which looks like Python.",
        )
        return


def _service(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    call = extensions.capability(draft, element, element_id)
    if call is not None:
        raw["capability"] = call
    elif code := vendors.code_behind(element):
        draft.report.error(
            element_id,
            "no-capability",
            f"'{raw['name'] or element_id}' calls '{code[:80]}', which is code of another engine. Choose a capability for it.",
        )
    else:
        draft.report.error(
            element_id,
            "no-capability",
            f"'{raw['name'] or element_id}' does not say what it calls. Choose a capability for it.",
        )


def _send(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    call = extensions.capability(draft, element, element_id)
    if call is not None:
        raw["capability"] = call
    else:
        raw["message"] = message_name(draft, element, element_id=element_id)


def _receive(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    raw["events"] = [{"t": "message", "name": message_name(draft, element, element_id=element_id)}]
    if flag(element, "instantiate"):
        raw["instantiate"] = True
    extensions.action(draft, element, element_id, raw)
    correlation.condition(draft, element, raw)


def _rule(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    call = extensions.decision(draft, element)
    if call is not None:
        raw["decision"] = call
        return
    capability = extensions.capability(draft, element, element_id)
    if capability is not None:
        raw["kind"], raw["capability"] = "serviceTask", capability
        return
    draft.report.error(
        element_id,
        "no-decision",
        f"'{raw['name'] or element_id}' does not say which decision it asks. Choose a decision table for it.",
    )


def _call(draft: Draft, element: Element, raw: Raw, element_id: str) -> None:
    theirs = zeebe(element, "calledElement")
    called = ref(element.get("calledElement") or (theirs.get("processId") if theirs is not None else ""))
    raw["called"] = called
    vendors.mappings(draft, element, raw)
    if not called:
        draft.report.error(
            element_id,
            "call",
            f"'{raw['name'] or element_id}' does not say which process it calls. Choose one of the file, or one that is published.",
        )


_READERS = {
    "userTask": _user,
    "manualTask": _user,
    "scriptTask": _script,
    "serviceTask": _service,
    "sendTask": _send,
    "receiveTask": _receive,
    "businessRuleTask": _rule,
    "callActivity": _call,
}


def _loop(draft: Draft, element: Element, raw: Raw) -> None:
    standard = first(element, "standardLoopCharacteristics")
    multi = first(element, "multiInstanceLoopCharacteristics")
    if standard is not None:
        raw["loop"] = _standard(draft, standard, raw["id"])
    elif multi is not None:
        raw["loop"] = _multi(draft, multi, raw["id"])


def _standard(draft: Draft, element: Element, element_id: str) -> Raw:
    loop: Raw = {"type": "standard", "before": flag(element, "testBefore")}
    condition = child_text(element, "loopCondition")
    if condition:
        loop["condition"] = texts.expression(draft, element_id, condition, what="The loop condition")
    maximum = (element.get("loopMaximum") or "").strip()
    if maximum:
        if maximum.isdigit():
            loop["maximum"] = int(maximum)
        else:
            draft.report.error(
                element_id,
                "loop",
                f"The loop's maximum must be a whole number that is not negative, but it is '{maximum}'.",
            )
    if not condition and not maximum:
        draft.report.error(element_id, "loop", "The loop would never end. Give it a condition or a maximum.")
    return loop


def _multi(draft: Draft, element: Element, element_id: str) -> Raw:
    loop: Raw = {"type": "multi", "sequential": flag(element, "isSequential")}
    behaviour = element.get("behavior", "All")
    if behaviour != "All":
        draft.report.error(
            element_id,
            "multi-instance-behaviour",
            f"The multi-instance behaviour '{behaviour}' is not supported: the standard leaves open whether its events end the activity. "
            "Throw a signal inside the activity instead.",
        )
    _cardinality(draft, element, element_id, loop)
    _collections(draft, element, element_id, loop)
    until = child_text(element, "completionCondition")
    if until:
        loop["until"] = texts.expression(draft, element_id, until, what="The completion condition")
    if "cardinality" not in loop and "input" not in loop:
        draft.report.error(
            element_id, "loop", "Nothing says how many instances there are. Give a number or a collection."
        )
    return loop


def _cardinality(draft: Draft, element: Element, element_id: str, loop: Raw) -> None:
    value = child_text(element, "loopCardinality")
    if not value:
        return
    if value.startswith("-") and value[1:].strip().isdigit():
        draft.report.error(element_id, "loop", f"The number of instances must not be negative, but it is {value}.")
    elif value.isdigit() and (len(value) > 9 or int(value) > MAX_INSTANCES):
        draft.report.error(
            element_id,
            "loop",
            f"At most {MAX_INSTANCES} instances may run, but the number says {value[:20]}. Lower it.",
        )
    loop["cardinality"] = texts.expression(draft, element_id, value, what="The number of instances")


def _collections(draft: Draft, element: Element, element_id: str, loop: Raw) -> None:
    theirs = zeebe(element, "loopCharacteristics")
    if theirs is not None:
        source, item = theirs.get("inputCollection"), theirs.get("inputElement")
        target, result = theirs.get("outputCollection"), theirs.get("outputElement")
    else:
        source = vendor(element, "collection") or draft.data_name(ref(child_text(element, "loopDataInputRef")))
        item = vendor(element, "elementVariable") or _item(first(element, "inputDataItem"))
        target = draft.data_name(ref(child_text(element, "loopDataOutputRef")))
        result = _item(first(element, "outputDataItem"))
    if source:
        loop["input"] = texts.expression(draft, element_id, source, what="The collection")
        if item:
            loop["item"] = item
    if target and result:
        loop["output"] = target
        loop["output_item"] = texts.expression(draft, element_id, result.lstrip("=").strip(), what="The output item")
    elif target or result:
        draft.report.error(
            element_id, "loop", "The output of the instances needs both a collection and an item. Give both or none."
        )


def _item(element: Element | None) -> str | None:
    return (element.get("name") or element.get("id")) if element is not None else None


def _data(draft: Draft, element: Element, raw: Raw) -> None:
    for tag, key in (("dataInputAssociation", "data_in"), ("dataOutputAssociation", "data_out")):
        pairs = [pair for a in bpmn(element, tag) if (pair := _association(draft, a, raw["id"]))]
        if pairs:
            raw[key] = pairs


def _association(draft: Draft, element: Element, element_id: str) -> list[str] | None:
    inner = {local(child) for child in elements(element)}
    if inner & {"transformation", "assignment"}:
        draft.report.error(
            element_id,
            "data-association",
            "Transformations and assignments in data associations are not supported. Use a script task or the inputs of a capability.",
        )
        return None
    source, target = ref(text(first(element, "sourceRef"))), ref(text(first(element, "targetRef")))
    if not source or not target:
        # Drawn for the reader: without both ends no value moves.
        return None
    return [draft.data_name(source), draft.data_name(target)]
