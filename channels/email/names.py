"""Names of attached files: what a person may see and a disk may keep, whatever the sender wrote."""

from __future__ import annotations

import re
import unicodedata

from channels.email.limits import MAX_NAME

# Control, format (zero-width, bidi), surrogate, private use and line separators: nothing of it belongs in a file name.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f"
    "\u205f-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e0fff]"
)
_FORBIDDEN = re.compile(r'[<>:"|?*]')
_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")

# The extension of a part that has no name; `mimetypes` is not asked, because it reads the machine's own files.
_EXTENSIONS = {
    "text/plain": "txt", "text/html": "html", "text/csv": "csv", "text/calendar": "ics", "text/vcard": "vcf",
    "text/x-vcard": "vcf", "text/xml": "xml", "text/rtf": "rtf", "text/rfc822-headers": "txt", "text/richtext": "txt",
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/pjpeg": "jpg", "image/png": "png", "image/gif": "gif",
    "image/bmp": "bmp", "image/tiff": "tif", "image/webp": "webp", "image/svg+xml": "svg", "image/heic": "heic",
    "audio/mpeg": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/amr": "amr", "audio/ogg": "ogg",
    "video/mp4": "mp4", "video/quicktime": "mov", "video/3gpp": "3gp",
    "application/pdf": "pdf", "application/zip": "zip", "application/x-zip-compressed": "zip", "application/json": "json",
    "application/xml": "xml", "application/rtf": "rtf", "application/msword": "doc", "application/vnd.ms-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt", "application/ics": "ics", "application/gzip": "gz", "application/x-gzip": "gz",
    "application/x-rar-compressed": "rar", "application/x-7z-compressed": "7z", "application/x-tar": "tar",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/pkcs7-signature": "p7s", "application/x-pkcs7-signature": "p7s", "application/pkcs7-mime": "p7m",
    "application/x-pkcs7-mime": "p7m", "application/pgp-signature": "asc", "application/pgp-keys": "asc",
    "application/ms-tnef": "dat", "application/vnd.ms-tnef": "dat", "message/rfc822": "eml", "message/global": "eml",
    "message/delivery-status": "txt", "message/disposition-notification": "txt", "message/partial": "eml",
    "message/feedback-report": "txt", "application/octet-stream": "bin",
}  # fmt: skip
# Parts that are known by what they are rather than by `attachment-1`.
_STEMS = {
    "application/pkcs7-signature": "smime", "application/x-pkcs7-signature": "smime", "application/pkcs7-mime": "smime",
    "application/x-pkcs7-mime": "smime", "application/pgp-signature": "signature", "application/pgp-keys": "key",
    "text/calendar": "invite", "message/delivery-status": "delivery-status", "message/rfc822": "message",
    "message/disposition-notification": "read-receipt", "text/rfc822-headers": "headers", "application/ms-tnef": "winmail",
    "message/global": "message", "application/vnd.ms-tnef": "winmail", "text/vcard": "contact", "text/x-vcard": "contact",
    "text/html": "message", "text/plain": "text",
}  # fmt: skip


def safe_name(name: str) -> str:
    """`name` without folders, hidden or forbidden characters, cut to MAX_NAME with its extension kept; "" when nothing stays.

    Leading dots go *after* the hidden characters: a zero-width space before `.htaccess` protects nobody otherwise.
    """
    name = unicodedata.normalize("NFC", name[: 64 * 1024])
    name = _HIDDEN.sub("", name).replace("\\", "/").rstrip("/ ").rsplit("/", 1)[-1]
    name = _FORBIDDEN.sub("_", name)
    name = " ".join(name.split()).strip(". ")
    if _DEVICE.match(name):
        name = "_" + name
    return _cut(name)


def _cut(name: str) -> str:
    if len(name) <= MAX_NAME and len(name.encode()) <= MAX_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        stem, extension = name, ""
    tail = "." + extension if extension else ""
    room = MAX_NAME - len(tail.encode())
    return stem.encode()[:room].decode("utf-8", "ignore").rstrip(". ") + tail


def name_by_type(media_type: str, *, number: int, title: str = "") -> str:
    """A name for the nameless part `number` of a mail; `title` is what it is about, such as the subject of an attached mail."""
    extension = _EXTENSIONS.get(media_type)
    if extension is None:
        subtype = media_type.partition("/")[2].removeprefix("x-").rpartition("+")[2]
        extension = subtype if subtype.isalnum() and len(subtype) <= 5 else "bin"
    stem = safe_name(title.replace("/", "-").replace("\\", "-")[:100]) or _STEMS.get(media_type)
    return f"{stem}.{extension}" if stem else f"attachment-{number}.{extension}"
