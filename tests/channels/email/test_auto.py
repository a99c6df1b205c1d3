"""Who or what wrote a mail: none, auto-reply, list or loop, decided by headers first."""

from __future__ import annotations

import pytest

from channels.email.mime import parse_mail


def kind(headers: str, *, subject: str = "Pump", body: str = "It leaks.", own=()) -> str:
    raw = f"From: dana@example.com\nTo: desk@example.com\nSubject: {subject}\n{headers}\n\n{body}\n".replace(
        "\n\n\n", "\n\n"
    )
    return parse_mail(raw.encode(), own_addresses=own).auto


@pytest.mark.parametrize(
    "headers, wanted",
    [
        ("X-Mailer: Thunderbird", "none"),
        ("Auto-Submitted: no", "none"),
        ("Auto-Submitted: auto-replied", "auto-reply"),
        ("Auto-Submitted: auto-generated; type=x", "auto-reply"),
        ("X-Autoreply: yes", "auto-reply"),
        ("X-Autorespond: Absence", "auto-reply"),
        ("X-Autoreply: no", "none"),
        ("Precedence: auto_reply", "auto-reply"),
        ("Precedence: bulk", "list"),
        ("Precedence: junk", "list"),
        ("Precedence: list", "list"),
        ("Precedence: first-class", "none"),
        ("X-Auto-Response-Suppress: All", "auto-reply"),
        ("X-Auto-Response-Suppress: DR, OOF, AutoReply", "auto-reply"),
        ("X-Auto-Response-Suppress: DR, RN, NRN", "none"),
        ("Return-Path: <>", "auto-reply"),
        ("Return-Path: <dana@example.com>", "none"),
        ("List-Id: <a.example.com>", "list"),
        ("List-Unsubscribe: <mailto:u@example.com>", "list"),
        ("Mailing-List: contact a@example.com", "list"),
        ("X-Ringback-Loop: desk", "loop"),
        ("X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent", "auto-reply"),
        ("List-Id: <a.example.com>\nAuto-Submitted: auto-generated", "auto-reply"),
    ],
)
def test_headers(headers, wanted):
    assert kind(headers) == wanted


ABSENT = [
    ("Automatic reply: Pump", "I am out of the office until Monday."),
    ("Out of Office: Pump", "I will be back on Monday."),
    ("Abwesenheitsnotiz: Pumpe", "Ich bin bis Montag im Urlaub."),
    ("Automatische Antwort: Pumpe", "Ich bin derzeit nicht im Büro."),
    ("Réponse automatique : Pompe", "Je suis absent jusqu'à lundi."),
    ("Respuesta automática: Bomba", "Estoy fuera de la oficina."),
    ("Resposta automática: Bomba", "Estou de férias."),
    ("Risposta automatica: Pompa", "Sono fuori ufficio."),
    ("Automatisch antwoord: Pomp", "Ik ben afwezig tot maandag."),
    ("自动回复: 水泵", "您好，您的邮件我已收到，我会尽快回复。"),
    ("自動返信: ポンプ", "ただいま休暇をいただいております。"),
]


@pytest.mark.parametrize("subject, body", ABSENT)
def test_absence_needs_words_and_one_more_sign(subject, body):
    assert kind("", subject=subject, body=body) == "auto-reply"
    assert kind("Precedence: bulk", subject=subject, body="…") == "auto-reply"
    assert kind("", subject=subject, body="Why do you send me this?") == "none"
    assert kind("", subject="Pump", body=body) == "none"


def test_own_addresses_are_a_loop():
    assert kind("", own=["Dana@Example.com"]) == "loop"
    assert kind("", own=["desk@example.com"]) == "none"
    assert kind("X-Loop: desk@example.com", own=["desk@example.com"]) == "loop"
    raw = b"From: desk+rb-x@example.com\nTo: desk@example.com\nSubject: x\n\nx\n"
    assert parse_mail(raw, own_addresses=["desk@example.com"]).auto == "loop"
