"""Words that stop messages, allow them again or ask for help. Only a message that says nothing else counts.

CANCEL and its sisters are not among them: by text message a customer cancels a request with that word.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Wish(StrEnum):
    """What a single word asks for."""

    OPT_OUT, OPT_IN, HELP = "opt_out", "opt_in", "help"


_WORDS = {
    Wish.OPT_OUT: """
        stop stopall stop-all unsubscribe optout opt-out quit end revoke stopp abmelden abbestellen arret arrêter
        désabonner désinscrire baja alto parar detener sair descadastrar ferma disiscrivi afmelden wypisz
        dur ret avsluta стоп отписаться отписка 退订 退訂 取消订阅 取消訂閱 拒收 td t 回复td td退订 配信停止 停止 解除
        수신거부 중지 إيقاف توقف إلغاء-الاشتراك रोकें
    """,
    Wish.OPT_IN: """
        start unstop subscribe optin opt-in resume anmelden reprendre réabonner alta comenzar iniciar iscrivi
        aanmelden старт подписаться 订阅 訂閱 恢复订阅 恢復訂閱 开始接收 重新订阅 配信再開 再開 수신동의 اشتراك ابدأ शुरू
    """,
    Wish.HELP: """
        help info hilfe aide ayuda ajuda aiuto hulp pomoc yardım помощь помогите 帮助 幫助 help帮助 ヘルプ 도움말
        مساعدة मदद
    """,
}


def _bare(text: str) -> str:
    """Return letters and digits only, in one width and case, without accents: `S.T.O.P!` is `stop`."""
    taken_apart = unicodedata.normalize("NFKD", text.casefold())
    # Vowel signs of Indian scripts are marks too, and are part of the word.
    return "".join(char for char in taken_apart if char.isalnum() or unicodedata.category(char) == "Mc")


_MEANING = {_bare(word): wish for wish, words in _WORDS.items() for word in words.split()}


def wish_of(text: str) -> Wish | None:
    """Return what a message asks for that consists of such a word alone."""
    return _MEANING.get(_bare(text)) if len(text) <= 60 else None
