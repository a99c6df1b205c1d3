"""The entry table: which process a new case starts with."""

from __future__ import annotations

from sqlalchemy import select

from app import events
from app.cases.models import Case
from app.contacts import queries as contacts
from app.contacts import spelling
from app.db import forget, known, session
from app.errors import Invalid, NotFound
from app.knowledge.service import language_of
from app.messaging import accounts, providers
from app.orchestration.models import EntryRule
from app.workflow import definitions

DEFAULT_PROCESS = "service_case"


def rules() -> list[EntryRule]:
    """Return all rules in order."""
    return known(
        "entry rules", lambda: list(session().scalars(select(EntryRule).order_by(EntryRule.position, EntryRule.id)))
    )


def choose(case: Case) -> str:
    """Return the process key of the first rule that matches; the shipped case process when none does."""
    for rule in rules():
        if (
            rule.is_enabled
            and rule.channel in ("", case.channel)
            and rule.account_id in (None, case.account_id)
            and rule.subject_contains.casefold() in case.subject.casefold()
            and rule.language in ("", language_of(case.language))
            and (not rule.tier or rule.tier == _tier(case))
        ):
            return rule.definition_key
    return DEFAULT_PROCESS


def _tier(case: Case) -> str:
    """Return the tier of the case's customer: asked only when a rule asks for one."""
    return contacts.tier_of(case.contact_id) if case.contact_id else ""


def save_rule(
    rule_id: int | None, *, position: int, definition_key: str, channel: str = "", account_id: int | None = None,
    subject_contains: str = "", tier: str = "", language: str = "", is_enabled: bool = True,
) -> EntryRule:  # fmt: skip
    """Make or change a rule. Records `entry_rule_saved`. Raises NotFound, Invalid."""
    _check(definition_key, channel=channel, account_id=account_id)
    tier, language = (
        spelling.clean_tier(tier),
        language_of(spelling.clean_language(language)) if language.strip() else "",
    )
    rule = session().get(EntryRule, rule_id) if rule_id else EntryRule()
    if rule is None:
        raise NotFound("rule_unknown", "There is no such entry rule.")
    rule.position, rule.definition_key, rule.channel = position, definition_key, channel
    rule.account_id, rule.subject_contains, rule.is_enabled = account_id, subject_contains.strip()[:200], is_enabled
    rule.tier, rule.language = tier, language
    session().add(rule)
    session().flush()
    forget()
    events.record("entry_rule_saved", chain="entry-rules", rule=rule.id, process=definition_key, position=position,
                  channel=channel, account=account_id, contains=rule.subject_contains, tier=tier, language=language, enabled=is_enabled)  # fmt: skip
    return rule


def _check(definition_key: str, *, channel: str, account_id: int | None) -> None:
    """A rule that names something that is not there would leave every mail it fits lying."""
    if not definition_key:
        raise Invalid(
            "process_missing", "Choose the process that the rule starts.", fields={"definition_key": "required"}
        )
    try:
        definitions.published(definition_key)
    except NotFound:
        raise Invalid(
            "process_unpublished", f"No version of {definition_key} is published: publish one first.",
            fields={"definition_key": "not published"},
        ) from None  # fmt: skip
    if channel and channel not in providers.kinds():
        raise Invalid("channel_unknown", f"There is no channel {channel}.", fields={"channel": "unknown"})
    if account_id is not None and account_id not in {account.id for account in accounts.accounts()}:
        raise Invalid("account_unknown", "There is no such channel account.", fields={"account": "unknown"})


def remove_rule(rule_id: int) -> None:
    """Remove a rule. Records `entry_rule_removed`."""
    rule = session().get(EntryRule, rule_id)
    if rule is None:
        raise NotFound("rule_unknown", "There is no such entry rule.")
    session().delete(rule)
    session().flush()
    forget()
    events.record("entry_rule_removed", chain="entry-rules", rule=rule_id)
