"""Tabs of open cases: kept for each agent, within their rights, bounded, closed without scripts too."""

from __future__ import annotations

import re

import pytest

from app.cases import queries, tabs
from app.cases import service as cases
from app.db import unit_of_work


def make_cases(cast, count):
    with unit_of_work():
        return [
            cases.open_case(
                subject=f"Case {at}", channel="email", contact_id=None, contact_name="Dana", account_id=None,
                team_id=cast.service_team.id,
            ).number
            for at in range(count)
        ]  # fmt: skip


def shown(page):
    strip = re.search(r'<nav id="tabs".*?</nav>', page.text, re.DOTALL)[0]
    return re.findall(r'data-number="([^"]+)"', strip)


@pytest.fixture
def numbers(cast):
    return make_cases(cast, 3)


def test_a_case_that_is_opened_has_a_tab_on_every_machine(browser, cast, numbers):
    here, there = browser(cast.alice), browser(cast.alice)
    for number in numbers[:2]:
        here.get(f"/cases/{number}")
    assert shown(there.get("/work-orders")) == numbers[:2]
    assert shown(browser(cast.bob).get("/work-orders")) == []


def test_a_part_of_a_page_brings_the_strip_with_it(browser, cast, numbers):
    answer = browser(cast.alice).get(f"/cases/{numbers[0]}", headers={"HX-Request": "true", "HX-Target": "main"})
    assert shown(answer) == numbers[:1]
    assert 'hx-swap-oob="true"' in answer.text


def test_there_are_at_most_twelve_and_the_one_seen_longest_ago_makes_room(browser, cast):
    numbers = make_cases(cast, tabs.MOST + 1)
    alice = browser(cast.alice)
    for number in numbers[: tabs.MOST]:
        alice.get(f"/cases/{number}")
    alice.get(f"/cases/{numbers[0]}")  # seen again: the second is now the oldest
    alice.get(f"/cases/{numbers[-1]}")
    assert shown(alice.get("/work-orders")) == [numbers[0], *numbers[2:]]


def test_closing_leads_to_the_tab_beside_it_without_scripts(browser, cast, numbers):
    alice = browser(cast.alice)
    for number in numbers:
        alice.get(f"/cases/{number}")
    close = f"/tabs/{numbers[1]}/close"
    answer = alice.post(close, headers={"Referer": f"http://localhost/cases/{numbers[1]}"})
    assert answer.location == f"/cases/{numbers[2]}"
    answer = alice.post(f"/tabs/{numbers[2]}/close", headers={"Referer": "http://localhost/work-orders"})
    assert answer.location == "/work-orders"
    assert shown(alice.get("/work-orders")) == numbers[:1]
    answer = alice.post(f"/tabs/{numbers[0]}/close", headers={"Referer": f"http://localhost/cases/{numbers[0]}"})
    assert answer.location == "/"


def test_a_tab_marks_what_came_after_it_was_seen(browser, cast, numbers):
    alice = browser(cast.alice)
    for number in numbers[:2]:
        alice.get(f"/cases/{number}")
    assert 'class="has-news"' not in alice.get("/work-orders").text
    with unit_of_work():
        case = cases.lock(queries.by_number(numbers[0]).id)
        cases.count_chase(case, by="Dana", channel="email")
    page = alice.get("/work-orders")
    assert re.search(rf'data-number="{numbers[0]}" class="has-news"', page.text)
    alice.get(f"/cases/{numbers[0]}/head")
    assert 'class="has-news"' not in alice.get("/work-orders").text


def test_a_case_that_went_to_another_team_leaves_the_strip(browser, cast, numbers):
    alice = browser(cast.alice)
    alice.get(f"/cases/{numbers[0]}")
    with unit_of_work():
        case = cases.lock(queries.by_number(numbers[0]).id)
        cases.change(case, {"team_id": cast.repairs.id})
    assert shown(alice.get("/work-orders")) == []
    assert alice.get(f"/cases/{numbers[0]}").status_code == 404
