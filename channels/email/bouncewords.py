"""The words of delivery reports that follow no standard: how each server says that a mail did not arrive."""

from __future__ import annotations

import re

# Who sends reports.
DAEMON = re.compile(
    r"(?:mailer[-_.]?daemon|postmaster|mail[-_.]?daemon|mdaemon|maildelivery|mail\.delivery|microsoftexchange|no-?reply-?bounce|bounces?|"
    r"mailadmin|mail-?system|autobounce|ndr|delivery)(?:[-+_.@\d\\]|$)",
    re.IGNORECASE,
)
DAEMON_NAME = re.compile(
    r"mail delivery|mailer[- ]?daemon|postmaster|mail system|delivery (?:subsystem|system)|system administrator|"
    r"microsoft outlook|internet mail|systemadministrator|zustell|remise|correo|系统管理员|退信|邮件系统|メール配信",
    re.IGNORECASE,
)
SUBJECT = re.compile(
    r"undeliver|delivery (?:status notification|warning|failure|failed|report|has failed|problem|error|notification)|failure notice|"
    r"returned mail|mail delivery (?:failed|failure|error|problem)|mail system error|returned to sender|non[- ]?delivery|"
    r"could not be delivered|not delivered|delivery delayed|message delayed|mail failure|nondeliverable|warning: (?:message|could not)|"
    r"delayed mail|message status|unable to deliver|delivery incomplete|address not found|message not sent|rejected|"
    r"unzustellbar|nicht zustellbar|zustellung|rückläufer|nicht zugestellt|non remis|non distribu|échec de (?:la )?(?:remise|distribution)|"
    r"avis de non|no se (?:puede|pudo|ha podido) entregar|no entregado|notificación de error|devuelto|falha na entrega|não (?:foi )?entreg|"
    r"não é possível entregar|impossibile recapitare|non recapitabile|mancato recapito|mancata consegna|recapito non riuscito|"
    r"onbestelbaar|niet bezorgd|kan niet worden bezorgd|niedostarczon|nie dostarczono|не доставлено|недоставленн|не удалось доставить|"
    r"olevererbar|退信|未送达|无法送达|無法傳遞|无法投递|投递失败|投遞失敗|传递失败|傳遞失敗|发送失败|未能投递|未传递|未傳遞|系统退信|"
    r"配信不能|配信エラー|送信できません|未配信|届きませんでした|반송",
    re.IGNORECASE,
)
# Receipts of mail that a filter of the recipient sent back.
REFUSED = re.compile(r"automatically rejected|rejected mail|automatisch abgelehnt", re.IGNORECASE)
# Senders that write reports and next to nothing else.
STRICT = re.compile(r"(?:mailer[-_.]?daemon|postmaster)(?:[-+_.@\d\\]|$)", re.IGNORECASE)
SUCCESS = re.compile(
    r"success|\brelayed\b|has been delivered|was delivered|erfolgreich|remise r[ée]ussie|entregado", re.IGNORECASE
)
ANSWER = re.compile(r"\s*(?:re|aw|sv|antw|fwd?|wg|tr|rv|回复|答复|转发|返信)\s*[:：]", re.IGNORECASE)
# What a mail server says of addresses and nobody says of parcels.
SURE = re.compile(
    r"failed recipients?\b|following (?:users?|recipients?|e-?mail address(?:es)?|address\(es\)|mailbox(?:es)?)\b|rcpt to:|"
    r"non-?delivery report|smtp error|final delivery userid|(?:remote|mail) (?:host|server) said|folgenden? empfänger|"
    r"destinataires? suivants?|siguientes? destinatarios?|seguintes? destinatários?|seguenti destinatari|收件人.{0,20}(?:不存在|无法|失败)",
    re.IGNORECASE,
)
# Sentences that stand right before the failed address, or say that delivery failed.
BODY = re.compile(
    r"this is the (?:qmail|mail (?:system|delivery))|this is (?:an automatically generated delivery|the .{0,40}program)|"
    r"wasn'?t able to deliver|(?:could|can) ?not be delivered|couldn'?t be delivered|wasn'?t delivered|was not delivered|not deliverable|"
    r"unable to deliver|undeliverable|failed permanently|delivery (?:to .{0,120} )?(?:has )?failed|delivery has been delayed|has been postponed|has been delayed|"
    r"permanent (?:fatal )?errors?|fatal errors|address(?:es)?(?:\(es\))? failed|did not reach|cannot be reached|has not yet been delivered|"
    r"not yet been delivered|was undeliverable|had permanent|had transient|transcript of session|user unknown|unknown user|no such user|"
    r"does(?: not|n'?t) exist|mailbox (?:is )?(?:full|unavailable|not found)|not listed in (?:domino|the)|over ?quota|failed recipient|"
    r"rejected (?:your|by)|message (?:was )?(?:rejected|blocked)|returned to (?:you|sender)|delivery error|is still being tried|"
    r"fehler bei der nachrichtenzustellung|nicht zugestellt|konnte nicht|nicht erreicht|unzustellbar|échec de la remise|n'a pas pu être|"
    r"not a (?:valid|known) (?:user|recipient|address)|final delivery userid|no mailbox here|exceeds? allowed size|delivery problems|no valid recipients|"
    r"not delivered to the following|(?:not been|not) delivered|not able to deliver|could not deliver|full mailbox|mailbox is full|"
    r"automatically rejected|requested action not taken|"
    r"n'a pas été (?:remis|distribu)|error de entrega|no se (?:ha podido|pudo|puede) entregar|no se entreg|no ha podido|falha na entrega|"
    r"não (?:foi|pôde|pode) (?:ser )?entreg|recapito non riuscito|non è stato (?:possibile )?(?:recapit|consegn)|impossibile (?:recapit|consegn)|"
    r"bezorgen van het bericht|kon niet worden (?:bezorgd|afgeleverd)|niet (?:worden )?bezorgd|nie (?:może|mogła|została)|не (?:может|была|удалось)|"
    r"退回|退信|未能(?:传递|投递|送达|发送|成功)|无法(?:传递|投递|送达|发送|将)|無法(?:傳遞|投遞|送達|傳送)|投递失败|投遞失敗|不存在|拒收|"
    r"配信に失敗|配信できません|送信できません|届けられません|届きませんでした|見つかりません",
    re.IGNORECASE,
)
SOFT = re.compile(
    r"delayed|still being tried|will (?:be retried|continue|keep trying|try again)|not yet been delivered|do not need to resend|transient|"
    r"temporar|try(?:ing)? again later|(?:mailbox|mail box|inbox|account|postfach|quota|disk).{0,30}(?:full|exceed|over|voll)|over ?quota|quota|"
    r"insufficient (?:system )?(?:storage|disk)|out of (?:disk )?space|timed? ?out|greylist|too many (?:connections|messages)|rate limit|"
    r"connection (?:refused|timed out|reset)|verzögert|vorübergehend|temporaire|retard|boîte .{0,20}pleine|temporal|retras|lleno|llena|cheia|"
    r"temporane|piena|tijdelijk|vertraagd|vol\b|邮箱(?:已|空间)?.{0,6}满|信箱.{0,4}滿|容量|超过.{0,6}限制|延迟|延遲|稍后|暂时|重试|遅延|容量|一時的",
    re.IGNORECASE,
)
# Servers say with any code that a mailbox is full: it can be emptied.
FULL = re.compile(
    r"(?:mail ?box|inbox|account|postfach|maildir|user|recipient)\b.{0,40}(?:\bfull\b|over ?quota|exceed(?:s|ed|ing)? (?:its |the |his |their |allowed |my )?"
    r"(?:\w+ ){0,2}(?:quota|disk space|storage|space|size))|mail ?box ?full|full mail ?box|(?:quota|storage|disk space).{0,20}(?:exceeded|violation|is full)|"
    r"(?:over|exceeded) (?:its |the |their )?(?:disk )?quota|over(?: disk)?[ -]?quota|zu ?viele mails|postfach.{0,20}voll|boîte.{0,20}pleine|"
    r"(?:buzón|caixa|casella).{0,25}(?:llen|chei|pien)|邮箱.{0,6}满|信箱.{0,6}[满滿]|(?:空间|容量).{0,4}(?:不足|已满|超)|メールボックス.{0,10}(?:いっぱい|容量)",
    re.IGNORECASE,
)
HARD = re.compile(
    r"user unknown|unknown user|no such (?:user|recipient|mailbox|address|person)|(?:does|do)(?: not|n'?t) exist|unknown (?:recipient|address|mailbox)|"
    r"recipient (?:address )?(?:rejected|unknown|not found)|not listed in|invalid (?:recipient|mailbox|address)|host (?:or domain name )?not found|"
    r"domain not found|no mailbox here|mailbox (?:not found|unavailable)|permanent(?:ly)?|couldn'?t be found|wasn'?t found|disabled|given up|"
    r"unbekannt|existiert nicht|nicht gefunden|inconnu|n'existe pas|introuvable|desconocid|no existe|não existe|desconhecid|inesistente|"
    r"sconosciut|non esiste|bestaat niet|onbekend|не существует|不存在|未知(?:用户|的)|无此|找不到|存在しません|見つかりません",
    re.IGNORECASE,
)
STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
CODE = re.compile(
    r"(?<![\d.:/-])([45]\d\d)(?:[ -]|$)(?![\d.]*\s*(?:seconds|bytes|kb|mb|days|hours))", re.IGNORECASE | re.MULTILINE
)
ADDRESS = re.compile(r"(?<![\w.+-])[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
