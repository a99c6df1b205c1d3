"""Reads for moving instances to another version: what runs, where its tokens stand, what the other version has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import select

from app.db import session
from app.workflow import definitions, running
from app.workflow.models import InstanceState, ProcessInstance
from app.workflow.outside import InstanceHost
from app.workflow.running import Element, Place

LIVE = (InstanceState.WAITING, InstanceState.FAULTED)
PAGE = 200


def running_after(definition_id: int, instance_id: int, *, limit: int) -> list[int]:
    """Return the next running instances of a version, in order of their ids."""
    query = (
        select(ProcessInstance.id)
        .where(
            ProcessInstance.definition_id == definition_id, ProcessInstance.status.in_(LIVE),
            ProcessInstance.id > instance_id,
        )
        .order_by(ProcessInstance.id)
        .limit(limit)
    )  # fmt: skip
    return list(session().scalars(query))


def places_in(
    definition_id: int, target: definitions.Compiled, *, mapping: Mapping[str, str], limit: int
) -> Iterator[list[Place]]:
    """Yield for each running instance of a version what would become of its open tokens in the target."""
    source, reached, left = definitions.compiled(definition_id), 0, limit
    while left > 0:
        rows = (
            session()
            .execute(
                select(ProcessInstance.id, ProcessInstance.business_key, ProcessInstance.state)
                .where(ProcessInstance.id.in_(running_after(definition_id, reached, limit=min(PAGE, left))))
                .order_by(ProcessInstance.id)
            )
            .all()
        )
        if not rows:
            return
        for row in rows:
            host = InstanceHost(row.id, row.business_key)
            run = running.load(source.code, digest=source.digest, state=bytes(row.state), host=host)
            yield running.places(
                run, target.code, digest=target.digest, process_id=target.process_id or None, mapping=mapping
            )
        reached, left = rows[-1].id, left - len(rows)


def elements_of(definition: definitions.Compiled) -> dict[str, Element]:
    """Return what can hold a token in a version, by id."""
    return running.elements(definition.code, digest=definition.digest)
