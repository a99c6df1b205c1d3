"""API: the audit chain of a case, verified, and as a proof that verifies without this desk."""

from __future__ import annotations

from flask import Blueprint

from app.audit import service as audit
from app.cases.service import chain_of
from app.identity import policy
from app.web import access, frame
from app.web.api import shapes
from app.web.api.contract import operation
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("api_history", __name__)


@blueprint.get("/cases/<number>/history")
@operation("Read the history of a case", tag="history", answers=shapes.History)
@signed_in
def history(number: str) -> shapes.History:
    """Return all events of a case and its work orders with their hashes, and whether the chain holds."""
    chain = chain_of(access.case_by_number(frame.viewer(), number).id)
    verdict = audit.verify_chain(chain)
    return shapes.History(
        chain=chain, is_intact=verdict.is_intact, head=verdict.head, bad_seq=verdict.bad_seq, why=verdict.why,
        events=[shapes.EventRow.model_validate(event) for event in audit.chain_events(chain)],
    )  # fmt: skip


@blueprint.get("/cases/<number>/history/proof")
@operation("Export the history of a case", tag="history", answers=shapes.Proof)
@allow_if(policy.may_take_proof)
def proof(number: str) -> shapes.Proof:
    """Return the chain as a file that `flask verify-audit --file` verifies anywhere."""
    return shapes.Proof.model_validate(audit.export_chain(chain_of(access.case_by_number(frame.viewer(), number).id)))
