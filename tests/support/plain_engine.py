"""The same 17-node incident on plain SpiffWorkflow with its own serialiser, as the yardstick of the bench."""

from __future__ import annotations

import re
import time
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.util.task import TaskState

from tests.support.processes import MODELS, ROUND, incident_data


class PlainIncident:
    """One instance that is deserialised and serialised around every completed task."""

    def __init__(self, *, size: int = 2_000) -> None:
        text = (MODELS / "incident.bpmn").read_text()
        # Timers are Python expressions there, so a literal needs quotes.
        text = re.sub(r"<bpmn:timeDuration>(\w+)<", r'<bpmn:timeDuration>"\1"<', text)
        parser = BpmnParser()
        parser.add_bpmn_str(text.encode())
        self.serializer = BpmnWorkflowSerializer()
        workflow = BpmnWorkflow(parser.get_spec("incident"), parser.get_subprocess_specs("incident"))
        first = workflow.get_next_task(state=TaskState.READY)
        first.set_data(**incident_data(size))
        workflow.do_engine_steps()
        self.state: str = self.serializer.serialize_json(workflow)

    def round(self) -> float:
        """Takes the instance from recording to its re-opening; returns the processor seconds it took."""
        begin = time.process_time()
        for element, data in ROUND:
            self.complete(element, data)
        return time.process_time() - begin

    def complete(self, element: str, data: dict[str, Any]) -> None:
        """Load, complete one user task, run on, save."""
        workflow = self.serializer.deserialize_json(self.state)
        task = workflow.get_next_task(state=TaskState.READY, spec_name=element)
        task.set_data(**data)
        task.run()
        workflow.do_engine_steps()
        self.state = self.serializer.serialize_json(workflow)
