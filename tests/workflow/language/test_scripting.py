"""Script tasks: what they may do, what stops them, and that nothing of them stays behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from app.workflow.language import script_child
from app.workflow.language.script_pool import POOL, SIZE
from app.workflow.language.scripting import ScriptError, check_script, run_script
from tests.support.spans import within


@pytest.fixture(autouse=True, scope="module")
def no_children_left() -> Iterator[None]:
    yield
    POOL.close()
    assert not children()


def children() -> set[int]:
    """The ids of this process's script processes."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(OSError):
                if "script_child" in Path(f"/proc/{child}/cmdline").read_text():
                    found.add(int(child))
    return found


def test_data_goes_in_and_comes_back_changed() -> None:
    data = {"count": 1, "case": {"tags": ["a"]}, "note": None, "with space": 1, "at": datetime(2026, 1, 5, tzinfo=UTC)}
    source = "count += 1\ncase['tags'].append('b')\ntotal = len(case['tags'])\nnote2 = None\nword = 'é你'"
    assert run_script(source, data) == {
        "count": 2,
        "case": {"tags": ["a", "b"]},
        "note": None,
        "note2": None,
        "total": 2,
        "word": "é你",
        "with space": 1,
        "at": "2026-01-05T00:00:00+00:00",
    }
    assert data["count"] == 1
    assert data["case"] == {"tags": ["a"]}


def test_functions_loops_and_private_names_stay_inside() -> None:
    source = """
def double(n):
    return n * 2

_scratch = [double(n) for n in range(4)]
for _n in _scratch:
    if _n > 4:
        best = _n
        break
text = "%d of %s" % (best, {"a": 1}.get("a"))
packed = json.encode({"a": [1, True, None]})
print("nobody reads this")
"""
    assert run_script(source, {}) == {"best": 6, "text": "6 of 1", "packed": '{"a":[1,true,null]}'}


@pytest.mark.parametrize(
    "source, part, line",
    [
        ("x = 1\ny = = 2", "unexpected symbol", 2),
        ("x = 1\nfail('no order number')", "no order number", 2),
        ("x = missing", "missing", 1),
        ("\n\nx = 1 // 0", "zero", 3),
        ("import os", "cannot import", 1),
        ("while True:\n  pass", "no while", 1),
        ("x = 1 is 1", "instead of is", 1),
        ("load('a.star', 'b')", "not allowed", 1),
        ("x = 2 ** 3", "**", 1),
        ("x = {1: 2}", "cannot be stored", None),
        ("x = lambda: 1", "variable x", None),
        ("x = 1 << 70", "64-bit", None),
        ("x = []\nx.append(x)", "Cycle", None),
        ("x = []\nfor _i in range(100000): x = [x]", "cannot be stored", None),
    ],
)
def test_mistakes_are_told_with_their_line(source: str, part: str, line: int | None) -> None:
    with pytest.raises(ScriptError) as caught:
        run_script(source, {})
    assert part in caught.value.message
    assert caught.value.line == line


@pytest.mark.parametrize(
    "source",
    [
        "x = open('/etc/passwd')",
        "x = __import__('os')",
        "x = ''.__class__",
        "x = getattr('', '__class__')",
        "x = eval('1')",
        "x = exec('1')",
        "x = globals()",
        "x = ().__class__.__bases__[0].__subclasses__()",
        "load('/etc/passwd', 'x')",
        "x = case.__class__",
        "x = '{0.__class__}'.format(case)",
    ],
)
def test_no_way_out(source: str) -> None:
    with pytest.raises(ScriptError):
        run_script(source, {"case": {}})


@pytest.mark.parametrize(
    "source, part",
    [
        ("for _i in range(1000000000): pass", "did not end in time"),
        ("def f(n):\n  for _i in range(1000000000): pass\nf(1)", "did not end in time"),
        ("x = 3\nfor _i in range(60): x = x * x", "did not end in time"),
        ("x = 'a' * 1000000000", "memory"),
        ("x = ['a']\nfor _i in range(100): x = x + x", "memory"),
        ("x = 'aaaaaaaa'\nfor _i in range(100): x = x + x", "memory"),
        ("x = list(range(1000000000))", "memory"),
        ("x = len([a for a in range(10000) for b in range(10000)])", "memory"),
        ("x = '%s' % ('x' * 300000000)", "memory"),
        ("x = " + "[" * 9000 + "]" * 9000, "nested too deeply"),
        ("x = " + "-" * 15000 + "1", "nested too deeply"),
        ("def f(n): return f(n)\nf(1)", "stack overflow"),
        ("x = 'ab' * 1500000", "larger than"),
    ],
    ids=range(13),
)
def test_limits_stop_a_script_within_three_seconds_and_the_next_one_runs(source: str, part: str) -> None:
    def fail() -> None:
        with pytest.raises(ScriptError, match=part):
            run_script(source, {}, seconds=0.3)

    within(3, fail)
    assert run_script("x = 1", {}) == {"x": 1}


def test_sizes_are_capped() -> None:
    with pytest.raises(ScriptError, match="at most 20000"):
        run_script("#" * 20_001, {})
    with pytest.raises(ScriptError, match="too much for a script"):
        run_script("x = 1", {"a": "x" * 3_000_000})
    with pytest.raises(ScriptError, match="cannot be given"):
        run_script("x = 1", {"a": object()})
    with pytest.raises(ScriptError, match="cannot be given"):
        run_script("x = '\ud800'", {})


def test_checking_finds_what_cannot_be_read_and_runs_nothing() -> None:
    assert check_script("for _i in range(1000000000): pass") == []
    assert check_script("x = undefined_until_the_case_has_it") == []
    assert check_script("x = = 1") == ["Line 1: unexpected symbol '=' here"]
    assert check_script("x = 1\nclass A: pass") == ["Line 2: Scripts have no classes; use functions and dictionaries."]
    assert "at most 20000" in check_script("#" * 20_001)[0]
    assert "UTF-8" in check_script("x = '\ud800'")[0]


def test_the_child_is_kept_and_sees_nothing_of_this_process() -> None:
    run_script("x = 1", {})
    before = children()
    run_script("x = 2", {})
    assert before <= children()
    for child in before:
        environment = Path(f"/proc/{child}/environ").read_text()
        assert {entry.partition("=")[0] for entry in environment.split("\0") if entry} <= {"PATH", "LC_ALL"}
        assert Path(f"/proc/{child}/cwd").readlink() == Path("/")
        opened = {str(link.readlink()) for link in Path(f"/proc/{child}/fd").iterdir()}
        assert {name.partition(":")[0] for name in opened} == {"pipe", "/dev/null"}
        assert os.getsid(child) != os.getsid(0)


def test_a_killed_child_is_replaced() -> None:
    run_script("x = 1", {})
    for child in children():
        os.kill(child, signal.SIGKILL)
    while children():  # a busy machine takes its time to end them
        time.sleep(0.01)
    assert run_script("x = 2", {}) == {"x": 2}


def test_threads_share_a_small_pool() -> None:
    results: list[int] = []
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for step in range(5):
                answer = run_script(f"y = x + {step}", {"x": number * 100})
                results.append(answer["y"] - answer["x"] - step)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert results == [0] * 30
    assert len(children()) <= SIZE


def test_a_forked_process_has_children_of_its_own() -> None:
    run_script("x = 1", {})
    before = children()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons dislike a fork beside threads
        pid = os.fork()
    if pid == 0:  # in the fork: answer, and leave without Python's usual clean-up, as a killed worker would
        right = run_script("x = 2", {}) == {"x": 2}
        mine = children()
        os._exit(0 if right and mine and not mine & before else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert run_script("x = 3", {}) == {"x": 3}
    assert children() & before


@pytest.mark.parametrize("ending", ["pass", "import os; os._exit(1)", "import os; os.kill(os.getpid(), 9)"])
def test_no_child_outlives_its_process(ending: str) -> None:
    program = (
        "from app.workflow.language.scripting import run_script\n"
        "from app.workflow.language.script_pool import POOL\n"
        "run_script('x = 1', {})\n"
        "print(POOL._idle[0].process.pid, flush=True)\n" + ending
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False)
    child = int(done.stdout)
    for _ in range(200):
        if not _running(child):
            return
        time.sleep(0.02)
    pytest.fail("the script process is still there")


def _running(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


def test_what_the_child_keeps_of_a_script() -> None:
    """The rules themselves, in this process: the limits are what only the child may set."""
    ran = script_child._run(
        "def f(): pass\na = 1\n_b = 2\nc = None\nd['x'] = 1\n", {"d": {}, "not a name": 3}, seconds=5
    )
    assert orjson.loads(ran) == {"data": {"a": 1, "c": None, "d": {"x": 1}, "not a name": 3}}
    assert orjson.loads(script_child._run("for _i in range(100000): pass", {}, seconds=0)) == {"error": "slow"}
    assert orjson.loads(script_child._run("a = 'x' * 2000001", {}, seconds=5)) == {"error": "large"}
    with pytest.raises(ValueError, match="variable a"):
        script_child._run("a = lambda: 1", {}, seconds=5)
    assert script_child._shortened("\n".join(map(str, range(100)))).splitlines()[19:21] == ["19", "80"]
