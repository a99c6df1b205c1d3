// The properties panel for our extensions, in plain words: who does a task, its form, the button of an event, capability, decision, limits.
import { TextFieldEntry, SelectEntry, TextAreaEntry, isTextFieldEntryEdited } from "@bpmn-io/properties-panel";
import { useService } from "bpmn-js-properties-panel";
import { is } from "bpmn-js/lib/util/ModelUtil";

const find = (element, type) => element.businessObject.extensionElements?.values?.find((item) => is(item, type));

// Makes the extension when it is first filled in, and takes it away when it is empty, so that an untouched file stays as it was.
function write(element, used, type, change) {
  const old = find(element, type);
  const next = used.bpmnFactory.create(type, { ...plain(old), ...change });
  for (const child of [...(next.inputs ?? []), ...(next.outputs ?? [])]) child.$parent = next;
  const filled = Object.values(plain(next)).some((value) => (Array.isArray(value) ? value.length : value));
  replace(element, used, type, filled ? [next] : []);
}

// One undoable step: all extensions of a type are exchanged, the others stay in their order.
function replace(element, { modeling, bpmnFactory }, type, items) {
  const owner = element.businessObject;
  const values = [...(owner.extensionElements?.values ?? []).filter((item) => !is(item, type)), ...items];
  const extensionElements = values.length ? bpmnFactory.create("bpmn:ExtensionElements", { values }) : undefined;
  for (const item of values) item.$parent = extensionElements;
  if (extensionElements) extensionElements.$parent = owner;
  modeling.updateProperties(element, { extensionElements });
}

const plain = (item) => Object.fromEntries((item?.$descriptor.properties ?? []).map(({ name }) => [name.split(":").pop(), item.get(name)]).filter(([, value]) => value !== undefined));

function services() {
  return { modeling: useService("modeling"), bpmnFactory: useService("bpmnFactory"), debounce: useService("debounceInput") };
}

function field({ type, property, label, description, options, rows }) {
  return function Entry({ element, id }) {
    const used = services();
    const props = {
      element, id, label, description, debounce: used.debounce,
      getValue: () => find(element, type)?.get(property) ?? "",
      setValue: (value) => write(element, used, type, { [property]: value || undefined }),
    };
    if (options) return SelectEntry({ ...props, getOptions: () => [{ value: "", label: "–" }, ...options] });
    return rows ? TextAreaEntry({ ...props, rows }) : TextFieldEntry(props);
  };
}

// Inputs and outputs as lines of `name = value`: quicker to write than a list of boxes.
function lines({ property, child, value, label, type = "ringback:Capability" }) {
  return function Entry({ element, id }) {
    const used = services();
    return TextAreaEntry({
      element, id, label, debounce: used.debounce, rows: 4,
      getValue: () => (find(element, type)?.get(property) ?? []).map((item) => `${item.get("name")} = ${item.get(value) ?? ""}`).join("\n"),
      setValue: (written) => {
        const items = (written ?? "").split("\n").map((line) => line.split("=")).filter(([name]) => name.trim())
          .map(([name, ...rest]) => used.bpmnFactory.create(child, { name: name.trim(), [value]: rest.join("=").trim() }));
        write(element, used, type, { [property]: items });
      },
    });
  };
}

// One name for each language; those of other languages stay.
function named(language, words) {
  return function Entry({ element, id }) {
    const used = services();
    const all = () => (element.businessObject.extensionElements?.values ?? []).filter((item) => is(item, "ringback:Label"));
    return TextFieldEntry({
      element, id, label: words, debounce: used.debounce,
      getValue: () => all().find((item) => item.get("lang") === language)?.get("text") ?? "",
      setValue: (value) => {
        const others = all().filter((item) => item.get("lang") !== language);
        replace(element, used, "ringback:Label", value ? [...others, used.bpmnFactory.create("ringback:Label", { lang: language, text: value })] : others);
      },
    });
  };
}

const group = (id, label, entries) => ({ id, label, entries: entries.map(([key, component]) => ({ id: `${id}-${key}`, component, isEdited: isTextFieldEntryEdited })) });
const hasEvent = (element, type) => element.businessObject.eventDefinitions?.some((item) => is(item, type));

export function groups(text, names) {
  const list = (values) => values?.map((value) => ({ value, label: value }));
  const calendar = [{ value: "business", label: text("p_business") }];
  const assignment = (p, label, d) => field({ type: "ringback:Assignment", property: p, label, description: d });
  const action = (p, label, o, d) => field({ type: "ringback:Action", property: p, label, options: o, description: d });
  const made = {
    task: group("rb-task", text("p_who"), [
      ["teams", assignment("candidateTeams", text("p_teams"), text("p_commas"))], ["users", assignment("candidateUsers", text("p_users"), text("p_commas"))],
      ["form", field({ type: "ringback:Form", property: "key", label: text("p_form"), options: list(names.forms) })],
      ["due", field({ type: "ringback:Due", property: "duration", label: text("p_due"), description: text("p_duration") })],
      ["due-calendar", field({ type: "ringback:Due", property: "calendar", label: text("p_calendar"), options: calendar })],
    ]),
    action: group("rb-action", text("p_button"), [
      ["verb", action("verb", text("p_verb"), list(["dispatch", "reply", "chase", "amend", "cancel", "archive"]))], ["roles", action("roles", text("p_roles"), undefined, text("p_roles_help"))],
      ["label", action("label", text("p_label"))], ["zh", action("labelZh", text("p_label_zh"))], ["form", action("form", text("p_form"), list(names.forms))],
    ]),
    capability: group("rb-capability", text("p_capability"), [
      ["name", field({ type: "ringback:Capability", property: "name", label: text("p_capability"), options: list(names.capabilities) })],
      ["in", lines({ property: "inputs", child: "ringback:Input", value: "value", label: text("p_inputs") })],
      ["out", lines({ property: "outputs", child: "ringback:Output", value: "variable", label: text("p_outputs") })],
    ]),
    decision: group("rb-decision", text("p_decision"), [
      ["ref", field({ type: "ringback:Decision", property: "ref", label: text("p_decision"), options: list(names.decisions) })], ["result", field({ type: "ringback:Decision", property: "result", label: text("p_result") })],
    ]),
    match: group("rb-match", text("p_match"), [["when", field({ type: "ringback:Match", property: "when", label: text("p_match_when"), description: text("p_match_help") })]]),
    payload: group("rb-payload", text("p_payload"), [["in", lines({ type: "ringback:Payload", property: "inputs", child: "ringback:Input", value: "value", label: text("p_payload_lines") })]]),
    opens: group("rb-case", text("p_opens"), [
      ["subject", field({ type: "ringback:Case", property: "subject", label: text("p_subject") })], ["queue", field({ type: "ringback:Case", property: "queue", label: text("p_queue") })],
    ]),
    labels: group("rb-labels", text("p_labels"), [["zh", named("zh", text("p_text_zh"))]]),
    timer: group("rb-timer", text("p_timer"), [["calendar", field({ type: "ringback:Timer", property: "calendar", label: text("p_calendar"), options: calendar })]]),
    sla: group("rb-sla", text("p_sla"), [
      ["name", field({ type: "ringback:Sla", property: "name", label: text("p_name") })], ["target", field({ type: "ringback:Sla", property: "target", label: text("p_target"), description: text("p_duration") })],
      ["calendar", field({ type: "ringback:Sla", property: "calendar", label: text("p_calendar"), options: calendar })],
    ]),
  };
  const rules = [
    [made.task, ["bpmn:UserTask", "bpmn:ManualTask"]],
    [made.capability, ["bpmn:ServiceTask", "bpmn:SendTask"], ["bpmn:ThrowEvent", "bpmn:MessageEventDefinition"]],
    [made.decision, ["bpmn:BusinessRuleTask"]],
    [made.action, ["bpmn:ReceiveTask"], ["bpmn:CatchEvent", "bpmn:MessageEventDefinition"]],
    [made.match, ["bpmn:ReceiveTask"], ["bpmn:CatchEvent", "bpmn:MessageEventDefinition"]],
    [made.payload, [], ["bpmn:ThrowEvent", "bpmn:MessageEventDefinition"]], [made.payload, [], ["bpmn:ThrowEvent", "bpmn:SignalEventDefinition"]],
    [made.timer, [], ["bpmn:CatchEvent", "bpmn:TimerEventDefinition"]],
    [made.opens, [], ["bpmn:StartEvent", "bpmn:TimerEventDefinition"]],
    [made.sla, ["bpmn:Activity"]],
    [made.labels, ["bpmn:FlowElement", "bpmn:Process", "bpmn:Participant", "bpmn:Lane"]],
  ];
  return (element) => rules.filter(([, types, event]) => types.some((type) => is(element, type)) || (event && is(element, event[0]) && hasEvent(element, event[1]))).map(([shown]) => shown);
}

export function provider(pick) {
  function RingbackProvider(propertiesPanel) {
    this.getGroups = (element) => (before) => [...before, ...pick(element)];
    propertiesPanel.registerProvider(500, this);
  }
  RingbackProvider.$inject = ["propertiesPanel"];
  return { __init__: ["ringbackProvider"], ringbackProvider: ["type", RingbackProvider] };
}
