"""Tokens are SpiffWorkflow tasks in a tree of scopes: a child runs inside its parent, and finished tokens leave the
tree at once. So the tree is as deep as the diagram is nested, however long the instance lives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

from SpiffWorkflow import Workflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from app.workflow.running.graph import Definition, Node
from app.workflow.running.types import Host, StepInfo, Visit

WAITING = TaskState.WAITING
READY = TaskState.READY
STARTED = TaskState.STARTED
ERROR = TaskState.ERROR
COMPLETED = TaskState.COMPLETED
CANCELLED = TaskState.CANCELLED
MAX_TOKENS = 20_000
MAX_LEVEL = 150


class Token(Task):  # type: ignore[misc]
    """A token at a node. `data` holds variables local to it, `internal_data` what its node remembers."""

    task_spec: Node
    workflow: Instance
    id: str

    def __init__(self, workflow: Instance, spec: Node, parent: Token | None, *, state: int, id: str) -> None:
        super().__init__(workflow, spec, parent, state=state, id=id)
        #: How deep the token lies in nested scopes.
        self.level: int = 0 if parent is None else parent.level + 1

    @property
    def node(self) -> Node:
        """The element where the token is."""
        return self.task_spec

    def _set_state(self, value: int) -> None:
        # The stock method gathers log fields on every change, which costs more than the change.
        self._state = value

    def become(self, state: int) -> None:
        """Changes the state, backwards too: a token that waited may be ready again."""
        self._state = state

    @property
    def parent_id(self) -> str | None:
        """The id of the scope around this token."""
        return self._parent  # type: ignore[no-any-return]

    def disown(self, child: str) -> None:
        """Takes a child out of the list of children."""
        if child in self._children:
            self._children.remove(child)

    def run(self) -> bool | None:
        """Runs the token's node. True: done; None: it waits or has been dealt with."""
        outcome = self.task_spec.perform(self)
        if outcome:
            self.complete()
        elif self._state == READY:
            self._state = WAITING
        return outcome

    @property
    def is_subscription(self) -> bool:
        """True for a waiting boundary event, event sub-process start or gateway branch: it keeps no scope alive."""
        return "sub" in self.internal_data

    def live_children(self) -> Iterator[Token]:
        """Children in order of birth."""
        tasks = self.workflow.tasks
        for child in list(self._children):
            token = tasks.get(child)
            if token is not None:
                yield token


class Instance(Workflow):  # type: ignore[misc]
    """One process instance: its tree of tokens, the queue of those ready to run, and its fresh history."""

    tasks: dict[str, Token]
    task_tree: Token

    def __init__(self, graph: Definition, host: Host, *, max_tokens: int = MAX_TOKENS) -> None:
        super().__init__(graph, deserializing=True)
        self.graph = graph
        self.max_tokens = max_tokens
        self.host = host
        self.ready: deque[Token] = deque()
        self.visits: list[Visit] = []
        self.status = "waiting"
        self.outcome: str | None = None
        #: No timer is due before this; None when none runs or nothing is known of one.
        self.soonest: datetime | None = None

    def place(self, parent: Token | None, node: Node, *, state: int = WAITING, token_id: str | None = None) -> Token:
        """Puts a token into the tree without running it. How many there may be is looked at before each step."""
        return Token(self, node, parent, state=state, id=token_id or str(uuid4()))

    def spawn(self, scope: Token, node: Node, *, via: str | None = None) -> Token:
        """Brings a token to a node and queues it. Listening nodes go first, so that no event is missed."""
        token = self.place(scope, node, state=READY)
        if via is not None:
            token.internal_data["via"] = via
        self.record(token, "entered")
        self.enqueue(token, first=node.listening)
        return token

    def enqueue(self, token: Token, *, first: bool = False) -> None:
        """Queues a token to run."""
        token.become(READY)
        if first:
            self.ready.appendleft(token)
        else:
            self.ready.append(token)

    def go_on(self, token: Token) -> None:
        """Queues a token whose node is done, ahead of all others: what an event set free moves first."""
        token.internal_data["phase"] = "leave"
        self.enqueue(token, first=True)

    def next_ready(self) -> Token | None:
        """The next token to run, skipping those that were cancelled while they queued."""
        while self.ready:
            token = self.ready.popleft()
            if token.state == READY and token.id in self.tasks:
                return token
        return None

    def remove(self, token: Token) -> None:
        """Takes a token and everything inside it out of the tree."""
        parent = token.parent
        if parent is not None:
            parent.disown(token.id)
        self._forget(token)

    def _forget(self, token: Token) -> None:
        for child in token.live_children():
            self._forget(child)
        self.tasks.pop(token.id, None)

    def cancel_token(self, token: Token) -> None:
        """Cancels a token and everything inside it, with a note in the history for each."""
        for child in token.live_children():
            self.cancel_token(child)
        token.become(CANCELLED)
        if not token.is_subscription:
            self.record(token, "cancelled")
        self.remove(token)

    def record(self, token: Token, state: Any) -> None:
        """Adds an entry to the fresh history."""
        node = token.task_spec
        self.visits.append(Visit(token.id, node.id, node.title, node.kind, state, self.host.now()))

    def record_flow(self, token: Token, flow_id: str, name: str) -> None:
        """Notes that a token took a flow."""
        self.visits.append(Visit(token.id, flow_id, name, "sequenceFlow", "taken", self.host.now()))

    def watch(self, due: datetime) -> None:
        """Notes that a timer runs, so that a long step does not overtake it."""
        if self.soonest is None or due < self.soonest:
            self.soonest = due

    def at(self, token: Token) -> StepInfo:
        """What the host is told about the step that asks."""
        node = token.task_spec
        return StepInfo(token.id, node.id, node.title, node.process_id)

    def now(self) -> datetime:
        """The host's present moment."""
        return self.host.now()

    def on_complete(self, token: Token) -> None:
        """Called by SpiffWorkflow when a token completes; the flow module moves it on."""
        HOOKS["leave"](self, token)


#: Set by the flow module, which stands above this one.
HOOKS: dict[str, Any] = {}
