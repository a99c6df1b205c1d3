"""What the composer offers behind an @ and a #, and how a note shows them."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from app.orchestration import writing
from tests.support.desk import make_case, make_desk
from tests.support.people import make_user


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def offered(page, desk, words, sign="@"):
    answer = page.get(f"/cases/{desk.case.number}/mentions", query_string={"q": words, "sign": sign})
    return [choice["insert"] for choice in answer.json["choices"]]


def test_colleagues_who_may_see_the_case_and_teams_are_offered(browser, desk):
    with unit_of_work():
        make_user("bobby")
    alice = browser(desk.cast.alice)
    assert offered(alice, desk, "bo") == ["@bob"], "another team's agent may not see the case"
    assert offered(alice, desk, "serv") == ["@service"]
    assert "@alice" not in offered(alice, desk, "")
    assert offered(alice, desk, "zzz") == []


def test_cases_are_offered_to_who_may_see_them(browser, desk):
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="A burst pipe")
        hidden = make_case(desk.cast, desk.account, subject="A burst tank", team_id=desk.cast.repairs.id)
    alice = browser(desk.cast.alice)
    assert offered(alice, desk, "burst", "#") == [f"#{other.number}"]
    assert offered(alice, desk, hidden.number, "#") == []
    assert offered(alice, desk, "", "#") == []


def test_a_note_marks_them_and_escapes_the_rest(browser, desk):
    text = f"<b>@bob</b> see #{desk.case.number} and x@bob.example, @nobody <script>"
    with unit_of_work():
        writing.note(desk.case.id, user_id=desk.cast.alice.id, author="Alice", text=text)
    page = browser(desk.cast.alice).get(f"/cases/{desk.case.number}").text
    assert '&lt;b&gt;<span class="mention">@Bob</span>&lt;/b&gt; see <a href="/cases/' in page
    assert f">#{desk.case.number}</a> and x@bob.example, @nobody &lt;script&gt;" in page
