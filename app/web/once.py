"""Forms that are sent twice are done once: a double click, an impatient reload, a button pressed again after going back."""

from __future__ import annotations

import secrets

from flask import request

from app.identity import answers
from app.web import frame

FIELD = "once"
MAX_MARK = 64


def mark() -> str:
    """Return a mark for a form that is drawn now; it goes into its hidden field `once`."""
    return secrets.token_urlsafe(12)


def is_repeated() -> bool:
    """Take the mark of this form; True when a form with it was taken before. A form without a mark is always new.

    Side by side the second waits for the first; a first that is refused gives its mark back.
    """
    found = request.form.get(FIELD, "")
    if not found:
        return False
    key = f"form:{found[:MAX_MARK]}"
    return answers.claim(frame.viewer().user_id, key, request_digest=FIELD) is not None
