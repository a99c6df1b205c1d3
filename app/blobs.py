"""Bytes by digest: raw envelopes, attachments, uploaded diagrams. Stored once, in the same transaction as their row."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, select
from sqlalchemy.orm import Mapped, mapped_column

from app.clock import utcnow
from app.crypto import sha256
from app.db import Base, later, session
from app.errors import NotFound

_NEW = """insert into blobs (digest, size, content, created_at)
 values (%(digest)s, %(size)s, %(content)s, %(now)s) on conflict do nothing"""


class Blob(Base):
    """Immutable bytes under their SHA-256."""

    __tablename__ = "blobs"

    digest: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


def put(content: bytes) -> str:
    """Store bytes (once per digest) and return their digest."""
    digest = sha256(content)
    later(_NEW, {"digest": digest, "size": len(content), "content": content, "now": utcnow()}, rank=0)
    return digest


def get(digest: str) -> bytes:
    """Return the bytes; raises NotFound."""
    content = session().scalar(select(Blob.content).where(Blob.digest == digest))
    if content is None:
        raise NotFound("blob_missing", "The stored file is missing.", digest=digest)
    return bytes(content)
