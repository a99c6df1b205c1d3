"""What other people's sites load of us stays small."""

from __future__ import annotations

import gzip

from tools import assets

MOST = 30_000


def test_the_chat_widget_is_one_small_script(capsys):
    assets.build()
    script = (assets.DIST / assets.manifest()["widget.js"]).read_bytes()
    size = len(gzip.compress(script, 9))
    with capsys.disabled():
        print(f"\nchat widget: {size} bytes compressed")
    assert size <= MOST
    assert b"eval(" not in script
    assert b"innerHTML" not in script
