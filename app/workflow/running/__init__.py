"""Runs compiled processes in memory: load, apply one stimulus, advance until it waits, save. No database here."""

from __future__ import annotations

from app.workflow.running.beginning import Clock, TimedStart, after, first, opening, timed_starts
from app.workflow.running.errors import (
    BpmnError,
    DataError,
    StateError,
    StepAborted,
    StepFailed,
    UnknownProcess,
    UnknownToken,
    let_through,
)
from app.workflow.running.migrating import Element, NoPlace, Place, elements, migrate, places
from app.workflow.running.run import Run, load, start
from app.workflow.running.types import (
    Host,
    OpenFault,
    OpenTask,
    OpenTimer,
    Projection,
    StepInfo,
    Subscription,
    Visit,
)

__all__ = [
    "BpmnError",
    "Clock",
    "DataError",
    "Element",
    "Host",
    "NoPlace",
    "OpenFault",
    "OpenTask",
    "OpenTimer",
    "Place",
    "Projection",
    "Run",
    "StateError",
    "StepAborted",
    "StepFailed",
    "StepInfo",
    "Subscription",
    "TimedStart",
    "UnknownProcess",
    "UnknownToken",
    "Visit",
    "after",
    "elements",
    "first",
    "let_through",
    "load",
    "migrate",
    "opening",
    "places",
    "start",
    "timed_starts",
]
