"""Random well-structured processes, driven by random people: each must end properly, whatever the path."""

from __future__ import annotations

import random

import pytest

from tests.support.processes import Drive, MemoryHost, flows, imported, process

NEWS = '<bpmn:message id="m" name="reply"/><bpmn:signal id="g" name="alarm"/><bpmn:error id="e1" errorCode="E1"/><bpmn:escalation id="x1" escalationCode="X1"/>'
MULTI = '<bpmn:multiInstanceLoopCharacteristics isSequential="{seq}"><bpmn:loopCardinality>{count}</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>'


DEFAULT = ' default="{}"'


class Writer:
    """Writes one random process; every block has one way in and one way out."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.number = 0
        self.budget = 14

    def name(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}{self.number}"

    def scope(self, depth: int) -> str:
        """A start, a chain of blocks, an end."""
        start, end = self.name("s"), self.name("e")
        body, pairs, last = f'<bpmn:startEvent id="{start}"/><bpmn:endEvent id="{end}"/>', [], start
        for _ in range(self.random.randint(1, 3)):
            inner, more, first, out = self.block(depth)
            body += inner
            pairs += [f"{last}>{first}", *more]
            last = out
        pairs.append(f"{last}>{end}")
        return body + flows(*(self.named(pair) for pair in pairs))

    def named(self, pair: str) -> str:
        """The flow with an id of its own, unless it has one."""
        return pair if "=" in pair.partition(">")[0] else f"{self.name('f')}={pair}"

    def block(self, depth: int) -> tuple[str, list[str], str, str]:
        """The elements of a block, its flows, where it begins and where it ends."""
        self.budget -= 1
        if depth <= 0 or self.budget <= 0:
            return self.task()
        kinds = [self.task, self.split, self.split, self.circle, self.nested, self.nested, self.race, self.several]
        chosen = self.random.choice(kinds)
        return chosen() if chosen in (self.task, self.race, self.several) else chosen(depth - 1)

    def task(self) -> tuple[str, list[str], str, str]:
        name = self.name("u")
        return f'<bpmn:userTask id="{name}"/>', [], name, name

    def several(self) -> tuple[str, list[str], str, str]:
        name = self.name("mi")
        multi = MULTI.format(seq=self.random.choice(["true", "false"]), count=self.random.randint(0, 3))
        return f'<bpmn:userTask id="{name}">{multi}</bpmn:userTask>', [], name, name

    def split(self, depth: int) -> tuple[str, list[str], str, str]:
        kind = self.random.choice(["parallel", "exclusive", "inclusive"])
        fork, join, default = self.name("fork"), self.name("join"), self.name("d")
        body = f'<bpmn:{kind}Gateway id="{fork}"{"" if kind == "parallel" else DEFAULT.format(default)}/><bpmn:{kind}Gateway id="{join}"/>'
        pairs: list[str] = []
        for branch in range(self.random.randint(2, 3)):
            inner, more, first, out = self.block(depth)
            body += inner
            condition = "" if kind == "parallel" or branch == 0 else f"?pick % {branch + 2} == 0"
            name = f"{default}=" if branch == 0 and kind != "parallel" else ""
            pairs += [f"{name}{fork}>{first}{condition}", *more, f"{out}>{join}"]
        return body, pairs, fork, join

    def circle(self, depth: int) -> tuple[str, list[str], str, str]:
        enter, leave, default = self.name("in"), self.name("out"), self.name("d")
        inner, more, first, out = self.block(depth)
        task, _, wait, _ = self.task()
        body = f'{inner}{task}<bpmn:exclusiveGateway id="{enter}"/><bpmn:exclusiveGateway id="{leave}" default="{default}"/>'
        after = self.name("after")
        body += f'<bpmn:task id="{after}"/>'
        pairs = [
            f"{enter}>{first}",
            *more,
            f"{out}>{wait}",
            f"{wait}>{leave}",
            f"{leave}>{enter}?pick % 3 == 0",
            f"{default}={leave}>{after}",
        ]
        return body, pairs, enter, after

    def nested(self, depth: int) -> tuple[str, list[str], str, str]:
        sub, merge = self.name("sub"), self.name("merge")
        inner = self.scope(depth)
        if self.random.random() < 0.3:
            inner += self.event_subprocess()
        multi = MULTI.format(seq="true", count=2) if self.random.random() < 0.3 else ""
        body = f'<bpmn:subProcess id="{sub}">{multi}{inner}</bpmn:subProcess><bpmn:exclusiveGateway id="{merge}"/>'
        pairs = [f"{sub}>{merge}"]
        for definition in self.random.sample(
            [
                "<bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition>",
                '<bpmn:messageEventDefinition messageRef="m"/>',
                '<bpmn:signalEventDefinition signalRef="g"/>',
            ],
            self.random.randint(0, 2),
        ):
            name, interrupting = self.name("b"), self.random.choice(["true", "false"])
            body += f'<bpmn:boundaryEvent id="{name}" attachedToRef="{sub}" cancelActivity="{interrupting}">{definition}</bpmn:boundaryEvent>'
            if interrupting == "true":
                pairs.append(f"{name}>{merge}")
            else:
                task, _, first, _ = self.task()
                body += task
                pairs.append(f"{name}>{first}")
        return body, pairs, sub, merge

    def event_subprocess(self) -> str:
        name, start, task = self.name("esp"), self.name("es"), self.name("u")
        kind = self.random.choice(["true", "false"])
        definition = self.random.choice(
            ['<bpmn:messageEventDefinition messageRef="m"/>', '<bpmn:signalEventDefinition signalRef="g"/>']
        )
        return (
            f'<bpmn:subProcess id="{name}" triggeredByEvent="true"><bpmn:startEvent id="{start}" isInterrupting="{kind}">{definition}</bpmn:startEvent>'
            f'<bpmn:userTask id="{task}"/>{flows(self.name("f") + f"={start}>{task}")}</bpmn:subProcess>'
        )

    def race(self) -> tuple[str, list[str], str, str]:
        gate, merge, first, second = self.name("eg"), self.name("merge"), self.name("c"), self.name("c")
        body = (
            f'<bpmn:eventBasedGateway id="{gate}"/><bpmn:exclusiveGateway id="{merge}"/>'
            f'<bpmn:intermediateCatchEvent id="{first}"><bpmn:messageEventDefinition messageRef="m"/></bpmn:intermediateCatchEvent>'
            f'<bpmn:intermediateCatchEvent id="{second}"><bpmn:timerEventDefinition><bpmn:timeDuration>PT2H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:intermediateCatchEvent>'
        )
        return body, [f"{gate}>{first}", f"{gate}>{second}", f"{first}>{merge}", f"{second}>{merge}"], gate, merge


def act(instance: Drive, chance: random.Random) -> bool:
    """Does one random thing that the process accepts; False when it accepts nothing."""
    opened = instance.open()
    choices = [*opened.tasks, *opened.timers, *opened.subscriptions]
    if not choices:
        return False
    if opened.tasks and chance.random() < 0.7:
        task = chance.choice(opened.tasks)
        instance.apply(lambda run: run.complete_task(task.token, {"pick": chance.randint(0, 5)}))
        return True
    picked = chance.choice(choices)
    if picked in opened.timers:
        assert instance.apply(lambda run: run.fire_timer(picked.token))
    elif picked in opened.tasks:
        instance.apply(lambda run: run.complete_task(picked.token, {"pick": chance.randint(0, 5)}))
    elif chance.random() < 0.5:
        assert instance.apply(lambda run: run.deliver_message("reply", {}) or run.deliver_signal("alarm", {}))
    else:
        instance.pass_time(hours=1)
    return True


@pytest.mark.parametrize("seed", range(60))
def test_a_random_process_ends_properly(seed: int) -> None:
    found = imported(process(Writer(seed).scope(3), around=NEWS))
    assert found.executable, [finding for finding in found.findings if finding.severity == "error"]
    instance, chance = Drive(found, MemoryHost()).start(pick=1), random.Random(seed)
    for _ in range(400):
        assert instance.load().save() == instance.state
        if not act(instance, chance):
            break
    opened = instance.open()
    assert opened.faults == ()
    assert opened.status == "completed", (instance.tasks(), opened)
    entered = [visit.token for visit in instance.visits if visit.state == "entered"]
    assert len(entered) == len(set(entered))
