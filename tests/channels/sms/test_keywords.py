"""Words that stop messages, allow them again or ask for help; everything else is a message."""

from __future__ import annotations

import pytest

from channels.sms.keywords import Wish, wish_of


@pytest.mark.parametrize("text", [
    "STOP", "stop.", " Stop! ", "S.T.O.P", "ＳＴＯＰ", "opt-out", "Opt out", "unsubscribe", "退订", "退訂！", "TD", "T", "回复TD",
    "取消订阅", "ARRET", "Arrêt", "ABMELDEN", "BAJA", "Отписаться", "配信停止", "수신거부", "إيقاف", "रोकें",
])  # fmt: skip
def test_opt_out(text):
    assert wish_of(text) is Wish.OPT_OUT


@pytest.mark.parametrize("text", ["START", "unstop", "订阅", "恢复订阅", "ALTA", "старт"])
def test_opt_in(text):
    assert wish_of(text) is Wish.OPT_IN


@pytest.mark.parametrize("text", ["HELP", "help?", "帮助", "幫助", "Hilfe", "ayuda", "ヘルプ"])
def test_help(text):
    assert wish_of(text) is Wish.HELP


@pytest.mark.parametrize(
    "text", ["", "please stop it", "CANCEL", "stop " * 20, "不要退订", "Start with case 12", "👍", "12"]
)
def test_everything_else_is_a_message(text):
    assert wish_of(text) is None
