"""Idempotency-Key: a call that is sent twice is done once. The answer is kept with the work, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from flask import Response, request

from app.errors import Invalid
from app.identity import answers
from app.web import frame

HEADER = "Idempotency-Key"
MAX_KEY = 200


def answer(work: Callable[[], Response]) -> Response:
    """Do the work, or give the answer of the first time when the caller's key is known. Without a key, just do it.

    Raises Invalid when the key was used for another request.
    """
    key = request.headers.get(HEADER, "").strip()
    if not key:
        return work()
    if len(key) > MAX_KEY:
        raise Invalid("bad_key", f"An Idempotency-Key has at most {MAX_KEY} characters.")
    user_id, digest = frame.viewer().user_id, _digest()
    kept = answers.claim(user_id, key, request_digest=digest)
    if kept is None:
        response = work()
        answers.keep(user_id, key, status=response.status_code, body=response.get_data(as_text=True))
        return response
    if kept.request_digest != digest:
        raise Invalid("key_reused", "This Idempotency-Key was used for another request: choose a new one.")
    again = Response(kept.body, kept.status, content_type="application/json")
    again.headers["Idempotency-Replayed"] = "true"
    return again


def _digest() -> str:
    total = hashlib.sha256(f"{request.method} {request.full_path}\n".encode())
    total.update(request.get_data())
    return total.hexdigest()
