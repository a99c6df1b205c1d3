"""The query language: what is read and printed, that nothing typed breaks it, and that the database answers as plain Python does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.cases import service as cases
from app.cases.filtering import QueryError, Scope, checking, condition, parse, printed, words
from app.cases.filtering.tree import Either, Every, Field, Not, Text
from app.cases.models import OPEN_STATES, Case, CaseStatus
from app.clock import utcnow
from app.identity import queries as identity
from app.search import MAX_WANTED, query_tokens
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOBODY = Scope(user_id=0, team_ids=frozenset(), teams={}, users={}, now=NOW)


# ---------------------------------------------------------------- reading and printing
@pytest.mark.parametrize(
    "typed,canonical",
    [
        ("", ""), ("  ", ""), ("hot water", "hot water"), ('"no hot water" 热水', '"no hot water" 热水'),
        ("team:repairs status:open due<4h", "team:repairs status:open due<4h"), ("a or b c", "a or b c"),
        ("(a or b) c", "(a or b) c"), ("a (b c)", "a b c"), ("a AND b", "a b"), ("NOT a", "-a"), ("--a", "--a"), ("-(a b)", "-(a b)"),
        ("rb-2026-000123", "number:RB-2026-000123"), ("团队:维修 状态:等待,新建 优先级>=高", "team:维修 status:waiting,new priority>=high"),
        ("状态：等待 （热水 或 暖气）", "status:waiting (热水 or 暖气)"), ("chased≥2", "chased>=2"),
        ("from:“Dana Weiss”", 'from:"dana weiss"'), ("opened>2d 到期:今天", "opened>2d due:today"), ("see https://x.org/a", "see https://x.org/a"),
        ("12:30", "12:30"), ("due:none", "due:none"), ("is:unread is:read", "is:unread is:read"), ("Status:OPEN", "status:open"),
    ],
)  # fmt: skip
def test_what_is_typed_is_read(typed, canonical):
    tree = parse(typed)
    assert printed(tree) == canonical
    assert parse(canonical) == tree


@pytest.mark.parametrize(
    "typed,start,end,says",
    [
        ("statsu:open", 0, 6, "did you mean status"), ("a status:opne", 9, 13, "did you mean open"), ("a (b", 2, 3, "never closed"),
        ("a) b", 1, 2, "No parenthesis"), ('a "b', 2, 4, "never closed"), ("due<soon", 4, 8, "is no time"), ("team<3", 4, 5, "no order"),
        ("team:", 5, 5, "value is missing"), ("a or", 3, 4, "missing"), ("or a", 0, 1, "missing"), ("()", 1, 2, "missing"),
        ("a -", 2, 3, "right after"), ("!!!", 0, 3, "no letter or digit"), ("priority>high,low", 0, 17, "one value"),
        ("chased:maybe", 7, 12, "yes, no or a number"), ("a\x00b", 1, 2, "cannot be searched"), ("due<9999999d", 4, 12, "is no time"),
    ],
)  # fmt: skip
def test_an_error_says_where_and_what_to_do(typed, start, end, says):
    with pytest.raises(QueryError) as caught:
        parse(typed)
    assert (caught.value.start, caught.value.end) == (start, end)
    assert says in caught.value.message


@pytest.mark.parametrize(
    "typed", ["(" * 900, "-" * 900 + "a", "a " * 400, "x" * 2000, "a or " * 150 + "a", "(a " * 100]
)
def test_what_is_too_much_is_refused(typed):
    with pytest.raises(QueryError):
        parse(typed)


PIECES = st.sampled_from(
    [*words.FIELD_NAMES, *":<>()-\"“”,，（）： \\", "<=", ">=", "or", "OR", "AND", "NOT", "或", "且", "非", "open", "4h", "热水", "a", "none",
     "2026-02-30", "2026-11-22", "//", "yes", "é", "\u202e", "😀", "Ⅷ", "٣", "\x00", "\ud800"]
)  # fmt: skip


@settings(deadline=None, max_examples=600)
@given(
    st.one_of(
        st.text(max_size=80), st.lists(PIECES, max_size=20).map("".join), st.lists(PIECES, max_size=20).map(" ".join)
    )
)
def test_whatever_is_typed_is_a_tree_or_an_error(typed):
    try:
        tree = parse(typed)
    except QueryError as error:
        places = (error.start, error.end)
    else:
        _check_tree(tree)
        return
    assert 0 <= places[0] <= places[1] <= max(len(typed), 1)


def _check_tree(tree):
    assert parse(printed(tree)) == tree
    try:
        made = condition(tree, NOBODY).compile()
    except QueryError:  # a team or a user that is not there
        return
    for value in ("热水", "2026-11-22"):
        assert value not in str(made)


def _texts():
    short = st.text(min_size=1, max_size=20).filter(lambda text: 0 < len(query_tokens(text)) <= MAX_WANTED)
    whole = short.filter(
        lambda text: not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0xD800 <= ord(c) < 0xE000 for c in text)
    )
    return st.one_of(
        whole.map(lambda text: Text(text, True)), st.sampled_from(["hot", "热水", "e-mail", "o'clock"]).map(Text)
    )


def _tests():
    values = st.lists(
        st.text('ab ,"\\()-:热/', min_size=1, max_size=6).map(str.strip).filter(bool),
        min_size=1,
        max_size=3,
        unique=True,
    )
    free = st.builds(lambda name, found: Field(name, ":", tuple(found)), st.sampled_from(["type", "queue"]), values)
    moments = st.builds(
        lambda name, op, value: Field(name, op, (value,)), st.sampled_from(["due", "opened"]), st.sampled_from(words.COMPARED),
        st.sampled_from(["4h", "-2d", "today", "2026-11-22"]),
    )  # fmt: skip
    return st.one_of(free, moments)


def _joined(children):
    def flat(kind):
        return st.lists(children.filter(lambda node: not isinstance(node, kind)), min_size=2, max_size=4).map(
            lambda nodes: kind(tuple(nodes))
        )

    return st.one_of(children.map(Not), flat(Every), flat(Either))


@settings(deadline=None, max_examples=400)
@given(st.recursive(st.one_of(_texts(), _tests()), _joined, max_leaves=12))
def test_what_is_printed_is_read_as_it_was(tree):
    assert parse(printed(tree)) == tree


# ---------------------------------------------------------------- answers
ENDED = (CaseStatus.ARCHIVED, CaseStatus.CANCELLED, CaseStatus.MERGED)


@pytest.fixture
def desk(session):
    desk = make_desk(make_cast())
    subjects = ("No hot water 没有热水", "Water in the cellar", "热水器漏水 E4", "Invoice 88213-B", "Ångström café")
    for place, subject in enumerate(subjects * 4):
        case = make_case(desk.cast, desk.account, subject=subject)
        case.priority = words.PRIORITIES[place % 4]
        ended = place % 6 == 5  # as the service keeps it: what has ended is archived and has no time limit
        case.status = ENDED[place % 3] if ended else CaseStatus(OPEN_STATES[place % 5])
        case.type = ("fault", "request", "")[place % 3]
        case.due_at = None if ended or place % 5 == 0 else utcnow() + timedelta(hours=place - 8)
        case.chase_count = place % 4
        case.assignee_id = (None, desk.cast.alice.id)[place % 2]
        case.team_id = (None, desk.cast.repairs.id, desk.cast.service_team.id)[place % 3]
        case.opened_at = utcnow() - timedelta(hours=9 * place)
        case.archived_at = utcnow() if ended else None
        case.resolved_at = utcnow() - timedelta(days=place) if place % 2 else None
        case.is_unread = place % 3 == 0
        case.contact_name = ("Dana", "王芳", "O'Neil 100%_\\")[place % 3]
    session.flush()
    return desk


def scope_of(desk, zone=UTC):
    return Scope(
        user_id=desk.cast.alice.id, team_ids=frozenset({desk.cast.service_team.id}),
        teams={team.key: frozenset({team.id}) for team in identity.teams()},
        users={user.login: frozenset({user.id}) for user in identity.users()}, now=utcnow(), zone=zone,
    )  # fmt: skip


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/St_Johns"])
def test_the_database_answers_as_plain_python_does(session, desk, zone):
    scope = scope_of(desk, ZoneInfo(zone))
    plain = checking.load()
    queries = checking.some_queries(150, plain, scope, seed=len(zone))
    assert checking.check(queries, plain, scope) == []
    sizes = {sum(checking.holds(node, case, scope) for case in plain) for node in queries}
    assert len(sizes) > 5  # not all of them nothing or everything


def test_drift_is_noticed(session, desk):
    scope = scope_of(desk)
    plain = checking.load()
    case = session.get_one(Case, plain[0].row.id)
    case.priority = "low" if case.priority == "urgent" else "urgent"
    session.flush()
    [drift] = checking.check([parse(f"priority:{case.priority}")], plain, scope)
    assert drift.only_database == (case.id,)


@pytest.mark.parametrize(
    "typed",
    [
        "from:100%",
        "from:_",
        'from:"\\\\"',
        'type:"\'; drop table cases; --"',
        "from:@example.org",
        "from:dana@example.org",
    ],
)
def test_values_are_values(session, desk, typed):
    plain = checking.load()
    assert checking.check([parse(typed), parse(f"-{typed}")], plain, scope_of(desk)) == []


def test_no_and_yes_make_everything(session, desk):
    """What is absent (no time limit, no agent) is found by one of a query and its opposite, never by neither."""
    everything = set(session.scalars(select(Case.id)))
    for typed in ("due<4h", "assignee:me", "team:mine", "resolved>1d", "热水", "is:breached"):
        halves = [
            set(session.scalars(select(Case.id).where(condition(parse(each), scope_of(desk)))))
            for each in (typed, f"-{typed}")
        ]
        assert halves[0] | halves[1] == everything
        assert not halves[0] & halves[1]
        assert halves[0]


def test_a_name_that_nobody_has_is_an_error(session, desk):
    with pytest.raises(QueryError) as caught:
        condition(parse("is:open team:nowhere"), scope_of(desk))
    assert (caught.value.start, caught.value.end) == (8, 20)
    assert cases.PRIORITIES == words.PRIORITIES
