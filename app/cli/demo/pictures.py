"""The files of the demo: the display of an appliance as a picture, letters and invoices as PDF, lists as CSV. Made, not kept."""

from __future__ import annotations

import struct
import zlib

Color = tuple[int, int, int]
Rows = list[list[Color]]
WIDTH, HEIGHT = 360, 200
PANEL, OFF, LIT, FRAME = (24, 28, 34), (38, 44, 52), (255, 96, 64), (196, 200, 206)
#: Which of the seven bars of a digit are lit: top, upper left, upper right, middle, lower left, lower right, bottom.
BARS = {
    "0": "1110111", "1": "0010010", "2": "1011101", "3": "1011011", "4": "0111010", "5": "1101011", "6": "1101111",
    "7": "1010010", "8": "1111111", "9": "1111011", "E": "1101101", "F": "1101100", "A": "1111110", "H": "0111110",
}  # fmt: skip
TEXTS = {
    "meters.csv": "flat,meter,reading,unit\n2-1,HW-4471,01894,m3\n2-2,HW-4472,00731,m3\n3-1,HW-4475,02210,m3\n",
    "units.csv": "unit,place,filter,last service\nAHU-01,roof north,F7,2026-08-12\nAHU-02,roof north,F7,2026-08-12\nAHU-03,basement,F9,2026-05-03\n",
    "门禁卡名单.csv": "姓名,部门,卡号\n孙丽,行政部,0018824\n钱进,研发部,0018831\n何佳,财务部,0018835\n",
    "开票信息.txt": "名称：晨星科技有限公司（示例）\n税号：91000000EXAMPLE01\n项目：中央空调保养\n金额：￥3,600.00\n",
}  # fmt: skip


def content(name: str) -> bytes:
    """Return a file: `display-E4.png` shows E4, a PDF says what its name says, others are in TEXTS. Raises KeyError."""
    stem, _, kind = name.rpartition(".")
    if kind == "png":
        return _display(stem.rpartition("-")[2])
    if kind == "pdf":
        return _letter(stem)
    return TEXTS[name].encode()


def media_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return {"png": "image/png", "pdf": "application/pdf", "csv": "text/csv"}.get(name.rpartition(".")[2], "text/plain")


def _display(shown: str) -> bytes:
    """Draw the display of an appliance with these characters on it."""
    rows = [[FRAME] * WIDTH for _ in range(HEIGHT)]
    _fill(rows, (12, 12, WIDTH - 12, HEIGHT - 12), PANEL)
    step = min(110, (WIDTH - 60) // len(shown))
    left = (WIDTH - step * len(shown)) // 2
    for place, character in enumerate(shown):
        _draw(rows, left + place * step, BARS[character])
    return _png(rows)


def _draw(rows: Rows, x: int, bars: str) -> None:
    places = (
        (x + 18, 36, x + 68, 48), (x + 8, 44, x + 20, 96), (x + 66, 44, x + 78, 96), (x + 18, 94, x + 68, 106),
        (x + 8, 104, x + 20, 156), (x + 66, 104, x + 78, 156), (x + 18, 152, x + 68, 164),
    )  # fmt: skip
    for place, lit in zip(places, bars, strict=True):
        _fill(rows, place, LIT if lit == "1" else OFF)


def _fill(rows: Rows, place: tuple[int, int, int, int], color: Color) -> None:
    left, top, right, bottom = place
    for y in range(top, bottom):
        rows[y][left:right] = [color] * (right - left)


def _png(rows: Rows) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    raw = b"".join(b"\0" + bytes(part for pixel in row for part in pixel) for row in rows)
    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def _letter(title: str) -> bytes:
    """Return a page that says its title; PDF names bytes by their place, so it is put together by hand."""
    said = f"BT /F1 18 Tf 60 760 Td ({title.replace('-', ' ')}) Tj ET".encode("latin-1", "replace")
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(said), said),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    made, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"xref\n0 6\n0000000000 65535 f \n%strailer\n<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(made),
    )
