"""`flask sweep`, `doctor`, `account`, `deploy`, `mail explain`."""

from __future__ import annotations

import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import orjson
import pytest
from sqlalchemy import text

from app import schedule
from app.clock import utcnow
from app.db import unit_of_work
from app.identity import service as identity
from app.identity.models import Role
from app.messaging import accounts
from app.routing import service as routing
from app.sla import service as sla
from app.workflow import queries as workflow
from channels.outcomes import Health, HealthState, Reason
from tests.support.people import make_user

ROOT = Path(__file__).parents[2]


def test_sweeping_rings_and_tidies(run, rung):
    assert run("sweep").output == "3 pieces of work rung for, 0 old rows forgotten.\n"
    assert rung == ["ring"]
    assert run("sweep", "--inline").output.startswith("5 pieces of work done")


# ---------------------------------------------------------------- doctor
def lines(answer):
    return {line[4:].split(":")[0].strip(): line for line in answer.output.splitlines() if ": " in line}


def test_the_doctor_looks_at_every_part(run, live):
    with unit_of_work():
        make_user("root", Role.ADMIN)
    found = lines(run("doctor"))
    assert {
        "settings", "front end", "database", "redis", "clock", "envelopes", "migrations", "stored files", "people",
        "processes", "channels",
    } <= set(found)  # fmt: skip
    for part in ("settings", "database", "redis", "clock", "envelopes", "migrations", "stored files", "people"):
        assert found[part].startswith("ok"), found[part]


def test_the_doctor_says_what_to_do(run, live, monkeypatch):
    with unit_of_work() as session:
        session.execute(text("update alembic_version set version_num = 'old'"))
        schedule.set_timer("t", utcnow().replace(year=2020), job="timer", ref=1)
        account = accounts.save(
            None, kind="email", provider="loopback", name="Desk", address="desk@ringback.test",
            config={"address": "desk@ringback.test"}, secrets={},
        )  # fmt: skip
        accounts.note_health(
            account.id, "inbound", Health(HealthState.FAILING, Reason.UNKNOWN, "The password is wrong.")
        )
    answer = run("doctor")
    found = lines(answer)
    assert answer.exit_code == 1
    assert "alembic upgrade head" in found["migrations"]
    assert "late" in found["clock"]
    assert "flask user add" in found["people"]
    assert "flask deploy" in found["processes"]
    assert "The password is wrong." in found["channels"]


def test_the_doctor_without_a_database_says_so(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={"DATABASE_URL": "postgresql://127.0.0.1:9/none", "REDIS_URL": "redis://127.0.0.1:9/0", "PATH": "/usr/bin",
             "DATA_DIR": str(tmp_path), "SECRET_KEY": "short", "PUBLIC_URL": "http://desk.example"},
    )  # fmt: skip
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "ILL  database: does not answer" in answer.stdout
    assert "ILL  redis" in answer.stdout
    assert "SECRET_KEY is shorter" in answer.stdout
    assert "not https" in answer.stdout


def test_other_commands_without_a_database_say_so(tmp_path):
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "user", "list"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={"DATABASE_URL": "postgresql://127.0.0.1:9/none", "PATH": "/usr/bin", "DATA_DIR": str(tmp_path)},
    )  # fmt: skip
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: The database does not answer")


@pytest.mark.parametrize(
    "wrong,says",
    [({"DATABASE_URL": "mysql://127.0.0.1/desk"}, "DATABASE_URL must be"), ({"DATABASE_URL": "nonsense"}, "DATABASE_URL must be"),
     ({"SESSION_HOURS": "many"}, "SESSION_HOURS must be a whole number")],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named(tmp_path, wrong, says):
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "doctor"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env={"PATH": "/usr/bin", "DATA_DIR": str(tmp_path), **wrong},
    )  # fmt: skip
    assert answer.returncode != 0
    assert says in answer.stderr
    assert "Traceback" not in answer.stderr


# ---------------------------------------------------------------- accounts
def test_an_account_is_added_listed_and_tried(run):
    refused = run("account", "add", "desk@ringback.test", "--provider", "loopback", "--queue", "nowhere").output
    assert "There is no queue 'nowhere'. There are:" in refused
    with unit_of_work():
        open_hours = sla.save_calendar("office-hours", name="Open")
        team = identity.save_team("service", name="Service")
        routing.save_queue("service", name="Service", team_id=team.id, calendar_id=open_hours.id)
    added = run("account", "add", "desk@ringback.test", "--provider", "loopback", "--queue", "service")
    assert added.exit_code == 0, added.output
    assert "desk@ringback.test" in run("account", "list").output
    with unit_of_work():
        account = accounts.by_address("email", "desk@ringback.test")
    assert run("account", "test", account.id).output == "in: ok\nout: ok\n"
    assert run("account", "remove", account.id).output.startswith("Removed desk@ringback.test.")
    assert "desk@ringback.test" not in run("account", "list").output
    for again in ("test", "remove"):
        assert "no such channel account" in run("account", again, account.id).output


def test_secrets_are_sealed_and_wrong_settings_named(run):
    pairs = ("smtp_host=mail.example.org", "smtp_user=desk", "smtp_password=hunter2")
    added = run("account", "add", "desk@ringback.test", *[arg for pair in pairs for arg in ("--set", pair)])
    assert added.exit_code == 0, added.output
    with unit_of_work() as session:
        assert "hunter2" not in str(session.execute(text("select config::text, secrets from channel_accounts")).all())
    assert "hunter2" not in run("account", "list").output
    wrong = run("account", "add", "x@ringback.test", "--set", "smtp_port=many")
    assert wrong.exit_code == 1
    assert "smtp_port" in wrong.output
    assert "NAME=VALUE" in run("account", "add", "x@ringback.test", "--set", "nonsense").output
    assert "no provider" in run("account", "add", "x@ringback.test", "--provider", "pigeon").output


def test_an_account_that_fails_says_why(run):
    run("account", "add", "desk@ringback.test", "--set", "smtp_host=127.0.0.1", "--set", "smtp_port=9",
        "--set", "smtp_security=none")  # fmt: skip
    with unit_of_work():
        account = accounts.by_address("email", "desk@ringback.test")
    answer = run("account", "test", account.id)
    assert answer.exit_code == 1
    assert answer.output.splitlines()[0] == "in: unknown", "how well the listener is, the listener tells"
    assert answer.output.splitlines()[1].startswith("out: failing (unreachable) 127.0.0.1:9 ")
    with unit_of_work():
        assert accounts.get(account.id).outbound_health["state"] == "failing"
    assert "no such channel account" in run("account", "test", "999999999").output


# ---------------------------------------------------------------- processes
BPMN = """<?xml version="1.0"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="x">
  <bpmn:process id="tiny" name="Tiny" isExecutable="true">
    <bpmn:startEvent id="start"/><bpmn:userTask id="look" name="Look"/><bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="look"/>
    <bpmn:sequenceFlow id="b" sourceRef="look" targetRef="end"/>
  </bpmn:process>
</bpmn:definitions>"""


def test_a_folder_is_deployed_and_published_once(run, tmp_path):
    folder = tmp_path / "tiny"
    (folder / "forms").mkdir(parents=True)
    (folder / "process.bpmn").write_text(BPMN)
    (folder / "forms" / "look.json").write_text('{"fields": [{"key": "seen", "type": "bool"}]}')
    first = run("deploy", folder, "--note", "first")
    assert first.exit_code == 0, first.output
    assert "tiny version 1 is published" in first.output
    assert "tiny version 1" in run("deploy", folder).output
    (folder / "process.bpmn").write_text(BPMN.replace("Look", "Look again"))
    assert "tiny version 2 is a draft" in run("deploy", folder, "--draft").output
    with unit_of_work():
        assert [row.version for row in workflow.versions("tiny") if row.is_published] == [1]


def test_what_can_not_run_is_kept_with_its_findings(run, tmp_path):
    path = tmp_path / "broken.bpmn"
    path.write_text(BPMN.replace('targetRef="end"', 'targetRef="nowhere"'))
    answer = run("deploy", path)
    assert answer.exit_code == 1
    assert "error" in answer.output


def test_what_is_no_process_is_refused(run, tmp_path):
    assert "no process.bpmn" in run("deploy", tmp_path).output
    path = tmp_path / "x.bpmn"
    path.write_text("not xml")
    answer = run("deploy", path)
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output


# ---------------------------------------------------------------- mail
def test_mails_are_explained_without_a_desk(tmp_path):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Dana <dana@example.org>", "desk@ringback.test", "Grüße 你好"
    mail.set_content("It leaks.\n")
    (tmp_path / "a.eml").write_bytes(mail.as_bytes())
    (tmp_path / "b.eml").write_bytes(b"\xff\x00 nonsense")
    answer = subprocess.run(
        [sys.executable, "-m", "flask", "mail", "explain", str(tmp_path), "-"], cwd=ROOT, capture_output=True,
        input=mail.as_bytes(), timeout=60, check=False,
        env={"DATABASE_URL": "postgresql://127.0.0.1:9/none", "PATH": "/usr/bin", "DATA_DIR": str(tmp_path / "data")},
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    told = [orjson.loads(line) for line in answer.stdout.splitlines()]
    assert [each["subject"] for each in told if each["path"].endswith(("a.eml", "-"))] == ["Grüße 你好"] * 2
    wanted = {
        "path", "from", "from_name", "to", "cc", "subject", "message_id", "date", "text", "html", "reply_text",
        "attachments", "auto", "bounce", "problems",
    }  # fmt: skip
    assert all(set(each) == wanted for each in told)


@pytest.mark.parametrize("args", [("mail", "explain"), ("user", "add"), ("deploy",)])
def test_a_command_without_its_argument_says_how_it_is_called(run, args):
    answer = run(*args)
    assert answer.exit_code == 2
    assert "Usage:" in answer.output
