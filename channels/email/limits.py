"""How much of one mail is read before the reader stops: every number in one place, counted and never timed.

The reader collects `Problems` as it goes. What starts with `unparsed:` tells that something was left unread, so
that the desk attaches the raw mail; the other sentences are for whoever wonders why a mail looks odd.
"""

from __future__ import annotations

from dataclasses import dataclass, field

KIB = 1024
MIB = 1024 * KIB

MAX_MESSAGE = 64 * MIB
MAX_DEPTH = 50  # parts within parts
MAX_PARTS = 500
MAX_HEADER_LINE = 64 * KIB  # one header, folded lines together
MAX_HEADERS = 1000  # of one part
MAX_HEADER_BLOCK = MIB  # of one part
MAX_ADDRESSES = 2000  # of one header
MAX_REFERENCES = 200
MAX_DECODED = 96 * MIB  # all attachments together
MAX_TEXT = MIB  # characters of plain text kept in the message itself
MAX_HTML = MIB  # characters given to the sanitiser
MAX_HTML_DEPTH = 500
MAX_HTML_ATTRIBUTES = 500  # of one element
MAX_HTML_REFERENCES = 100_000  # such as &amp; or a bare &, each of which costs what stands before it
MAX_HTML_WORK = 1_000_000  # elements that a sanitiser may have to build, mostly by repeating unclosed ones
MAX_NAME = 200  # characters of an attachment's name
MAX_PROBLEMS = 50


@dataclass(slots=True)
class Problems:
    """Sentences about one mail, each once, at most MAX_PROBLEMS of them."""

    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Note something odd that was put right, or that could be ignored."""
        if sentence not in self.sentences and len(self.sentences) < MAX_PROBLEMS:
            self.sentences.append(sentence)

    def unparsed(self, what: str) -> None:
        """Note something that was left unread."""
        self.add(f"unparsed: {what}")
