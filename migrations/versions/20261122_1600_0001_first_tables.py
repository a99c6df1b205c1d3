"""first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# One row a case with all that its messages say, kept by the database. Statistics are wide, so that the planner knows rare words.
CASE_TEXTS = (
    "alter table case_texts alter column search set statistics 1000",
    """create function add_case_texts() returns trigger language plpgsql as $$ begin
      insert into case_texts as t (case_id, search)
        select n.case_id, case when count(*) = 1 then strip((array_agg(n.search))[1]) else
          (select array_to_tsvector(array_agg(distinct w.lexeme)) from unnest(array_agg(n.search)) s (words), unnest(s.words) w)
          end from added n where n.search <> '' group by n.case_id
        on conflict (case_id) do update set search = t.search || excluded.search
          where t.search || excluded.search is distinct from t.search;
      return null;
    end $$""",
    """create function renew_case_texts() returns trigger language plpgsql as $$
    declare touched bigint[];
    begin
      if tg_op = 'DELETE' then
        select array_agg(distinct case_id) into touched from gone;
      else
        select array_agg(distinct id) into touched from (
          select unnest(array[g.case_id, c.case_id]) as id from gone g join came c on c.id = g.id
          where g.case_id <> c.case_id or g.search is distinct from c.search) moved;
      end if;
      if touched is null then return null; end if;
      delete from case_texts where case_id = any(touched);
      insert into case_texts (case_id, search)
        select m.case_id, array_to_tsvector(array_agg(distinct w.lexeme)) from messages m, unnest(m.search) w
        where m.case_id = any(touched) group by m.case_id;
      return null;
    end $$""",
    """create trigger add_case_texts after insert on messages referencing new table as added
      for each statement execute function add_case_texts()""",
    """create trigger renew_case_texts after update on messages referencing old table as gone new table as came
      for each statement execute function renew_case_texts()""",
    """create trigger drop_case_texts after delete on messages referencing old table as gone
      for each statement execute function renew_case_texts()""",
)


def upgrade() -> None:
    """Apply."""
    op.execute("create sequence case_numbers")
    op.execute("create sequence work_order_numbers")
    op.create_table(
        "audit_chains",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_audit_chains")),
    )
    op.create_table(
        "auto_mails",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auto_mails")),
    )
    op.create_index("ix_auto_mails_address", "auto_mails", ["address", "sent_at"], unique=False)
    op.create_table(
        "blobs",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_blobs")),
    )
    op.create_table(
        "calendars",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("weekly", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("holidays", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("extra_days", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("day_names", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendars")),
        sa.UniqueConstraint("key", name=op.f("uq_calendars_key")),
    )
    op.create_table(
        "channel_accounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("queue_key", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("cursor", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("inbound_health", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outbound_health", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hook_key", sa.Text(), nullable=False),
        sa.Column("pace", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_accounts")),
        sa.UniqueConstraint("hook_key", name=op.f("uq_channel_accounts_hook_key")),
    )
    op.create_index(op.f("ix_channel_accounts_address"), "channel_accounts", ["address"], unique=False)
    op.create_table(
        "hook_refusals",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_hook_refusals_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "day", "why", name=op.f("pk_hook_refusals")),
    )
    op.create_table(
        "login_throttles",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_login_throttles")),
    )
    op.create_table(
        "organizations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), server_default="", nullable=False),
        sa.Column("warning", sa.Text(), server_default="", nullable=False),
        sa.Column("sort_name", sa.Text(), server_default="", nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
    )
    op.create_index("ix_organizations_name", "organizations", ["sort_name", "id"], unique=False)
    op.create_index("ix_organizations_search", "organizations", ["search"], unique=False, postgresql_using="gin")
    op.create_table(
        "organization_domains",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_organization_domains_organization_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_organization_domains")),
    )
    op.create_index(
        op.f("ix_organization_domains_organization_id"), "organization_domains", ["organization_id"], unique=False
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_teams")),
        sa.UniqueConstraint("key", name=op.f("uq_teams_key")),
    )
    op.create_table(
        "templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("key", "language", name=op.f("uq_templates_key_language")),
    )
    op.create_table(
        "timers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("ref", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("key", name=op.f("uq_timers_key")),
    )
    op.create_index("ix_timers_due", "timers", ["due_at"], unique=False)
    op.create_index("ix_timers_job_ref", "timers", ["job", "ref"], unique=False)
    op.create_table(
        "roles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column(
            "base",
            sa.Enum(
                "agent",
                "manager",
                "designer",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("rights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roles")),
        sa.UniqueConstraint("key", name=op.f("uq_roles_key")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "agent",
                "manager",
                "designer",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("role_id", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("must_change", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("login = lower(login)", name=op.f("ck_users_login_lower")),
        sa.ForeignKeyConstraint(["role_id"], ["roles.id"], name=op.f("fk_users_role_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_index(op.f("ix_users_role_id"), "users", ["role_id"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "audit_events",
        sa.Column("chain", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["chain"], ["audit_chains.chain"], name=op.f("fk_audit_events_chain")),
        sa.PrimaryKeyConstraint("chain", "seq", name=op.f("pk_audit_events")),
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), server_default="", nullable=False),
        sa.Column("organization_id", sa.BigInteger(), nullable=True),
        sa.Column("tier", sa.Text(), server_default="", nullable=False),
        sa.Column("warning", sa.Text(), server_default="", nullable=False),
        sa.Column("is_blocked", sa.Boolean(), nullable=False),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("head_id", sa.BigInteger(), nullable=True),
        sa.Column("sort_name", sa.Text(), server_default="", nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["head_id"], ["contacts.id"], name=op.f("fk_contacts_head_id")),
        sa.ForeignKeyConstraint(["merged_into"], ["contacts.id"], name=op.f("fk_contacts_merged_into")),
        sa.ForeignKeyConstraint(["organization_id"], ["organizations.id"], name=op.f("fk_contacts_organization_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "ix_contacts_head_id", "contacts", ["head_id"], unique=False, postgresql_where=sa.text("head_id is not null")
    )
    op.create_index(
        "ix_contacts_marked",
        "contacts",
        ["sort_name", "id"],
        unique=False,
        postgresql_where=sa.text("head_id is null and (warning <> '' or is_blocked)"),
    )
    op.create_index(
        "ix_contacts_name", "contacts", ["sort_name", "id"], unique=False, postgresql_where=sa.text("head_id is null")
    )
    op.create_index("ix_contacts_organization_id", "contacts", ["organization_id", "sort_name", "id"], unique=False)
    op.create_index("ix_contacts_search", "contacts", ["search"], unique=False, postgresql_using="gin")
    op.create_index(
        "ix_contacts_tier",
        "contacts",
        ["tier", "sort_name", "id"],
        unique=False,
        postgresql_where=sa.text("head_id is null and tier <> ''"),
    )
    op.create_table(
        "contact_differences",
        sa.Column("low_id", sa.BigInteger(), nullable=False),
        sa.Column("high_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["high_id"], ["contacts.id"], name=op.f("fk_contact_differences_high_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["low_id"], ["contacts.id"], name=op.f("fk_contact_differences_low_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_contact_differences")),
    )
    op.create_table(
        "consents",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "address", name=op.f("pk_consents")),
    )
    op.create_table(
        "account_paces",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("rest_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_account_paces_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_paces")),
    )
    op.create_table(
        "contact_traces",
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_traces_contact_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("contact_id", "kind", "value", name=op.f("pk_contact_traces")),
    )
    op.create_index("ix_contact_traces_value", "contact_traces", ["value", "kind"], unique=False)
    op.create_table(
        "entry_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("subject_contains", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), server_default="", nullable=False),
        sa.Column("definition_key", sa.Text(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_entry_rules_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry_rules")),
    )
    op.create_table(
        "envelopes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("meta", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "done",
                "dropped",
                "failed",
                name="envelopestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_envelopes_account_id")),
        sa.ForeignKeyConstraint(["digest"], ["blobs.digest"], name=op.f("fk_envelopes_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_envelopes")),
        sa.UniqueConstraint("account_id", "external_id", name=op.f("uq_envelopes_account_id_external_id")),
    )
    op.create_index("ix_envelopes_digest", "envelopes", ["digest"], unique=False)
    op.create_index(
        "ix_envelopes_open", "envelopes", ["id"], unique=False, postgresql_where=sa.text("state = 'received'")
    )
    op.create_index(
        "ix_envelopes_order",
        "envelopes",
        ["order_key", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_table(
        "kept_answers",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_digest", sa.Text(), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_kept_answers_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_kept_answers")),
    )
    op.create_index(op.f("ix_kept_answers_created_at"), "kept_answers", ["created_at"], unique=False)
    op.create_table(
        "login_sessions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_login_sessions")),
    )
    op.create_index(op.f("ix_login_sessions_user_id"), "login_sessions", ["user_id"], unique=False)
    op.create_table(
        "password_resets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("is_counted", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_password_resets_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("digest", name=op.f("uq_password_resets_digest")),
    )
    op.create_index(op.f("ix_password_resets_user_id"), "password_resets", ["user_id"], unique=False)
    op.create_table(
        "notices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("user_id", "id", name="uq_notices_user_id_id"),
    )
    op.create_index("ix_notices_user", "notices", ["user_id", "id"], unique=False)
    op.create_index(
        "ix_notices_unread", "notices", ["user_id"], unique=False, postgresql_where=sa.text("read_at is null")
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stand_in_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["stand_in_id"], ["users.id"], name=op.f("fk_absences_stand_in_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_absences_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index("ix_absences_user", "absences", ["user_id", "ends_at"], unique=False)
    op.create_index("ix_absences_time", "absences", ["ends_at"], unique=False)
    op.create_index(op.f("ix_absences_stand_in_id"), "absences", ["stand_in_id"], unique=False)
    op.create_table(
        "preferences",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("density", sa.Text(), nullable=False),
        sa.Column("has_keys", sa.Boolean(), nullable=False),
        sa.Column("keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("tell", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("quiet_from", sa.Text(), nullable=False),
        sa.Column("quiet_until", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("recent", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_preferences_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_preferences")),
    )
    op.create_table(
        "process_definitions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("xml_digest", sa.Text(), nullable=False),
        sa.Column("compiled", sa.LargeBinary(), nullable=True),
        sa.Column("process_id", sa.Text(), nullable=False),
        sa.Column("findings", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_executable", sa.Boolean(), nullable=False),
        sa.Column("is_published", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["xml_digest"], ["blobs.digest"], name=op.f("fk_process_definitions_xml_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_definitions")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_process_definitions_key_version")),
    )
    op.create_index(
        "uq_process_definitions_published",
        "process_definitions",
        ["key"],
        unique=True,
        postgresql_where=sa.text("is_published"),
    )
    op.create_table(
        "queues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_queues_calendar_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_queues_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queues")),
        sa.UniqueConstraint("key", name=op.f("uq_queues_key")),
    )
    op.create_index(op.f("ix_queues_calendar_id"), "queues", ["calendar_id"], unique=False)
    op.create_index(op.f("ix_queues_team_id"), "queues", ["team_id"], unique=False)
    op.create_table(
        "skills",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_skills")),
        sa.UniqueConstraint("key", name=op.f("uq_skills_key")),
    )
    op.create_table(
        "user_skills",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("skill_id", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("level between 1 and 3", name=op.f("ck_user_skills_level_1_to_3")),
        sa.ForeignKeyConstraint(["skill_id"], ["skills.id"], name=op.f("fk_user_skills_skill_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_skills_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "skill_id", name=op.f("pk_user_skills")),
    )
    op.create_index(op.f("ix_user_skills_skill_id"), "user_skills", ["skill_id"], unique=False)
    op.create_table(
        "working_hours",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("num_nonnulls(team_id, user_id) = 1", name=op.f("ck_working_hours_one_owner")),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_working_hours_calendar_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_working_hours_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_working_hours_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_working_hours")),
        sa.UniqueConstraint("team_id", name=op.f("uq_working_hours_team_id")),
        sa.UniqueConstraint("user_id", name=op.f("uq_working_hours_user_id")),
    )
    op.create_index(op.f("ix_working_hours_calendar_id"), "working_hours", ["calendar_id"], unique=False)
    op.create_table(
        "team_members",
        sa.Column("team_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_lead", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_team_members_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_team_members_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_team_members")),
    )
    op.create_index(op.f("ix_team_members_user_id"), "team_members", ["user_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("preview", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "new",
                "open",
                "dispatched",
                "waiting",
                "resolved",
                "archived",
                "cancelled",
                "merged",
                name="casestatus",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("priority", sa.Text(), nullable=False),
        sa.Column("queue_key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("auto", sa.Text(), nullable=False),
        sa.Column("is_unread", sa.Boolean(), nullable=False),
        sa.Column("chase_count", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_why", sa.Text(), nullable=False),
        sa.Column("own_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_due_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("own_due_why", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("first_reply_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopen_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_cases_account_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["users.id"], name=op.f("fk_cases_assignee_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_cases_contact_id")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_cases_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
        sa.UniqueConstraint("number", name=op.f("uq_cases_number")),
    )
    op.create_index(
        "ix_cases_assignee_open",
        "cases",
        ["assignee_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_index(op.f("ix_cases_contact_id"), "cases", ["contact_id"], unique=False)
    op.create_index(
        "ix_cases_due_open", "cases", ["due_at", "id"], unique=False, postgresql_where=sa.text("archived_at is null")
    )
    op.create_index(
        "ix_cases_team_open",
        "cases",
        ["team_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("archived_at is null"),
    )
    op.create_index("ix_cases_team_touched", "cases", ["team_id", "touched_at", "id"], unique=False)
    op.create_index(
        "ix_cases_chased",
        "cases",
        ["id"],
        unique=False,
        postgresql_where=sa.text("archived_at is null and chase_count > 0"),
    )
    op.create_index(
        "ix_cases_merged_into",
        "cases",
        ["merged_into"],
        unique=False,
        postgresql_where=sa.text("merged_into is not null"),
    )
    op.create_index("ix_cases_touched", "cases", ["touched_at", "id"], unique=False)
    op.create_table(
        "contact_points",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), server_default="", nullable=False),
        sa.Column("clue", sa.Text(), server_default="", nullable=False),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verified_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_points_contact_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["verified_by"], ["users.id"], name=op.f("fk_contact_points_verified_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_points")),
        sa.UniqueConstraint("kind", "address", name=op.f("uq_contact_points_kind_address")),
    )
    op.create_index(
        "ix_contact_points_begin",
        "contact_points",
        ["address"],
        unique=False,
        postgresql_ops={"address": "text_pattern_ops"},
    )
    op.create_index(
        "ix_contact_points_clue", "contact_points", ["clue"], unique=False, postgresql_where=sa.text("clue <> ''")
    )
    op.create_index(
        "ix_contact_points_domain", "contact_points", ["domain"], unique=False, postgresql_where=sa.text("domain <> ''")
    )
    op.create_index(op.f("ix_contact_points_contact_id"), "contact_points", ["contact_id"], unique=False)
    op.create_table(
        "process_instances",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("business_key", sa.Text(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "held",
                "completed",
                "faulted",
                "cancelled",
                name="instancestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_process_instances_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instances")),
    )
    op.create_index(op.f("ix_process_instances_business_key"), "process_instances", ["business_key"], unique=False)
    op.create_index(op.f("ix_process_instances_definition_id"), "process_instances", ["definition_id"], unique=False)
    op.create_table(
        "open_tabs",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_open_tabs_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_open_tabs_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "case_id", name=op.f("pk_open_tabs")),
    )
    op.create_index(op.f("ix_open_tabs_case_id"), "open_tabs", ["case_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen_message_id", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("writers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("mark", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drafts_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "held_replies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("files", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seen_message_id", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_later", sa.Boolean(), nullable=False),
        sa.Column("step", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("writers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_held_replies_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_held_replies_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_replies")),
    )
    op.create_index("ix_held_replies_case", "held_replies", ["case_id"], unique=False)
    op.create_index(
        "uq_held_replies_waiting",
        "held_replies",
        ["case_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "writing_habits",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("undo_seconds", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_writing_habits_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_writing_habits")),
    )
    op.create_table(
        "read_marks",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_read_marks_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_read_marks_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "user_id", name=op.f("pk_read_marks")),
    )
    op.create_table(
        "faults",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_faults_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_faults")),
    )
    op.create_index(
        "uq_faults_open",
        "faults",
        ["instance_id", "token"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_table(
        "interactions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_interactions_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_interactions_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_interactions_contact_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_interactions")),
    )
    op.create_index(op.f("ix_interactions_case_id"), "interactions", ["case_id"], unique=False)
    op.create_index(op.f("ix_interactions_contact_id"), "interactions", ["contact_id"], unique=False)
    op.create_table(
        "participants",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_participants_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "address", name=op.f("pk_participants")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("label_zh", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_subscriptions_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint("instance_id", "token", name=op.f("uq_subscriptions_instance_id_token")),
    )
    op.create_index("ix_subscriptions_message", "subscriptions", ["message", "kind"], unique=False)
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=False),
        sa.Column("candidate_teams", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("candidate_users", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("assignee_id", sa.BigInteger(), nullable=True),
        sa.Column("data", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open", "completed", "cancelled", name="taskstate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_tasks_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("token", name=op.f("uq_tasks_token")),
    )
    op.create_index(
        "ix_tasks_assignee",
        "tasks",
        ["assignee_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' and assignee_id is not null"),
    )
    op.create_index("ix_tasks_due", "tasks", ["due_at"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_index("ix_tasks_open", "tasks", ["instance_id"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_visits_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
    )
    op.create_index("ix_visits_instance", "visits", ["instance_id", "id"], unique=False)
    op.create_table(
        "waiting_timers",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("is_interrupting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_waiting_timers_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "token", name=op.f("pk_waiting_timers")),
    )
    op.create_table(
        "work_orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "dispatched",
                "declined",
                "accepted",
                "replied",
                "cancelling",
                "archived",
                "cancelled",
                name="workorderstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("holder_id", sa.BigInteger(), nullable=True),
        sa.Column("opened_by", sa.BigInteger(), nullable=True),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("chase_count", sa.BigInteger(), nullable=False),
        sa.Column("urgency", sa.BigInteger(), nullable=False),
        sa.Column("escalation", sa.BigInteger(), nullable=False),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reply", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=True),
        sa.Column("retain_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_work_orders_case_id")),
        sa.ForeignKeyConstraint(["holder_id"], ["users.id"], name=op.f("fk_work_orders_holder_id")),
        sa.ForeignKeyConstraint(["opened_by"], ["users.id"], name=op.f("fk_work_orders_opened_by")),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_work_orders_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_work_orders_number")),
    )
    op.create_index(op.f("ix_work_orders_case_id"), "work_orders", ["case_id"], unique=False)
    op.create_index(
        "ix_work_orders_holder_open",
        "work_orders",
        ["holder_id"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "ix_work_orders_team_open",
        "work_orders",
        ["team_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "amendments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("work_order_id", sa.BigInteger(), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["work_order_id"], ["work_orders.id"], name=op.f("fk_amendments_work_order_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_amendments")),
    )
    op.create_index(op.f("ix_amendments_work_order_id"), "amendments", ["work_order_id"], unique=False)
    op.create_table(
        "scheduled_starts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("definition_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("element_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["definition_id"], ["process_definitions.id"], name=op.f("fk_scheduled_starts_definition_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scheduled_starts")),
        sa.UniqueConstraint("definition_id", "element_id", name=op.f("uq_scheduled_starts_definition_id_element_id")),
    )
    op.create_index(op.f("ix_scheduled_starts_key"), "scheduled_starts", ["key"], unique=False)
    op.create_table(
        "process_migrations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("target_id", sa.BigInteger(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached_id", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.Column("refused", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["source_id"], ["process_definitions.id"], name=op.f("fk_process_migrations_source_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["process_definitions.id"], name=op.f("fk_process_migrations_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_migrations")),
    )
    op.create_index(op.f("ix_process_migrations_source_id"), "process_migrations", ["source_id"], unique=False)
    op.create_index(op.f("ix_process_migrations_target_id"), "process_migrations", ["target_id"], unique=False)
    op.create_table(
        "drives",
        sa.Column("instance_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("work_order_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_drives_case_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_drives_instance_id")),
        sa.ForeignKeyConstraint(["work_order_id"], ["work_orders.id"], name=op.f("fk_drives_work_order_id")),
        sa.PrimaryKeyConstraint("instance_id", name=op.f("pk_drives")),
    )
    op.create_index(op.f("ix_drives_case_id"), "drives", ["case_id"], unique=False)
    op.create_index(op.f("ix_drives_work_order_id"), "drives", ["work_order_id"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("interaction_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "direction",
            sa.Enum("in", "out", "note", name="direction", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("full_text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipients", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rfc_id", sa.Text(), nullable=True),
        sa.Column("auto", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("problems", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raw_digest", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("moved_from", sa.BigInteger(), nullable=True),
        sa.Column("home_id", sa.BigInteger(), nullable=True),
        sa.Column("search", postgresql.TSVECTOR(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_messages_case_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_messages_contact_id")),
        sa.ForeignKeyConstraint(["interaction_id"], ["interactions.id"], name=op.f("fk_messages_interaction_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_messages_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index("ix_messages_case", "messages", ["case_id", "id"], unique=False)
    op.create_index(op.f("ix_messages_interaction_id"), "messages", ["interaction_id"], unique=False)
    op.create_index(
        "ix_messages_rfc_id", "messages", ["rfc_id"], unique=False, postgresql_where=sa.text("rfc_id is not null")
    )
    op.create_table(
        "mentions",
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_mentions_message_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mentions_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("message_id", "user_id", name=op.f("pk_mentions")),
    )
    op.create_index("ix_mentions_user", "mentions", ["user_id", "message_id"], unique=False)
    op.create_table(
        "case_texts",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("search", postgresql.TSVECTOR(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_texts_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_texts")),
    )
    op.create_index("ix_case_texts_search", "case_texts", ["search"], unique=False, postgresql_using="gin")
    for statement in CASE_TEXTS:
        op.execute(statement)
    op.create_table(
        "attachments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("content_id", sa.Text(), nullable=False),
        sa.Column("is_inline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["blobs.digest"], name=op.f("fk_attachments_digest")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_attachments_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
    )
    op.create_index(op.f("ix_attachments_message_id"), "attachments", ["message_id"], unique=False)
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "delivered",
                "failed",
                "bounced",
                "in_doubt",
                name="deliverystate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("headers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("outcomes", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_deliveries_account_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_deliveries_case_id")),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_deliveries_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("key", name=op.f("uq_deliveries_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_deliveries_message_id")),
    )
    op.create_index(op.f("ix_deliveries_case_id"), "deliveries", ["case_id"], unique=False)
    op.create_index(
        "ix_deliveries_open",
        "deliveries",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("state in ('queued', 'sending')"),
    )
    op.create_table(
        "delivery_receipts",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.Text(), nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("news", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_delivery_receipts_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["deliveries.id"], name=op.f("fk_delivery_receipts_delivery_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "provider_id", name=op.f("pk_delivery_receipts")),
    )
    op.create_index(op.f("ix_delivery_receipts_delivery_id"), "delivery_receipts", ["delivery_id"], unique=False)
    op.create_table(
        "message_parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("envelope_id", sa.BigInteger(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("part", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_message_parts_account_id")),
        sa.ForeignKeyConstraint(["envelope_id"], ["envelopes.id"], name=op.f("fk_message_parts_envelope_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_parts")),
    )
    op.create_index(
        "ix_message_parts_open",
        "message_parts",
        ["account_id", "sender"],
        unique=False,
        postgresql_where=sa.text("joined_at is null"),
    )
    op.create_table(
        "asked_back",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["channel_accounts.id"], name=op.f("fk_asked_back_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_asked_back")),
    )
    op.create_index(
        "ix_asked_back_open",
        "asked_back",
        ["account_id", "address"],
        unique=False,
        postgresql_where=sa.text("answered_at is null"),
    )

    op.create_table(
        "chats",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("email", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("topic", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("language", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("page", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("is_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "state",
            sa.Enum("new", "open", "ended", name="chatstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("parts", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("got_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("read_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("here_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("rating", sa.BigInteger(), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rating_text", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_chats_rating_1_to_5")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["channel_accounts.id"], name=op.f("fk_chats_account_id_channel_accounts")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_chats_case_id_cases")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chats")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_chats_token_digest")),
    )
    op.create_index("ix_chats_case", "chats", ["case_id"], unique=False)
    op.create_index(
        "ix_chats_waiting",
        "chats",
        ["waiting_since"],
        unique=False,
        postgresql_where=sa.text("waiting_since is not null"),
    )
    op.create_table(
        "chat_agents",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("is_available", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("capacity", sa.BigInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column("idle_since", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("capacity between 1 and 20", name=op.f("ck_chat_agents_capacity_1_to_20")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_agents_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_chat_agents")),
    )
    op.create_table(
        "chat_seats",
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chats.id"], name=op.f("fk_chat_seats_chat_id_chats"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_seats_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat_id", "user_id", name=op.f("pk_chat_seats")),
    )
    op.create_index(
        "ix_chat_seats_taken", "chat_seats", ["user_id"], unique=False, postgresql_where=sa.text("left_at is null")
    )
    op.create_table(
        "chat_offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("from_user_id", sa.BigInteger(), nullable=True),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"], ["chats.id"], name=op.f("fk_chat_offers_chat_id_chats"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_chat_offers_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["from_user_id"], ["users.id"], name=op.f("fk_chat_offers_from_user_id_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chat_offers")),
    )
    op.create_index("ix_chat_offers_user_id", "chat_offers", ["user_id"], unique=False)
    op.create_index("ix_chat_offers_chat", "chat_offers", ["chat_id"], unique=False)
    op.create_index(
        "uq_chat_offers_waiting", "chat_offers", ["chat_id"], unique=True, postgresql_where=sa.text("outcome = ''")
    )
    op.create_index("ix_chats_open", "chats", ["id"], unique=False, postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("folded", name=op.f("uq_tags_folded")),
    )
    op.create_table(
        "case_tags",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("tag_id", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.BigInteger(), server_default=sa.text("0"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tags_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_case_tags_tag_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "tag_id", "via", name=op.f("pk_case_tags")),
    )
    op.create_index("ix_case_tags_tag", "case_tags", ["tag_id", "case_id"], unique=False)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("order", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "shared",
            sa.Enum(
                "private", "team", "everybody", name="shared", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_saved_views_owner_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_saved_views_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index("ix_saved_views_owner", "saved_views", ["owner_id"], unique=False)
    op.create_index(
        "ix_saved_views_shared",
        "saved_views",
        ["shared", "team_id"],
        unique=False,
        postgresql_where=sa.text("shared <> 'private'"),
    )
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "shared",
            sa.Enum(
                "private", "team", "everybody", name="circle", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_canned_replies_owner_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_canned_replies_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
    )
    op.create_index("ix_canned_replies_owner", "canned_replies", ["owner_id"], unique=False)
    op.create_index(
        "ix_canned_replies_shared",
        "canned_replies",
        ["shared", "team_id"],
        unique=False,
        postgresql_where=sa.text("shared <> 'private'"),
    )
    op.create_table(
        "macros",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "shared",
            sa.Enum(
                "private", "team", "everybody", name="circle", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("team_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("is_on", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_macros_owner_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_macros_team_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macros")),
    )
    op.create_index("ix_macros_owner", "macros", ["owner_id"], unique=False)
    op.create_index(
        "ix_macros_shared",
        "macros",
        ["shared", "team_id"],
        unique=False,
        postgresql_where=sa.text("shared <> 'private'"),
    )
    op.create_table(
        "list_choices",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("columns", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_list_choices_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_list_choices")),
    )
    op.create_table(
        "view_arrangements",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("keys", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("hidden", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_view_arrangements")),
    )
    op.create_table(
        "watchers",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("via", sa.BigInteger(), server_default=sa.text("0"), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_watchers_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_watchers_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("case_id", "user_id", "via", name=op.f("pk_watchers")),
    )
    op.create_index("ix_watchers_user", "watchers", ["user_id", "case_id"], unique=False)
    op.create_table(
        "snoozes",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_snoozes_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_snoozes_user_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_snoozes")),
    )
    op.create_index(
        "ix_snoozes_asleep", "snoozes", ["case_id"], unique=False, postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "case_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("other_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "related",
                "parent",
                "duplicate",
                "split",
                name="linkkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_links_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["other_id"], ["cases.id"], name=op.f("fk_case_links_other_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_links")),
        sa.UniqueConstraint("case_id", "other_id", "kind", name=op.f("uq_case_links_case_id_other_id_kind")),
    )
    op.create_index("ix_case_links_other", "case_links", ["other_id"], unique=False)
    op.create_table(
        "custom_fields",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("help", sa.Text(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "text",
                "long_text",
                "integer",
                "decimal",
                "yes_no",
                "date",
                "choice",
                "choices",
                "link",
                name="fieldkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("case_type", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_custom_fields")),
        sa.UniqueConstraint("key", name=op.f("uq_custom_fields_key")),
    )
    op.create_table(
        "field_values",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("field_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("word", sa.Text(), nullable=True),
        sa.Column("number", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("folded", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_field_values_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["field_id"], ["custom_fields.id"], name=op.f("fk_field_values_field_id")),
        sa.PrimaryKeyConstraint("case_id", "field_id", "place", name=op.f("pk_field_values")),
    )
    op.create_index("ix_field_values_word", "field_values", ["field_id", "word", "case_id"], unique=False)
    op.create_index("ix_field_values_number", "field_values", ["field_id", "number", "case_id"], unique=False)
    op.create_table(
        "checklist_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("is_needed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_checklist_items_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["done_by"], ["users.id"], name=op.f("fk_checklist_items_done_by"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_checklist_items_user_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_items")),
    )
    op.create_index("ix_checklist_items_case", "checklist_items", ["case_id", "place", "id"], unique=False)
    op.create_table(
        "checklist_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("case_type", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("must_be_done", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checklist_templates")),
    )
    op.create_table(
        "time_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("minutes", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("booked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_time_entries_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_time_entries_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_time_entries")),
    )
    op.create_index("ix_time_entries_case", "time_entries", ["case_id", "id"], unique=False)
    op.create_index("ix_time_entries_user", "time_entries", ["user_id", "day"], unique=False)
    op.create_index("ix_time_entries_day", "time_entries", ["day", "id"], unique=False)
    op.create_table(
        "work_timers",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_work_timers_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_work_timers_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_work_timers")),
    )
    op.create_index(op.f("ix_work_timers_case_id"), "work_timers", ["case_id"], unique=False)
    op.create_table(
        "merges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("into_id", sa.BigInteger(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.Text(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_merges_case_id")),
        sa.ForeignKeyConstraint(["into_id"], ["cases.id"], name=op.f("fk_merges_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_case_id"), "merges", ["case_id"], unique=False)
    op.create_index(op.f("ix_merges_into_id"), "merges", ["into_id"], unique=False)
    op.create_index(
        "uq_merges_standing", "merges", ["case_id"], unique=True, postgresql_where=sa.text("undone_at is null")
    )
    op.create_table(
        "bulk_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("params", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "preview",
                "running",
                "done",
                "stopped",
                name="runstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("undo_of", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["undo_of"], ["bulk_runs.id"], name=op.f("fk_bulk_runs_undo_of")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bulk_runs_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_runs")),
    )
    op.create_index(op.f("ix_bulk_runs_undo_of"), "bulk_runs", ["undo_of"], unique=False)
    op.create_index("ix_bulk_runs_user", "bulk_runs", ["user_id", "id"], unique=False)
    op.create_table(
        "bulk_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("foreseen", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "",
                "changed",
                "same",
                "refused",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_bulk_items_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["run_id"], ["bulk_runs.id"], name=op.f("fk_bulk_items_run_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_items")),
        sa.UniqueConstraint("run_id", "case_id", name=op.f("uq_bulk_items_run_id_case_id")),
    )
    op.create_index("ix_bulk_items_case_id", "bulk_items", ["case_id"], unique=False)
    op.create_index(
        "ix_bulk_items_waiting", "bulk_items", ["run_id", "id"], unique=False, postgresql_where=sa.text("outcome = ''")
    )
    op.create_table(
        "missed_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("missed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_missed_messages_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_missed_messages")),
    )
    op.create_index(op.f("ix_missed_messages_case_id"), "missed_messages", ["case_id"], unique=False)
    op.create_table(
        "sla_policies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_zh", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("conditions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("targets", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=True),
        sa.Column("pauses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("warn_percent", sa.BigInteger(), nullable=True),
        sa.Column("warn_who", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("breach_who", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_sla_policies_calendar_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_policies")),
    )
    op.create_index(op.f("ix_sla_policies_calendar_id"), "sla_policies", ["calendar_id"], unique=False)
    op.create_table(
        "sla_clocks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("calendar_id", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.BigInteger(), nullable=False),
        sa.Column("spans", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_why", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("warned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("breached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["calendar_id"], ["calendars.id"], name=op.f("fk_sla_clocks_calendar_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_sla_clocks_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["policy_id"], ["sla_policies.id"], name=op.f("fk_sla_clocks_policy_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sla_clocks")),
    )
    op.create_index("ix_sla_clocks_case", "sla_clocks", ["case_id"], unique=False)
    op.create_index(op.f("ix_sla_clocks_calendar_id"), "sla_clocks", ["calendar_id"], unique=False)
    op.create_index(op.f("ix_sla_clocks_policy_id"), "sla_clocks", ["policy_id"], unique=False)
    op.create_index(
        "uq_sla_clocks_open",
        "sla_clocks",
        ["case_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("chat_offers")
    op.drop_table("chat_seats")
    op.drop_table("chat_agents")
    op.drop_index("ix_chats_waiting", table_name="chats", postgresql_where=sa.text("waiting_since is not null"))
    op.drop_index("ix_asked_back_open", table_name="asked_back", postgresql_where=sa.text("answered_at is null"))
    op.drop_table("asked_back")
    op.drop_index("ix_message_parts_open", table_name="message_parts", postgresql_where=sa.text("joined_at is null"))
    op.drop_table("message_parts")
    op.drop_index(op.f("ix_delivery_receipts_delivery_id"), table_name="delivery_receipts")
    op.drop_table("delivery_receipts")
    op.drop_table("account_paces")
    op.drop_table("consents")
    op.drop_index("ix_chats_open", table_name="chats", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_chats_case", table_name="chats")
    op.drop_table("chats")
    op.drop_index("uq_sla_clocks_open", table_name="sla_clocks", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_sla_clocks_policy_id"), table_name="sla_clocks")
    op.drop_index(op.f("ix_sla_clocks_calendar_id"), table_name="sla_clocks")
    op.drop_index("ix_sla_clocks_case", table_name="sla_clocks")
    op.drop_table("sla_clocks")
    op.drop_index(op.f("ix_sla_policies_calendar_id"), table_name="sla_policies")
    op.drop_table("sla_policies")
    op.drop_table("read_marks")
    op.drop_table("writing_habits")
    op.drop_index("uq_held_replies_waiting", table_name="held_replies", postgresql_where=sa.text("ended_at is null"))
    op.drop_index("ix_held_replies_case", table_name="held_replies")
    op.drop_table("held_replies")
    op.drop_table("missed_messages")
    op.drop_table("bulk_items")
    op.drop_table("bulk_runs")
    op.drop_table("merges")
    op.drop_table("work_timers")
    op.drop_table("time_entries")
    op.drop_table("checklist_templates")
    op.drop_table("checklist_items")
    op.drop_table("field_values")
    op.drop_table("custom_fields")
    op.drop_table("case_links")
    op.drop_table("snoozes")
    op.drop_table("watchers")
    op.drop_table("view_arrangements")
    op.drop_table("list_choices")
    op.drop_table("macros")
    op.drop_table("canned_replies")
    op.drop_table("saved_views")
    op.drop_table("case_tags")
    op.drop_table("tags")
    op.drop_index(
        "ix_deliveries_open", table_name="deliveries", postgresql_where=sa.text("state in ('queued', 'sending')")
    )
    op.drop_index(op.f("ix_deliveries_case_id"), table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_index(op.f("ix_attachments_message_id"), table_name="attachments")
    op.drop_table("attachments")
    op.drop_index("ix_case_texts_search", table_name="case_texts", postgresql_using="gin")
    op.drop_table("case_texts")
    op.drop_index("ix_mentions_user", table_name="mentions")
    op.drop_table("mentions")
    op.drop_index("ix_messages_rfc_id", table_name="messages", postgresql_where=sa.text("rfc_id is not null"))
    op.drop_index(op.f("ix_messages_interaction_id"), table_name="messages")
    op.drop_index("ix_messages_case", table_name="messages")
    op.drop_table("messages")
    op.execute("drop function if exists add_case_texts, renew_case_texts")
    op.drop_index(op.f("ix_drives_work_order_id"), table_name="drives")
    op.drop_index(op.f("ix_drives_case_id"), table_name="drives")
    op.drop_table("drives")
    op.drop_index(op.f("ix_amendments_work_order_id"), table_name="amendments")
    op.drop_table("amendments")
    op.drop_index("ix_work_orders_team_open", table_name="work_orders", postgresql_where=sa.text("ended_at is null"))
    op.drop_index("ix_work_orders_holder_open", table_name="work_orders", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_work_orders_case_id"), table_name="work_orders")
    op.drop_table("work_orders")
    op.drop_table("waiting_timers")
    op.drop_index("ix_visits_instance", table_name="visits")
    op.drop_table("visits")
    op.drop_index("ix_tasks_open", table_name="tasks", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("ix_tasks_due", table_name="tasks", postgresql_where=sa.text("state = 'open'"))
    op.drop_index(
        "ix_tasks_assignee",
        table_name="tasks",
        postgresql_where=sa.text("state = 'open' and assignee_id is not null"),
    )
    op.drop_table("tasks")
    op.drop_index("ix_subscriptions_message", table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("participants")
    op.drop_index(op.f("ix_interactions_contact_id"), table_name="interactions")
    op.drop_index(op.f("ix_interactions_case_id"), table_name="interactions")
    op.drop_table("interactions")
    op.drop_index("uq_faults_open", table_name="faults", postgresql_where=sa.text("resolved_at is null"))
    op.drop_table("faults")
    op.drop_table("drafts")
    op.drop_index(op.f("ix_open_tabs_case_id"), table_name="open_tabs")
    op.drop_table("open_tabs")
    op.drop_index(op.f("ix_process_instances_definition_id"), table_name="process_instances")
    op.drop_index(op.f("ix_process_instances_business_key"), table_name="process_instances")
    op.drop_table("process_instances")
    op.drop_index("ix_contact_points_domain", table_name="contact_points", postgresql_where=sa.text("domain <> ''"))
    op.drop_index("ix_contact_points_clue", table_name="contact_points", postgresql_where=sa.text("clue <> ''"))
    op.drop_index(op.f("ix_contact_points_contact_id"), table_name="contact_points")
    op.drop_index(
        "ix_contact_points_begin", table_name="contact_points", postgresql_ops={"address": "text_pattern_ops"}
    )
    op.drop_table("contact_points")
    op.drop_index("ix_cases_touched", table_name="cases")
    op.drop_index("ix_cases_merged_into", table_name="cases", postgresql_where=sa.text("merged_into is not null"))
    op.drop_index(
        "ix_cases_chased", table_name="cases", postgresql_where=sa.text("archived_at is null and chase_count > 0")
    )
    op.drop_index("ix_cases_team_touched", table_name="cases")
    op.drop_index("ix_cases_team_open", table_name="cases", postgresql_where=sa.text("archived_at is null"))
    op.drop_index("ix_cases_due_open", table_name="cases", postgresql_where=sa.text("archived_at is null"))
    op.drop_index(op.f("ix_cases_contact_id"), table_name="cases")
    op.drop_index("ix_cases_assignee_open", table_name="cases", postgresql_where=sa.text("archived_at is null"))
    op.drop_table("cases")
    op.drop_index(op.f("ix_user_skills_skill_id"), table_name="user_skills")
    op.drop_table("user_skills")
    op.drop_table("skills")
    op.drop_index(op.f("ix_working_hours_calendar_id"), table_name="working_hours")
    op.drop_table("working_hours")
    op.drop_index(op.f("ix_team_members_user_id"), table_name="team_members")
    op.drop_table("team_members")
    op.drop_index(op.f("ix_queues_team_id"), table_name="queues")
    op.drop_index(op.f("ix_queues_calendar_id"), table_name="queues")
    op.drop_table("queues")
    op.drop_index(
        "uq_process_definitions_published", table_name="process_definitions", postgresql_where=sa.text("is_published")
    )
    op.drop_index(op.f("ix_process_migrations_target_id"), table_name="process_migrations")
    op.drop_index(op.f("ix_process_migrations_source_id"), table_name="process_migrations")
    op.drop_table("process_migrations")
    op.drop_index(op.f("ix_scheduled_starts_key"), table_name="scheduled_starts")
    op.drop_table("scheduled_starts")
    op.drop_table("process_definitions")
    op.drop_table("preferences")
    op.drop_index(op.f("ix_absences_stand_in_id"), table_name="absences")
    op.drop_index("ix_absences_time", table_name="absences")
    op.drop_index("ix_absences_user", table_name="absences")
    op.drop_table("absences")
    op.drop_index("ix_notices_unread", table_name="notices", postgresql_where=sa.text("read_at is null"))
    op.drop_index("ix_notices_user", table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_password_resets_user_id"), table_name="password_resets")
    op.drop_table("password_resets")
    op.drop_index(op.f("ix_login_sessions_user_id"), table_name="login_sessions")
    op.drop_table("login_sessions")
    op.drop_index(op.f("ix_kept_answers_created_at"), table_name="kept_answers")
    op.drop_table("kept_answers")
    op.drop_index("ix_envelopes_order", table_name="envelopes", postgresql_where=sa.text("state = 'received'"))
    op.drop_index("ix_envelopes_open", table_name="envelopes", postgresql_where=sa.text("state = 'received'"))
    op.drop_index("ix_envelopes_digest", table_name="envelopes")
    op.drop_table("envelopes")
    op.drop_table("entry_rules")
    op.drop_index("ix_contact_traces_value", table_name="contact_traces")
    op.drop_table("contact_traces")
    op.drop_table("contact_differences")
    op.drop_index("ix_contacts_tier", table_name="contacts", postgresql_where=sa.text("head_id is null and tier <> ''"))
    op.drop_index("ix_contacts_search", table_name="contacts", postgresql_using="gin")
    op.drop_index("ix_contacts_organization_id", table_name="contacts")
    op.drop_index(
        "ix_contacts_marked",
        table_name="contacts",
        postgresql_where=sa.text("head_id is null and (warning <> '' or is_blocked)"),
    )
    op.drop_index("ix_contacts_name", table_name="contacts", postgresql_where=sa.text("head_id is null"))
    op.drop_index("ix_contacts_head_id", table_name="contacts", postgresql_where=sa.text("head_id is not null"))
    op.drop_table("contacts")
    op.drop_index("ix_audit_events_at", table_name="audit_events")
    op.drop_table("audit_events")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index(op.f("ix_users_role_id"), table_name="users")
    op.drop_table("users")
    op.drop_table("roles")
    op.drop_index("ix_timers_job_ref", table_name="timers")
    op.drop_index("ix_timers_due", table_name="timers")
    op.drop_table("timers")
    op.drop_table("templates")
    op.drop_table("teams")
    op.drop_index(op.f("ix_organization_domains_organization_id"), table_name="organization_domains")
    op.drop_table("organization_domains")
    op.drop_index("ix_organizations_search", table_name="organizations", postgresql_using="gin")
    op.drop_index("ix_organizations_name", table_name="organizations")
    op.drop_table("organizations")
    op.drop_table("login_throttles")
    op.drop_table("hook_refusals")
    op.drop_index(op.f("ix_channel_accounts_address"), table_name="channel_accounts")
    op.drop_table("channel_accounts")
    op.drop_table("calendars")
    op.drop_table("blobs")
    op.drop_index("ix_auto_mails_address", table_name="auto_mails")
    op.drop_table("auto_mails")
    op.drop_table("audit_chains")
    op.execute("drop sequence case_numbers")
    op.execute("drop sequence work_order_numbers")
