"""A desk with a million cases and five million messages: filled by SQL from the cases that the loader has copied in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote_plus

import psycopg
from psycopg import sql

from bench import http_load
from bench.desk import Desk
from bench.report import Figure, Report, quantile

BASE = 100_000
MESSAGES_A_CASE = 5
# Indexes that are cheaper to build once than to keep while millions of rows come in.
_BUILT_AFTER = ("ix_case_texts_search", "ix_messages_rfc_id", "ix_contacts_search", "ix_contact_traces_value")
_COLUMNS = """select string_agg(quote_ident(column_name), ', ' order by ordinal_position) from information_schema.columns
 where table_name = %s and column_name <> all(%s) and is_generated = 'NEVER'"""
# What differs between a row and its copy: everything else is taken over. %(k)s is the number of the copy, %(n)s rows a copy.
_CHANGED: dict[str, dict[str, str]] = {
    "contacts": {"id": "id + {by}"},
    "contact_points": {"contact_id": "contact_id + {by}", "address": "'c{k}.' || address"},
    "cases": {
        "id": "id + {by}", "number": "'RB-2024-' || lpad((id + {by})::text, 7, '0')", "contact_id": "contact_id + {by}",
        "opened_at": "opened_at + interval '{k} seconds'", "touched_at": "touched_at + interval '{k} seconds'",
        "due_at": "due_at + interval '{k} seconds'", "subject": "replace(subject, 'The long case', 'Another long case')",
    },
    "interactions": {"id": "id + {by}", "case_id": "case_id + {by}", "contact_id": "contact_id + {by}"},
    "audit_chains": {"chain": "'case:' || (substr(chain, 6)::bigint + {by})"},
    "audit_events": {"chain": "'case:' || (substr(chain, 6)::bigint + {by})"},
}  # fmt: skip
_FROM = {"audit_chains": "chain like 'case:%%'", "audit_events": "chain like 'case:%%'"}
_MORE = """insert into messages (interaction_id, case_id, direction, kind, contact_id, author, subject, text, full_text, html, sender,
  recipients, rfc_id, auto, reason, cause, problems, created_at, search)
 select i.id, c.id, case when turn %% 2 = 1 then 'out' else 'in' end, 'email', c.contact_id, c.contact_name, c.subject, t.text, '', '',
  t.sender, t.recipients, null, 'none', t.reason, '{}', '[]', c.opened_at + turn * interval '1 hour', t.search
 from cases c join interactions i on i.case_id = c.id cross join generate_series(%(first)s, 4) turn
 join texts t on t.place = (c.id * 7 + turn * 104729) %% %(texts)s
 where c.id > %(after)s and c.id <= %(upto)s"""
_TEXTS = """insert into case_texts (case_id, search)
 select m.case_id, array_to_tsvector(array_agg(distinct w.lexeme)) from messages m, unnest(m.search) w
 where m.case_id > %s and m.case_id <= %s group by m.case_id"""


def multiply(url: str, *, copies: int) -> None:
    """Copy the loaded cases so that there are `copies` times as many, and give every case its five messages. Takes minutes."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set synchronous_commit to off")
        connection.execute("set maintenance_work_mem to '512MB'")
        indexes = _drop(connection)
        connection.execute("alter table messages disable trigger user")
        connection.execute(
            "create unlogged table if not exists texts as select row_number() over () - 1 as place, text, sender, recipients,"
            " reason, search from messages where direction = 'in' and rfc_id like '%%@old.example>' limit 100000"
        )
        connection.execute("create unique index if not exists texts_place on texts (place)")
        connection.execute("analyze texts")
        texts = connection.execute("select count(*) from texts").fetchone()
        last = connection.execute("select max(id) from cases").fetchone()
        assert texts
        assert last
        by = int(last[0])
        # The first message of a loaded case is there; a copy has none yet.
        _say(connection, first=1, after=0, upto=by, texts=texts[0])
        connection.execute("delete from case_texts")
        connection.execute(_TEXTS, [0, by])
        for number in range(1, copies):
            _copy(connection, number, by=by)
            _say(connection, first=0, after=number * by, upto=(number + 1) * by, texts=texts[0])
            connection.execute(_TEXTS, [number * by, (number + 1) * by])
            print(f"  {number + 1} of {copies} parts are in", flush=True)
        connection.execute("drop table texts")
        connection.execute("alter table messages enable trigger user")
        for definition in indexes:
            connection.execute(definition)
        for table in ("contacts", "cases", "interactions", "messages"):
            connection.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))")
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


def _drop(connection: psycopg.Connection[Any]) -> list[str]:
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where indexname = any(%s)", [list(_BUILT_AFTER)]
    ).fetchall()
    for name, _definition in found:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    return [str(definition) for _name, definition in found]


def _copy(connection: psycopg.Connection[Any], number: int, *, by: int) -> None:
    for table, changed in _CHANGED.items():
        row = connection.execute(_COLUMNS, [table, [*changed, "id"]]).fetchone()
        assert row
        kept = str(row[0])
        values = [value.format(by=number * by, k=number) for value in changed.values()]
        key = (
            "id"
            if "id" in changed
            else "case_id"
            if "case_id" in changed
            else "contact_id"
            if "contact_id" in changed
            else ""
        )
        where = f"{key} <= {by}" if key else f"chain like 'case:%' and substr(chain, 6)::bigint <= {by}"
        connection.execute(
            f"insert into {table} ({', '.join(changed)}, {kept}) overriding system value"
            f" select {', '.join(values)}, {kept} from {table} where {where}"
        )


def _say(connection: psycopg.Connection[Any], **values: int) -> None:
    connection.execute(_MORE, values)


SEARCHES = (
    "sprinkler valve",  # one case in two hundred
    "team:service status:open boiler",  # a word that nearly every case holds
    "status:open priority:normal sprinkler",
    "heating -leak due<7d",
    "水管漏水 status:open",
    '"broken leak" channel:email',
    "from:@old.example sprinkler",
    "RB-2024-0250077",
)


def measure(report: Report, desk: Desk, *, number: str) -> None:
    """Ask for pages as one client does: lists, a case, and searches with operators."""
    report.begin("Pages, at 1,000,000 cases and 5,000,000 messages")
    cookie = http_load.sign_in(desk.address, "alice", desk.password("alice"))
    pages = [
        ("inbox of a team", "/inbox/team", 25.0), ("everything open", "/inbox/all", 25.0), ("due soon", "/inbox/due", 25.0),
        ("case with 30 messages", f"/cases/{number}", 30.0),
        *((f"search {query}", f"/search?q={quote_plus(query)}", 100.0) for query in SEARCHES),
    ]  # fmt: skip
    for name, path, target in pages:
        http_load.run(desk.address, cookie, http_load.repeat(path), clients=1, seconds=0.5)
        found = http_load.run(desk.address, cookie, http_load.repeat(path), clients=1, seconds=3.0)
        note = f"median {quantile(found.latencies, 0.5) * 1000:.1f} ms"
        report.add(Figure(f"{name}: p95, one client", quantile(found.latencies, 0.95) * 1000, "ms", target, note=note))
