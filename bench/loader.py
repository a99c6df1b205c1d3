"""Fills a desk's database with old and open cases by COPY: contacts, cases, interactions, messages, search tokens, audit heads."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from app.audit.chain import GENESIS, event_hash
from app.clock import iso
from app.search import index_tokens
from bench.mails import WORDS

OPEN_SHARE = 0.1
RARE = 200  # one case in so many holds the word that the search looks for
LONG_CASE_MESSAGES = 30
SURNAMES = [f"name{number}" for number in range(5000)]
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
NAMES = (
    "RB-2025-{:06d}", "Customer {} {}", "loaded{}@old.example",
)  # fmt: skip


def load(url: str, *, upto: int) -> str:
    """Fill the database up to `upto` cases; returns the number of an open case with 30 messages. Takes about a minute a 100,000."""
    with psycopg.connect(url) as connection:
        have = _one(connection, "select count(*) from cases")
        team, account = (
            _one(connection, "select id from teams where key = 'service'"),
            _one(connection, "select id from channel_accounts order by id limit 1"),
        )
        first = {
            t: _one(connection, f"select coalesce(max(id), 0) + 1 from {t}")
            for t in ("contacts", "cases", "interactions", "messages")
        }
        rows = list(_cases(upto - have, first=first["cases"], contact=first["contacts"], team=team, account=account))
        if rows:
            _copy_all(connection, rows, first=first, account=account)
        connection.commit()
        number = _one(connection, "select number from cases where subject = 'The long case' limit 1")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return str(number)


def _one(connection: psycopg.Connection[Any], query: Any) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else None


def _cases(count: int, *, first: int, contact: int, team: int, account: int) -> Iterator[dict[str, Any]]:
    chance = random.Random(first)
    for number in range(count):
        opened = BEGIN + timedelta(minutes=5 * (first + number))
        is_open = chance.random() < OPEN_SHARE or number == 0
        words = chance.choices(WORDS, k=5)
        text = " ".join([*chance.choices(WORDS, k=60), *chance.choices(SURNAMES, k=4)])
        if number % RARE == 7:
            text += " sprinkler valve"
        yield {
            "id": first + number, "contact": contact + number, "is_open": is_open, "opened": opened, "text": text,
            "subject": "The long case" if number == 0 and first < 5000 else " ".join(words), "team": team,
            "account": account, "messages": LONG_CASE_MESSAGES if number == 0 else 1,
            "number": NAMES[0].format(first + number), "address": NAMES[2].format(first + number),
            "name": NAMES[1].format(chance.choice(SURNAMES), number),
        }  # fmt: skip


def _copy_all(
    connection: psycopg.Connection[Any], rows: list[dict[str, Any]], *, first: dict[str, int], account: int
) -> None:
    _copy(connection, "contacts (id, name, language, is_blocked, created_at)", (
        (r["contact"], r["name"], "en", False, r["opened"]) for r in rows))  # fmt: skip
    _copy(
        connection,
        "contact_points (contact_id, kind, address, domain)",
        ((r["contact"], "email", r["address"], r["address"].partition("@")[2]) for r in rows),
    )
    _copy(
        connection,
        "cases (id, number, subject, preview, status, type, priority, queue_key, team_id, contact_id, contact_name, account_id,"
        " channel, language, auto, is_unread, chase_count, opened_at, touched_at, due_at, due_from, due_why, archived_at)",
        ((
            r["id"], r["number"], r["subject"], r["text"][:160], "open" if r["is_open"] else "archived", "request", "normal",
            "service", r["team"], r["contact"], r["name"], account, "email", "en", "none", r["is_open"], 0, r["opened"],
            r["opened"], r["opened"] + timedelta(days=2) if r["is_open"] else None, r["opened"], "first response",
            None if r["is_open"] else r["opened"] + timedelta(days=1),
        ) for r in rows),
    )  # fmt: skip
    _copy(connection, "interactions (id, case_id, account_id, contact_id, kind, subject, started_at)", (
        (first["interactions"] + n, r["id"], account, r["contact"], "email", r["subject"], r["opened"])
        for n, r in enumerate(rows)))  # fmt: skip
    # The rows of case_texts are copied too: the trigger that keeps them is made for single messages.
    connection.execute("alter table messages disable trigger add_case_texts")
    _copy(
        connection,
        "messages (id, interaction_id, case_id, direction, kind, contact_id, author, subject, text, full_text, html, sender,"
        " recipients, rfc_id, auto, reason, cause, problems, created_at, search)",
        _messages(rows, first=first),
    )
    connection.execute("alter table messages enable trigger add_case_texts")
    _copy(connection, "case_texts (case_id, search)", ((r["id"], _tokens(r)) for r in rows))
    _copy(connection, "audit_chains (chain, seq, head)", ((f"case:{r['id']}", 1, _event(r)["hash"]) for r in rows))
    _copy(
        connection, "audit_events (chain, seq, kind, at, actor, actor_name, cause, data, previous, hash)",
        ((e["chain"], 1, e["kind"], e["at"], e["actor"], e["actor_name"], "{}", '{"loaded":true}', e["previous"], e["hash"])
         for e in map(_event, rows)),
    )  # fmt: skip
    for table in ("contacts", "cases", "interactions", "messages"):
        connection.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")


def _event(row: dict[str, Any]) -> dict[str, Any]:
    event = {
        "chain": f"case:{row['id']}", "seq": 1, "kind": "case_opened", "at": iso(row["opened"]), "actor": "system",
        "actor_name": "Ringback", "cause": {}, "data": {"loaded": True}, "previous": GENESIS,
    }  # fmt: skip
    return {**event, "hash": event_hash(event)}


def _messages(rows: list[dict[str, Any]], *, first: dict[str, int]) -> Iterator[tuple[Any, ...]]:
    message = first["messages"]
    for position, row in enumerate(rows):
        search = _tokens(row)
        for turn in range(row["messages"]):
            yield (
                message, first["interactions"] + position, row["id"], "in", "email", row["contact"], row["name"],
                row["subject"], row["text"], "", "", row["address"], '{"to": [], "cc": []}', f"<{message}@old.example>",
                "none", "new: refers to no case", "{}", "[]", row["opened"] + timedelta(hours=turn), search,
            )  # fmt: skip
            message += 1


def _tokens(row: dict[str, Any]) -> str:
    tokens = index_tokens(row["subject"], row["name"], row["address"], row["text"])
    return " ".join("'" + token.replace("'", "''") + "'" for token in tokens)


def _copy(connection: psycopg.Connection[Any], target: str, rows: Iterator[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"copy {target} from stdin") as copy:
        for row in rows:
            copy.write_row(row)
