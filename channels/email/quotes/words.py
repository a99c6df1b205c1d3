"""How mail clients announce what they quote, in the languages they speak: verbs, header names, separators, signatures.

Every pattern is used on one line or a few joined ones, cut to a fixed length, and has no nested repetition.
"""

from __future__ import annotations

import re

_I = re.IGNORECASE

# ---- the line that says who wrote and when
# The verb stands at the end, before the colon …
VERB_LAST = re.compile(
    r"(?:\b(?:wrote|writes|said|has written|wrote the following|a écrit|écrivit|ecrivait|escribió|escribio|escrib[íi]a|ha escrito|"
    r"escreveu|escreveram|ha scritto|scrisse|scrive|napisał(?:\(a\)|a)?|napisał\(-a\)|pisze|napsal(?:\(a\)|a)?|napísal(?:\(a\)|a)?|"
    r"написал(?:\(а\)|а)?|пишет|писал(?:\(а\)|а)?|kirjoitti|a scris|ezt írta|írta|yazdı|şunu yazdı|έγραψε|đã viết|menulis|"
    r"skrev|schrieb|geschrieben|heeft (?:het volgende )?geschreven|schreef|geschreven|napisa(?:o|la)(?: je)?|je napisal|написа|написав|написала|пише|rašė|rakstīja|kirjutas|va escriure)"
    r"|写道|寫道|写到|来信说|來信|写|のメール|さん[はが]書きました|wrote|作成|작성|님이 작성|썼습니다|เขียน(?:ว่า)?|كتب|כתב(?:/ה)?|のメッセージ|が書きました)"
    r"\s*(?:\.\.\.|…)?\s*[:：]?\s*$",
    _I,
)
# … or before the name.
VERB_FIRST = re.compile(
    r"\b(?:schrieb(?:en)?|schreef|skrev|skreiv|wrote (?:on|at)|escribió|escreveu|a écrit|ha scritto|написал(?:а|\(а\))?|kirjoitti|napisał(?:a|\(a\))?|ezt írta|kirjutas|missatge de)\b"
    r".{1,160}[:：]\s*$",
    _I,
)
# `---- Dana wrote ----`, with or without a date.
DASHED = re.compile(
    r"\s{0,4}[-_=]{2,60}\s{0,3}(?:.{1,200}\s(?:wrote|writes|schrieb|a écrit|escribió|escreveu|ha scritto|schreef)|在.{1,120}写道|.{1,120}写道)\s{0,3}[:：]?\s{0,3}[-_=]{2,60}\s*$",
    _I,
)
# `Dana Fox wrote on 06/05/2024 15:59:`, as Lotus Notes and web mailers have it.
NAME_WROTE_ON = re.compile(
    r"\W{0,4}(?!(?:the|my|your|our|his|her|their|this|that|he|she|they|we|you|somebody|someone|der|die|das|mein|ihr|unser|er|sie|le|la|mon|ma|votre|il|"
    r"elle|el|su|mi|ella|o|a|meu|minha|seu|ele|ela|lo|i|mio|suo|de|het|mijn|uw|hij|zij)\b)"
    r"[^\W\d_][^,.:;!?\d<>]{1,60}\s(?:wrote on|schrieb am|schreef op|a écrit le|escribió el|escreveu em|ha scritto il|hat am)\s[^;!?]{6,40}[:：]\s*$",
    _I,
)
# `Quoting Dana Fox <dana@example.com>:`
QUOTING = re.compile(
    r"\s{0,4}(?:quoting|zitat von|zitiere|citando(?: a)?|citat från|citation de|citaat van)\s.{2,160}[:：]\s*$", _I
)
# `Dana via Desk wrote:`, as forums send it.
VIA_WROTE = re.compile(
    r"[^\W\d_][^,:;!?<>]{0,40}\svia\s[^,:;!?<>]{1,40}\s(?:wrote|schrieb|a écrit|escribió)\s?[:：]\s*$", _I
)
# `06.05.2024, 15:59 von dana@example.com:`, as Tuta has it.
DATE_BY = re.compile(
    r"[\s*_]{0,4}\d{1,4}[-/. ].{4,40}\s(?:by|from|von|de|da|van|par|por|av|af|od|от)\s[^\s<>]{1,120}@[^\s<>]{1,120}[:：]\s*$",
    _I,
)
# `On 11 April Dana <dana@example.com> sent:`
SENT_LAST = re.compile(r"[>)\]]\s{1,2}(?:sent|said|nous a dit)\s?[:：]\s*$", _I)
# How the line begins where it begins so.
OPENER = re.compile(
    r"[\s*_\"'(<\[-]{0,6}(?:on|at|in (?:a|your) (?:message|mail|article)|quoting|le|el|em|no dia|il giorno|il|in data|op|am|den|på|w dniu|dnia|dne|dňa|"
    r"pe|pada|tanggal|vào|στις|tarihinde|"
    r"mon|tue|wed|thu|fri|sat|sun|lun|mar|mer|jeu|ven|sam|dim|mo|di|mi|sa|вт|пн|ср|чт|пт|сб|вс|"
    r"понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|ma|wo|vr|za|zo|ti|ke|to|pe|la|su)\b"
    r"|[\s*_\"'(<\[-]{0,6}(?:在|於|于|בתאריך|في|بتاريخ|\d{1,4}[-/.年년 ])",
    _I,
)
DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}:\d{2}|\d{1,2}\s?[hu時时點点]\s?\d{2}|\b(?:19|20)\d\d\b|\d{1,2}月\d{1,2}日|\d{4}\.\s?\d{1,2}\.|"
    r"\b\d{1,2}(?:st|nd|rd|th)?\.?\s(?:de\s)?(?:jan|feb|fév|fev|mar|mär|apr|avr|abr|may|mai|maj|mei|jun|juin|jul|juil|aug|août|ago|sep|set|okt|oct|out|nov|dec|dez|déc|dic)",
    _I,
)
MAILBOX = re.compile(r"[<\[(（]?(?:mailto:)?[\w.+%'=&/-]{1,80}(?:@|\s\[?at\]?\s)[\w.-]{1,120}[>\])）]?", _I)
# A date with its year, its time, or in figures: nobody drops it into a sentence without meaning a moment.
EXACT_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[:.h]\d{2}|\b(?:19|20)\d\d(?!\d)|\d{1,2}月\d{1,2}日|\d{1,2}\s?[時时點点]\s?\d{2}",
    _I,
)
# A mailbox in brackets.
BRACKETED = re.compile(r"[<\[(]{1,2}(?:mailto:)?\s?[^\s<>()\[\]]{1,120}@\s?[^\s<>()\[\]]{1,120}", _I)
# `Dana Fox wrote:` and nothing more.
NAME_WROTE = re.compile(
    r"^\W{0,4}(?!(?:he|she|i|you|they|we|it|as|what|who|and|er|sie|ich|il|elle|je|vous|él|ella|ele|ela|lui|lei)\b)[^\W\d_][^,.:;!?\d]{1,50}\s?[:：]?\s*$",
    _I,
)
# A date, then a mailbox at the end, and no verb at all (old Gmail, Gmail in Russian, Japanese …).
BARE = re.compile(
    r"(?:<|&lt;|\[mailto:|\()\s?[^<>\s]{1,120}@[^<>\s]{1,120}(?:>|&gt;|\]|\))(?:\s*(?:于|の|님).{0,40})?\s*[:：]?\s*$",
    _I,
)
# A reply and the attribution on one line, as some mobile clients send it.
SHARED_LINE = re.compile(
    r"^(.{1,300}?\S)\s+(On\s(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|\d{1,2}[-/. ]|\d{4}[-/.]).{8,250}\bwrote\s?:)\s*$",
    _I,
)

# ---- names of headers
_NAMES = {
    "from": "from|von|de|da|van|från|fra|fr[åa]n|от|от кого|od|lähettäjä|kimden|gönderen|expéditeur|absender|remitente|remetente|mittente|afzender|feladó|nadawca|odesílatel|"
    "发件人|發件人|寄件者|寄件人|寄信人|发信人|发送人|送信者|差出人|보낸 ?사람|보낸사람|från|ถึง|من|מאת|expeditor|ngừơi gửi|từ|dari|发自",
    "date": "sent|date|sent on|sent at|datum|gesendet|gesendet am|envoyé|envoyé le|date d'envoi|enviado|enviado el|enviado em|enviada em|enviada|enviado a|fecha|data|inviato|inviato il|"
    "verzonden|verstuurd|skickat|sendt|dato|lähetetty|päiväys|päivämäärä|отправлено|дата|wysłano|wysłane|data wysłania|odesláno|dne|elküldve|dátum|gönderildi|gönderme tarihi|tarih|"
    "发送时间|发送日期|發送時間|发件时间|寄件日期|寄件時間|傳送時間|傳送日期|日期|时间|時間|送信日時|日時|送信日|보낸 ?날짜|날짜|보낸 시간|trimis|ngày|tanggal",
    "to": "to|an|à|a|para|per|aan|till|til|vastaanottaja|кому|do|komu|címzett|kime|alıcı|destinataire|empfänger|destinatario|destinatário|adresat|ontvanger|"
    "收件人|收件者|收信人|宛先|받는 ?사람|către|đến|kepada|至",
    "cc": "cc|bcc|kopie|copie|copie à|kopia|kopi|kopio|копия|dw|抄送|抄送人|副本|副本抄送|참조|con copia|cópia|c\\.c\\.",
    "subject": "subject|betreff|objet|asunto|assunto|oggetto|ogg|onderwerp|ämne|emne|aihe|тема|temat|předmět|tárgy|konu|主题|主題|主旨|标题|標題|件名|제목|sujet|subiect|predmet|chủ đề|subjek|re",
    "other": "reply[- ]to|importance|wichtigkeit|priority|priorität|attachments?|anlagen?|pièces? jointes?|organi[sz]ation|message-id|newsgroups|cc to|answer to|antwort an|responder a|répondre à|rispondi a|回复|附件|重要性",
}  # fmt: skip
_HEADER = re.compile(
    r"[\s>*_|•·-]{0,8}(?:"
    + "|".join(f"(?P<{key}>{names})" for key, names in _NAMES.items())
    + r")\s{0,2}[*_]{0,2}\s{0,2}[:：]\s?[*_]{0,2}(?P<rest>.*)",
    _I,
)


TIME = re.compile(r"\d{1,2}\s?[:.h時时點点]\s?\d{2}\b")
# Names of the date header that no form has, as `Date` or `日期`.
SENT = re.compile(
    r"[\s>*_|•·-]{0,8}(?:sent|gesendet|envoy[ée]|enviad[oa]s?|inviato|verzonden|verstuurd|skickat|sendt|lähetetty|отправлено|wysłan[oe]|odesláno|elküldve|gönder|"
    r"发送|發送|发件时间|寄件|傳送|送信|보낸)",
    _I,
)


def header_kind(line: str) -> tuple[str, str]:
    """Which header a line gives (`from`, `date`, `to`, `cc`, `subject`, `other`) and its value; ("", "") for none."""
    head = line[:60]
    if ":" not in head and "：" not in head:
        return "", ""
    match = _HEADER.match(line[:400])
    return (_kind(match), match["rest"].strip()) if match else ("", "")


def _kind(match: re.Match[str]) -> str:
    return next(key for key in _NAMES if match[key] is not None)


# ---- separators
_ORIGINAL = (
    r"original (?:message|e-?mail|appointment|text)|the original message|message from .{1,60}|reply message|"
    r"ursprüngliche (?:nachricht|e-?mail)|originalnachricht|original-nachricht|original ?nachricht|urspr(?:ü|ue?)ngliche nachricht|"
    r"message d['’]origine|message (?:original|initial)|mail original|courriel original|e-mail d['’]origine|"
    r"mensaje original|correo original|mensagem original|e-?mail original|messaggio (?:originale|ricevuto)|"
    r"oorspronkelijk(?:e)? bericht|antwort(?:[- ]nachricht)?|origineel bericht|originalmeddelande|ursprungligt meddelande|oprindelig (?:meddelelse|besked)|opprinnelig melding|"
    r"alkuperäinen viesti|исходное сообщение|оригинальное сообщение|исходное письмо|(?:wiadomość|treść) oryginalna|oryginalna wiadomość|"
    r"původní (?:zpráva|e-?mail)|eredeti üzenet|orijinal (?:mesaj|ileti)|mesaj original|αρχικό μήνυμα|"
    r"原始邮件|原邮件|原始郵件|原始信件|原始訊息|原文|邮件原件|回复的原邮件|回复的邮件|原件|元のメッセージ|オリジナル ?メッセージ|원본 메시지|원본 메일|original"
)
SEPARATOR = re.compile(
    r"\s{0,4}[-_=*~—–─━]{2,60}[ \xa0]{0,4}(?:" + _ORIGINAL + r")[ \xa0]{0,4}:?[ \xa0]{0,2}[-_=*~—–─━]{2,60}\s*$", _I
)
SEPARATOR_OPEN = re.compile(
    r"\s{0,4}[-_=*~—–─━]{2,60}[ \xa0]{0,4}(?:" + _ORIGINAL.removesuffix("|original") + r")\b", _I
)
FORWARD = re.compile(
    r"[\s>*]{0,6}(?:[-_=*~—–]{2,60}\s{0,4})?(?:begin forwarded message|forwarded (?:message|by|e-?mail)|"
    r"(?:anfang der )?weitergeleitete(?:n)? (?:nachricht|e-?mail)|début du message (?:réexpédié|transféré)|message transféré|message réexpédié|"
    r"inicio del mensaje reenviado|mensaje reenviado|início da mensagem (?:re)?encaminhada|mensagem encaminhada|inizio messaggio inoltrato|messaggio inoltrato|"
    r"begin doorgestuurd bericht|doorgestuurd bericht|vidarebefordrat (?:meddelande|brev)|videresendt (?:besked|melding)|välitetty viesti|"
    r"пересылаемое сообщение|перенаправленное сообщение|начало переадресованного сообщения|przekazana wiadomość|wiadomość przekazana|přeposlaná zpráva|"
    r"továbbított üzenet|iletilen (?:mesaj|ileti)|转发的?邮件(?:信息)?|轉寄(?:的)?(?:郵件|訊息)?|转发的?信息|以下是转发的邮件|転送(?:された)?メッセージ|転送メール|転送元メッセージ|전달된 메시지)"
    r"(?:\s{0,4}[:：])?(?:\s{0,4}[-_=*~—–]{2,60})?\s*$",
    _I,
)
FORWARD_SUBJECT = re.compile(
    r"\s*(?:re\s*[:：]\s*)?(?:fwd?|wg|tr|rv|enc|i|doorst|vs|vb|пересл?|转发|轉寄|转|轉|転送|fs|továbbítás|pd|전달|İlt)\s*[:：]",
    _I,
)
REPLY_ABOVE = re.compile(
    r"reply (?:above|ABOVE) this line|type your (?:reply|response) above|write (?:your reply )?above this line|"
    r"antwort(?:en)?.{0,40}(?:oberhalb|über) dieser zeile|répond(?:re|ez).{0,40}au-dessus de cette ligne|respond[ae].{0,40}(?:encima|arriba) de esta línea|"
    r"respond[ae].{0,40}acima desta linha|在此行(?:上方|以上|之上).{0,6}回复|请在(?:上方|此线之上)回复|この(?:行|線)より上に",
    _I,
)

# ---- signatures
_DEVICE = (
    r"(?:my )?(?:i ?phone|i ?pad|i ?pod(?: touch)?|blackberry|android|samsung|galaxy|htc|nokia|motorola|moto|droid|huawei|xiaomi|redmi|oppo|vivo|oneplus|pixel|sony|xperia|lg|"
    r"windows|mobile|phone|cell|handheld|smart ?phone|tablet|surface|verizon|at&t|t-mobile|yahoo|outlook|mail|gmail|aol|proton|mailbox|nine|spark|airmail|touchdown|workspace|"
    r"apple|watch|acer|asus|lenovo|zte|palm|treo|wireless|web|galaxy|nexus|honor|meizu|mi |computer|mac)"
)
MOBILE = re.compile(
    r"[\s*_(\[<—–-]{0,6}(?:"
    r"sent (?:from|via|using|by|on|with|through) (?:the |an? |our )?" + _DEVICE + r".{0,80}|"
    r"sent (?:from|via|with|using) [^\s].{0,60}(?:mail|phone|mobile|app|android|ios|device|tablet|email)(?: \S{1,40}){0,3}|"
    r"sent from (?:my|a|an) .{1,50}|from my "
    + _DEVICE
    + r".{0,30}|yahoo mail: .{1,60}|sent (?:by|via) .{0,30}(?:blackberry|mobile|app).{0,40}|sent from .{1,30} for (?:ios|android|windows|mobile|iphone|ipad).{0,40}|"
    r"get (?:the )?(?:outlook|yahoo|bluemail|boxer) ?.{0,40}(?:ios|android|mobile|<http.{0,200}|$)|get outlook for .{1,80}|"
    r"(?:this (?:e-?mail|message) was )?sent (?:from|using|via) .{0,30}(?:smartphone|mobile phone|iphone|ipad|android|blackberry).{0,40}|"
    r"envoyé (?:de|depuis|à partir d[e'’]?|avec|via|par) .{1,80}|télécharge[rz] outlook.{0,80}|obten(?:ez|ir) outlook.{0,80}|"
    r"(?:von|mit) (?:meinem|meiner|outlook|samsung\S{0,20}|dem) .{0,80}gesendet.{0,10}|gesendet (?:von|mit|über|via|vom) .{1,80}|diese nachricht wurde von .{1,60}gesendet.{0,5}|holen sie sich outlook.{0,60}|laden sie outlook.{0,60}|"
    r"enviado (?:desde|do|de|da|a partir d[eo]|mediante|con|através|via|pelo|por) .{1,80}|enviada? d[oae] .{1,60}|obtener outlook.{0,60}|obt(?:enha|er) o outlook.{0,60}|"
    r"inviato (?:da|dal|dall['’]app|con|tramite) .{1,80}|ottieni outlook.{0,60}|scarica outlook.{0,60}|"
    r"(?:verstuurd|verzonden) (?:vanaf|via|met|van|vanuit|door) .{1,80}|outlook voor .{1,20} downloaden.{0,60}|download outlook.{0,60}|"
    r"skicka(?:t|des) från .{1,80}|sendt fra .{1,80}|lähetetty .{0,40}(?:iphone|ipad|android|puhelimesta|laitteesta).{0,40}|hämta outlook.{0,60}|hent outlook.{0,60}|"
    r"отправлено (?:с|из|от|через) .{1,80}|wysłane? (?:z|ze|za pomocą) .{1,80}|odesláno z .{1,60}|надіслано з .{1,60}|enviat des del? .{1,60}|(?:poslané|odoslané) z .{1,60}|elküldve .{1,60}-(?:ról|ből|emről).{0,10}|"
    r".{0,30}(?:iphone|ipad|telefon|android)(?:['’]?(?:umdan|imdan|dan|den|mdan))? gönderildi|trimis de pe .{1,60}|"
    r"签名由.{1,30}定制|(?:发自|發自|发送自|傳送自|来自|來自|从|從|寄自|由)(?:我的|於|于)?\s?.{1,40}(?:发送|傳送|寄出|手机|手機)?|.{0,20}从我的.{1,30}发送|獲取適用於.{0,60}|获取适用于.{0,60}|取得 ?outlook.{0,60}|下载适用于.{0,60}|"
    r".{1,40}から送信(?:されました)?|outlook for .{1,20}を(?:入手|取得).{0,60}|나의 .{1,40}에서 보냄|.{1,40}에서 보냄"
    r")[\s*_.)\]>!—–-]{0,6}$",
    _I,
)
EXCUSE = re.compile(r"excuse|typo|brevity|search, organize|tippfehler|kürze", _I)
# Chinese and Japanese words for "from" are short: the rest of such a line has to name a device or an app.
CJK_DEVICE = re.compile(
    r"iphone|ipad|android|安卓|手机|手機|小米|华为|華為|三星|vivo|oppo|荣耀|魅族|锤子|一加|红米|redmi|xiaomi|huawei|honor|samsung|galaxy|nokia|诺基亚|"
    r"邮箱|郵箱|信箱|mail|outlook|foxmail|网易|網易|钉钉|飞书|企业微信|客户端|平板|windows|yahoo|スマート|携帯|ios|ipod|wps|blackberry|黑莓|htc|sony|メール",
    _I,
)
SIGNATURE_SURE = re.compile(r"\s{0,2}-- $|\s{0,2}--\xa0$")
SIGNATURE_LIKELY = re.compile(r"(?:-{2,3}|_{2,80}|—{1,20}|–{1,20}|={5,60}|\*{3,40}|-{20,80}|-- {2,4})$")
SENTENCE = re.compile(r"(?:\S+\s+){4}.{0,80}[.!?]$|.{0,60}[^\x00-\xff]{6}[。！？]$")
RULE_LINE = re.compile(r"\s{0,4}[-_=*~—–─━]{3,200}\s*$")
