"""Keeps account secrets that change by themselves: sealed, and by one process at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select, update

from app import crypto, db
from app.logs import log
from app.messaging.models import ChannelAccount


@dataclass(frozen=True, slots=True)
class AccountSecrets:
    """The secrets of one account. `version` is that of the settings a person saved last; a rotation is none of these."""

    account_id: int
    version: int

    @property
    def name(self) -> str:
        """Name account and version."""
        return f"{self.account_id}/{self.version}"

    def change(self, field: str, renew: Callable[[str], str]) -> None:
        """Call `renew` with the stored secret and store what it returns, while all other processes that want to wait.

        It may take the time of one network call: only the name is held, no row. A secret that a person entered meanwhile stays.
        """
        with db.unit_of_work() as session:
            db.lock(f"secret:{self.account_id}:{field}")
            query = select(ChannelAccount.secrets).where(ChannelAccount.id == self.account_id)
            before = str(crypto.unseal(session.scalar(query) or "").get(field, ""))
            fresh = renew(before)
            if fresh == before:
                return
            kept = crypto.unseal(session.scalar(query.with_for_update()) or "")
            if kept.get(field, "") != before:
                log().warning("rotated_secret_superseded", account=self.account_id, field=field)
                return
            session.execute(
                update(ChannelAccount)
                .where(ChannelAccount.id == self.account_id)
                .values(secrets=crypto.seal({**kept, field: fresh}))
                .execution_options(synchronize_session=False)
            )
        log().info("secret_rotated", account=self.account_id, field=field)
