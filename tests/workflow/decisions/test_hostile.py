"""Decision files made to harm."""

from __future__ import annotations

import time

import pytest

from app.workflow.decisions import DecisionError, DecisionModel, evaluate, parse_dmn
from tests.workflow.decisions.dmn_files import DMN_13, document, table

BOMB = b"""<?xml version="1.0"?><!DOCTYPE definitions [<!ENTITY a "aaaaaaaaaa">""" + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(9)
)


def read(xml: bytes) -> DecisionModel:
    """The model, read within the time an upload may take."""
    began = time.process_time()
    model = parse_dmn(xml)
    assert time.process_time() - began < 3
    return model


@pytest.mark.parametrize(
    "xml",
    [
        BOMB + f'] ><definitions xmlns="{DMN_13}" id="x">&j;</definitions>'.encode(),
        f'<!DOCTYPE x SYSTEM "file:///etc/passwd"><definitions xmlns="{DMN_13}"/>'.encode(),
        f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><definitions xmlns="{DMN_13}">&e;</definitions>'.encode(),
        f'<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x [<!ENTITY e "y">]><definitions xmlns="{DMN_13}">&e;</definitions>'.encode("utf-16"),
        f'<definitions xmlns="{DMN_13}">&undefined;</definitions>'.encode(),
        b"",
        b"not xml",
        b"\x00" * 1000,
        b"<a>" * 100_000,
        b"<html/>",
        b'<definitions xmlns="urn:other"/>',
        b'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"/>',
        b"<" + b"x" * 5_000_000,
        b"\xff\xfe<\x00",
        f'<definitions xmlns="{DMN_13}" '.encode() + b" ".join(b'a%d="1"' % n for n in range(300_000)) + b"/>",
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_decision_file_is_one_clear_error(xml: bytes) -> None:
    model = read(xml)
    assert [finding.code for finding in model.findings] in (["not-a-decision-file"], ["no-decision"])
    assert model.decisions == {}
    assert "passwd" not in str(model.findings)
    assert len(model.findings[0].message) < 500


def test_a_ten_megabyte_cell() -> None:
    model = read(document(table([(["1"], ['"' + "a" * 10_000_000 + '"'])])))
    assert [finding.code for finding in model.findings] == ["not-a-decision-file"]


def test_a_three_megabyte_cell() -> None:
    model = read(document(table([(["1," * 1_500_000], ["1"])])))
    assert [finding.code for finding in model.findings] == ["feel"]
    assert len(model.findings[0].message) < 300


def test_very_many_cells_rows_and_decisions() -> None:
    model = read(document(table([(["1"], ["2"])] * 15_000)))
    assert [finding.code for finding in model.findings] == ["too-many-cells"]
    model = read(document(*(table([], decision_id=f"d{n}") for n in range(2_000))))
    assert [finding.code for finding in model.findings] == ["too-many-decisions"]


def test_very_many_problems_are_cut_short() -> None:
    model = read(document(table([(["1 +"], ["2 +"])] * 5_000)))
    assert len(model.findings) == 201
    assert model.findings[-1].code == "too-many-problems"


def test_many_decisions_that_share_what_they_require() -> None:
    layers = [table([(["-"], ["1"])], decision_id=f"l{n}", requires=[f"l{m}" for m in range(n)]) for n in range(35)]
    model = read(document(*layers))
    assert model.executable
    began = time.process_time()
    assert evaluate(model.decisions["l34"], {"x": 1}).outputs == {"y": 1}
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "cell",
    [
        "x.__class__",
        "__import__('os')",
        "x.append(1)",
        "exec(1)",
        "(" * 1000 + "1" + ")" * 1000,
        "function() external {}",
        "for a in x return a",
    ],
)
def test_cells_that_try_to_break_out_are_refused_at_upload(cell: str) -> None:
    model = read(document(table([([cell], [cell])], inputs=[cell])))
    assert {finding.code for finding in model.findings} == {"feel"}
    assert len(model.findings) == 3


def test_cells_that_grow_end_in_an_error() -> None:
    for cell in (
        "9 ** 9 ** 9 ** 9",
        "x + x + x + x",
        'string join([x, x, x, x], "")',
        'date("2026-01-01") + duration("P99999Y")',
    ):
        model = read(document(table([(["-"], [cell])])))
        assert model.executable
        with pytest.raises(DecisionError):
            evaluate(model.decisions["d"], {"x": "a" * 60_000})
