"""Fetches a mailbox by IMAP: stores first, marks afterwards, and lets no mail and no failure stop the ones behind it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from threading import Event
from typing import Any

import structlog

from channels.clock import utcnow
from channels.email.config import EmailConfig, FirstFetch
from channels.email.imap_cursor import Cursor, load_cursor
from channels.email.imap_session import CommandRefused, ImapSession, Listed
from channels.email.oauth import Tokens
from channels.outcomes import ChannelError, Health, HealthState, Reason, TemporaryFailure, reason_of
from channels.port import Commit, RawEnvelope

BATCH_MAILS, BATCH_BYTES = 25, 4 * 1024 * 1024
ATTEMPTS = 3
QUIET_PASSES = 3  # without a new mail, for a server that tells of its mails unasked with every answer
# Servers may hang up after 29 minutes; a shorter turn also finds a line that died silently.
IDLE_SECONDS = 240.0
BACKOFF_FIRST, BACKOFF_LAST, BACKOFF_LOGIN = 1.0, 300.0, 60.0
CHECK_SECONDS = 10.0  # for each step; somebody is waiting for the answer
_HEAD_BYTES = 256 * 1024
_log = structlog.get_logger()


class ImapPoller:
    """Poller and HealthCheck of one mailbox. One thread at a time."""

    def __init__(self, config: EmailConfig, *, tokens: Tokens | None = None, backoff: float = BACKOFF_FIRST) -> None:
        self._config, self._backoff, self._tokens = config, backoff, tokens or Tokens(config)

    def poll(self, cursor: str, *, commit: Commit, stop: Event) -> str:
        """Fetch all that is new, once. Raises TemporaryFailure; what was committed before that stays committed."""
        session = ImapSession(self._config, tokens=self._tokens)
        try:
            reading = _Reading(self._config, session, cursor=load_cursor(cursor), commit=commit)
            reading.run(stop)
            return reading.cursor.dump()
        finally:
            session.close()

    def watch(self, cursor: str, *, commit: Commit, stop: Event, report: Callable[[Health], None]) -> None:
        """Fetch until `stop` is set. Reports the first health and each change; raises nothing but bugs of `report`."""
        tell, failures = _Changes(report), 0
        text = cursor

        def keep(envelopes: Sequence[RawEnvelope], reached: str) -> None:
            nonlocal text, failures
            commit(envelopes, reached)
            text = reached
            failures = 0 if envelopes else failures

        while not stop.is_set():
            try:
                failures = self._stay(text, keep, stop=stop, tell=tell, failures=failures)
            except ChannelError as error:
                failures += 1
                if failures > 1 or error.code != Reason.CONNECTION_LOST.value:
                    # Servers hang up now and then; that is news only when the next try fails too.
                    tell(Health(HealthState.FAILING, reason_of(error), error.sentence))
                stop.wait(_pause(failures, error.code, first=self._backoff))
            except Exception:  # noqa: BLE001 - a desk that cannot store for now must not end the watch; the log has it
                _log.exception("imap_watch_failed", folder=self._config.imap_folder)
                failures += 1
                stop.wait(_pause(failures, "", first=self._backoff))

    def check(self) -> Health:
        """Log in and open the folder."""
        try:
            ImapSession(self._config, tokens=self._tokens, patience=CHECK_SECONDS).close()
        except ChannelError as error:
            return Health(HealthState.FAILING, reason_of(error), error.sentence)
        return Health(HealthState.OK)

    def _stay(self, text: str, commit: Commit, *, stop: Event, tell: _Changes, failures: int) -> int:
        """Read on one connection for as long as it lasts."""
        session = ImapSession(self._config, tokens=self._tokens)
        try:
            reading = _Reading(self._config, session, cursor=load_cursor(text), commit=commit)
            while not stop.is_set():
                reading.run(stop)
                tell(reading.health())
                failures = 0
                if session.can_idle():
                    session.idle(IDLE_SECONDS, stop=stop)
                else:
                    stop.wait(self._config.poll_seconds)
            return failures
        finally:
            session.close()


class _Reading:
    """One pass over a folder after the other, on one connection."""

    def __init__(self, config: EmailConfig, session: ImapSession, *, cursor: Cursor, commit: Commit) -> None:
        self._config, self._session, self._commit = config, session, commit
        self.cursor = _fit(cursor, session, config=config)
        self._mark_error: CommandRefused | None = None

    def run(self, stop: Event) -> None:
        """Fetch, store and mark whatever waits, until nothing new has come meanwhile."""
        self._mark()
        has_more, quiet = self._pass(stop, with_failed=True), 0
        while has_more and not stop.is_set() and quiet < QUIET_PASSES:
            last = self.cursor.last
            has_more = self._pass(stop, with_failed=False)
            quiet = quiet + 1 if self.cursor.last == last else 0

    def _pass(self, stop: Event, *, with_failed: bool) -> bool:
        """Go through the folder once; returns whether there may be more."""
        waiting = self._session.waiting(self.cursor)
        self._forget_deleted(waiting)
        is_new = any(mail.uid not in self.cursor.again for mail in waiting)
        for batch in _batches(waiting, self.cursor, limit=self._config.max_bytes):
            if stop.is_set():
                return False
            if with_failed or batch[0].uid not in self.cursor.again:
                self._take(batch)
        if self.cursor.last < self.cursor.until:
            # Whatever was not counted of the mails that lay there before need not be looked through again.
            self._save([], self.cursor.gone([self.cursor.until]))
        return is_new or self._session.has_news()

    def health(self) -> Health:
        """Return how well the last pass went."""
        if self._mark_error is None:
            return Health(HealthState.OK)
        return Health(HealthState.DEGRADED, reason_of(self._mark_error), self._mark_error.sentence)

    def _take(self, batch: list[Listed]) -> None:
        uids = [mail.uid for mail in batch]
        try:
            envelopes = self._fetch(batch)
        except CommandRefused:
            if len(batch) > 1:
                for mail in batch:
                    self._take([mail])
                return
            self._save([], self.cursor.failed(uids))
            return
        except TemporaryFailure:
            # The line broke; which mail broke it is unknown, so all of them wait behind the others.
            self._save([], self.cursor.failed(uids))
            raise
        found = {envelope.meta["uid"] for envelope in envelopes}
        cursor = self.cursor.gone(uid for uid in uids if uid not in found)
        self._save(envelopes, cursor.stored(found) if found else cursor)
        self._mark()

    def _save(self, envelopes: list[RawEnvelope], cursor: Cursor) -> None:
        self._commit(envelopes, cursor.dump())
        self.cursor = cursor

    def _fetch(self, batch: list[Listed]) -> list[RawEnvelope]:
        first = batch[0]
        if first.size > self._config.max_bytes:
            return [self._head_only(first, problem="oversize")]
        if self.cursor.again.get(first.uid, 0) >= ATTEMPTS:
            return [self._head_only(first, problem="unfetchable")]
        rows = self._session.fetch([mail.uid for mail in batch], ["BODY.PEEK[]"], size=sum(mail.size for mail in batch))
        return [self._envelope(mail, rows[mail.uid]) for mail in batch if mail.uid in rows]

    def _envelope(self, mail: Listed, row: dict[bytes, Any], *, problem: str = "") -> RawEnvelope:
        raw = row.get(b"BODY[]")
        if not isinstance(raw, bytes):
            raise CommandRefused(
                Reason.VENDOR_FAULT.value, f"The server sent no body for the mail with UID {mail.uid}."
            )
        return self._raw(mail, raw, problem=problem)

    def _head_only(self, mail: Listed, *, problem: str) -> RawEnvelope:
        """Return as much as can be had of a mail that is too large, or that the server never hands out whole."""
        if self.cursor.again.get(mail.uid, 0) >= 2 * ATTEMPTS:
            return self._raw(mail, b"", problem=problem)
        try:
            rows = self._session.fetch([mail.uid], [f"BODY.PEEK[HEADER]<0.{_HEAD_BYTES}>"], size=_HEAD_BYTES)
        except CommandRefused:
            rows = {}
        parts = [value for key, value in rows.get(mail.uid, {}).items() if key.startswith(b"BODY[HEADER]")]
        return self._raw(mail, parts[0] if parts and isinstance(parts[0], bytes) else b"", problem=problem)

    def _raw(self, mail: Listed, raw: bytes, *, problem: str) -> RawEnvelope:
        meta = {
            "via": "imap",
            "folder": self._config.imap_folder,
            "uidvalidity": self._session.uidvalidity,
            "uid": mail.uid,
            "size": mail.size,
            "is_refetch": self.cursor.is_refetch and mail.uid <= self.cursor.until,
        }
        external_id = f"{self._session.uidvalidity}:{mail.uid}"
        return RawEnvelope(raw, external_id, received_at=mail.received_at or utcnow(), meta=meta, problem=problem)

    def _forget_deleted(self, waiting: list[Listed]) -> None:
        there = {mail.uid for mail in waiting}
        lost = [uid for uid in self.cursor.again if uid not in there]
        if lost:
            self.cursor = self.cursor.gone(lost)

    def _mark(self) -> None:
        """Mark what is stored. A server that will not is reported; the mails are safe here and not fetched again."""
        uids = self.cursor.unmarked
        self._mark_error = None
        if not uids:
            return
        try:
            self._session.mark(uids)
        except CommandRefused as error:
            self._mark_error = error
            return
        self._save([], self.cursor.marked(uids))


class _Changes:
    """Passes a health on when it differs from the one before."""

    def __init__(self, report: Callable[[Health], None]) -> None:
        self._report, self._last = report, None

    _last: Health | None

    def __call__(self, health: Health) -> None:
        if health != self._last:
            self._last = health
            self._report(health)


def _fit(cursor: Cursor, session: ImapSession, *, config: EmailConfig) -> Cursor:
    """Return the cursor for the folder as it is now: new contact, the same folder, or one made anew."""
    if cursor.uidvalidity == session.uidvalidity:
        return cursor
    until = session.uidnext - 1
    if not cursor.uidvalidity:
        since = _imap_date(time.gmtime())
        return Cursor(session.uidvalidity, until=until, old=_FIRST[config.imap_first], since=since)
    _log.warning("imap_folder_made_anew", folder=config.imap_folder, uidvalidity=session.uidvalidity)
    old = f"OR UNSEEN SINCE {cursor.since}" if cursor.since else "all"
    return Cursor(session.uidvalidity, until=until, old=old, since=cursor.since, is_refetch=True)


_FIRST = {FirstFetch.UNSEEN: "UNSEEN", FirstFetch.ALL: "ALL", FirstFetch.NONE: "none"}


def _imap_date(at: time.struct_time) -> str:
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return f"{at.tm_mday}-{months[at.tm_mon - 1]}-{at.tm_year}"


def _batches(waiting: list[Listed], cursor: Cursor, *, limit: int) -> Iterator[list[Listed]]:
    """Group small mails; one that is large or has failed before goes alone."""
    batch: list[Listed] = []
    for mail in waiting:
        is_alone = mail.uid in cursor.again or mail.size > min(limit, BATCH_BYTES)
        is_full = len(batch) >= BATCH_MAILS or sum(each.size for each in batch) + mail.size > BATCH_BYTES
        if batch and (is_alone or is_full):
            yield batch
            batch = []
        batch.append(mail)
        if is_alone:
            yield batch
            batch = []
    if batch:
        yield batch


def _pause(failures: int, code: str, *, first: float) -> float:
    """Return seconds to wait: doubling, with jitter, and longer at once where a retry could lock the account."""
    seconds = min(BACKOFF_LAST, first * 2.0 ** min(failures - 1, 10))
    if code == Reason.BAD_CREDENTIALS.value:
        seconds = max(seconds, min(BACKOFF_LOGIN, first * BACKOFF_LOGIN))
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - spreads load, guards nothing
