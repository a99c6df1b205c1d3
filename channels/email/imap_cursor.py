"""How far a folder has been read: a small value the desk stores in the same transaction as the mails themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Cursor:
    """Everything up to UID `last` is stored or stands in `again`; a mail is fetched at most until it is stored."""

    uidvalidity: int = 0
    last: int = 0
    until: int = 0  # UIDs up to here lay there before the first contact: `old` says which of them count
    old: str = "all"  # an IMAP search key, "all" or "none"
    since: str = ""  # date of the first contact, as IMAP writes it
    again: dict[int, int] = field(default_factory=dict)  # UID → failed attempts, fetched after all others
    unmarked: tuple[int, ...] = ()  # stored, but not yet marked or moved on the server
    is_refetch: bool = False  # the folder was made anew: some mails come a second time, under other UIDs

    def stored(self, uids: Iterable[int]) -> Cursor:
        """Return the cursor after these were stored and still have to be marked."""
        done = tuple(uids)
        again = {uid: tries for uid, tries in self.again.items() if uid not in done}
        return replace(self, last=max(self.last, *done), again=again, unmarked=(*self.unmarked, *done))

    def failed(self, uids: Iterable[int]) -> Cursor:
        """Return the cursor after these could not be fetched: they wait behind all others."""
        tries = {uid: self.again.get(uid, 0) + 1 for uid in uids}
        return replace(self, last=max(self.last, *tries), again={**self.again, **tries})

    def gone(self, uids: Iterable[int]) -> Cursor:
        """Return the cursor after these turned out to be deleted by somebody else."""
        lost = set(uids)
        last = max([self.last, *lost])
        return replace(self, last=last, again={uid: tries for uid, tries in self.again.items() if uid not in lost})

    def marked(self, uids: Iterable[int]) -> Cursor:
        """Return the cursor after these were marked."""
        done = set(uids)
        return replace(self, unmarked=tuple(uid for uid in self.unmarked if uid not in done))

    def dump(self) -> str:
        """Return the cursor as text for a database column."""
        values = {name: value for name, value in asdict(self).items() if value not in (0, "", False, {}, ())}
        return json.dumps(values, separators=(",", ":"))


def load_cursor(text: str) -> Cursor:
    """Return the cursor that `dump` made; empty or damaged text means that nothing was read yet."""
    try:
        values = json.loads(text or "{}")
        again = {int(uid): int(tries) for uid, tries in values.pop("again", {}).items()}
        unmarked = tuple(int(uid) for uid in values.pop("unmarked", ()))
        return Cursor(**values, again=again, unmarked=unmarked)
    except (ValueError, TypeError, AttributeError):
        return Cursor()
