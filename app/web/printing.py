"""A case on paper: all that was said, with nothing fetched from elsewhere."""

from __future__ import annotations

from flask import Blueprint, render_template

from app.cases.fields import values as field_values
from app.clock import utcnow
from app.contacts import queries as contacts
from app.messaging import queries as messages
from app.orchestration import queries as orchestration
from app.web import access, frame
from app.web.rules import signed_in

blueprint = Blueprint("printing", __name__)
#: Nobody prints more; the page says so where a case has more.
MOST = 1000


@blueprint.get("/cases/<number>/print")
@signed_in
def paper(number: str) -> str:
    """Show a case for printing: facts, work orders, every message as text, oldest first."""
    case = access.case_row(frame.viewer(), number)
    stamps = messages.stamps(case.id, limit=MOST + 1)
    lines = messages.lines([stamp.id for stamp in stamps[-MOST:]])
    return render_template(
        "print.html", case=case, orders=orchestration.overview(case.id).orders, now=utcnow(), is_cut=len(stamps) > MOST,
        fields=[shown for shown in field_values.of_case(case.id, case.type) if shown.value not in (None, [])],
        messages=[lines[stamp.id] for stamp in stamps[-MOST:]],
        points=contacts.addresses(case.contact_id) if case.contact_id else [],
    )  # fmt: skip
