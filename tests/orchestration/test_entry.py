"""Which entry rule starts which process."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.cases import service as cases
from app.contacts import keeping, organizations
from app.errors import Invalid, NotFound
from app.orchestration import context, driving, entry
from app.workflow import definitions
from app.workflow.queries import definition_of, get_definition
from tests.support.desk import make_account

pytestmark = pytest.mark.usefixtures("session")
SIMPLE = (Path(__file__).parents[1] / "journeys" / "simple.bpmn").read_bytes()


@pytest.fixture
def processes(session):
    """Two processes that can run, and the one that starts when no rule fits."""
    for key in ("service_case", "billing", "urgent"):
        definitions.publish(definitions.deploy(key, SIMPLE).id)


def case(subject="Hello", channel="email", account_id=None):
    return cases.open_case(
        subject=subject, channel=channel, contact_id=None, contact_name="Dana", account_id=account_id
    )


def test_without_a_rule_the_shipped_process_starts(processes):
    assert entry.choose(case()) == entry.DEFAULT_PROCESS


def test_the_first_rule_that_fits_wins(processes):
    account = make_account()
    entry.save_rule(None, position=20, definition_key="billing", channel="email")
    entry.save_rule(None, position=10, definition_key="urgent", subject_contains="  EMERGENCY ")
    assert entry.choose(case("An emergency!")) == "urgent"
    assert entry.choose(case("An invoice")) == "billing"
    assert entry.choose(case("An invoice", channel="chat")) == entry.DEFAULT_PROCESS
    mine = entry.save_rule(None, position=5, definition_key="urgent", account_id=account.id)
    assert entry.choose(case("An invoice", account_id=account.id)) == "urgent"
    assert entry.choose(case("An invoice")) == "billing"
    entry.save_rule(mine.id, position=5, definition_key="urgent", account_id=account.id, is_enabled=False)
    assert entry.choose(case("An invoice", account_id=account.id)) == "billing"
    entry.remove_rule(mine.id)
    assert mine.id not in [rule.id for rule in entry.rules()]


def test_the_chosen_process_is_the_one_that_runs(processes):
    entry.save_rule(None, position=1, definition_key="billing", subject_contains="invoice")
    started = driving.start_case(case("My invoice"), message={})
    assert get_definition(definition_of(started.instance_id)).key == "billing"


@pytest.mark.parametrize(
    "wrong",
    [{"definition_key": ""}, {"definition_key": "nowhere"}, {"account_id": 999_999}, {"channel": "pigeon"}],
)
def test_a_rule_that_could_start_nothing_is_refused(processes, wrong):
    with pytest.raises(Invalid):
        entry.save_rule(None, **{"position": 1, "definition_key": "billing", **wrong})
    assert entry.rules() == []


def test_rules_that_are_not_there(processes):
    with pytest.raises(NotFound):
        entry.save_rule(999_999, position=1, definition_key="billing")
    with pytest.raises(NotFound):
        entry.remove_rule(999_999)


def test_tier_and_language_of_the_customer_decide(processes):
    house = organizations.save(None, name="House", tier="gold")
    gold = keeping.create({"name": "Dana", "organization_id": house.id}, [])
    entry.save_rule(None, position=10, definition_key="urgent", tier="gold")
    entry.save_rule(None, position=20, definition_key="billing", language="zh")
    mine = cases.open_case(subject="x", channel="email", contact_id=gold, contact_name="Dana", language="en")
    assert entry.choose(mine) == "urgent"
    assert (context.case_names(mine)["tier"], context.case_names(mine)["organization"]) == ("gold", "House")
    other = cases.open_case(subject="x", channel="email", contact_id=None, contact_name="", language="zh-TW")
    assert entry.choose(other) == "billing"
    assert entry.choose(case()) == entry.DEFAULT_PROCESS
    for wrong in ({"tier": "iron"}, {"language": "chinese!"}):
        with pytest.raises(Invalid):
            entry.save_rule(None, position=1, definition_key="billing", **wrong)
