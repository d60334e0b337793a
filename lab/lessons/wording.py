"""Times and short Markdown as people read them."""

import re
from html import escape

from lab.env import Micros

BOLD = re.compile(r"\*\*(.+?)\*\*")
EMPHASIS = re.compile(r"(?<![\w*`])\*([^\s*`](?:[^*`]*[^\s*`])?)\*(?![\w*`])")
CODE = re.compile(r"`([^`]+)`")


def clock(time: Micros) -> str:
    """`00:42.180`: minutes, seconds, milliseconds; hours when there are any."""
    total_ms = time // 1000
    minutes, rest_ms = divmod(total_ms, 60_000)
    text = f"{minutes % 60:02}:{rest_ms // 1000:02}.{rest_ms % 1000:03}"
    return f"{minutes // 60}:{text}" if minutes >= 60 else text


def rich(text: str) -> str:
    """A sentence with **bold**, *emphasis* and `code` as the HTML a label understands; everything else is literal."""
    html = EMPHASIS.sub(r"<i>\1</i>", BOLD.sub(r"<b>\1</b>", escape(text, quote=False)))
    html = CODE.sub(r"<code>\1</code>", html)
    return html.replace("\n", "<br>")


def plain(text: str) -> str:
    """The same sentence without its marks, for screen readers and titles."""
    return CODE.sub(r"\1", EMPHASIS.sub(r"\1", BOLD.sub(r"\1", text)))
