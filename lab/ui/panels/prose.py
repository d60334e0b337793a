"""Markdown of a lesson as HTML for a label: body grey, bold bright, lines 1.45 apart."""

from PySide6.QtGui import (
    QFont,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFragment,
)

from lab.ui.theme import Theme

LINE_HEIGHT_PERCENT = 145
BOLD_FROM = 600


def prose_html(markdown: str, font: QFont, theme: Theme) -> str:
    """`markdown` as HTML in `font` and the theme's colours. Raw HTML and pictures in it are not followed."""
    document = QTextDocument()
    document.setDefaultFont(font)
    features = QTextDocument.MarkdownFeature
    document.setMarkdown(markdown.replace("![", "["), features.MarkdownDialectGitHub | features.MarkdownNoHTML)
    block = document.begin()
    while block.isValid():
        _space_out(block, first=block.blockNumber() == 0)
        for fragment in _fragments(block):
            _brighten(document, fragment, theme)
        block = block.next()
    return document.toHtml()


def _space_out(block: QTextBlock, *, first: bool) -> None:
    spacing = QTextBlockFormat()
    spacing.setLineHeight(LINE_HEIGHT_PERCENT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
    spacing.setTopMargin(0 if first else 4)
    spacing.setBottomMargin(5)
    QTextCursor(block).mergeBlockFormat(spacing)


def _fragments(block: QTextBlock) -> list[QTextFragment]:
    found: list[QTextFragment] = []
    walk = block.begin()
    while not walk.atEnd():
        found.append(walk.fragment())
        walk += 1
    return found


def _brighten(document: QTextDocument, fragment: QTextFragment, theme: Theme) -> None:
    shade = QTextCharFormat()
    bright = fragment.charFormat().fontWeight() >= BOLD_FROM or fragment.charFormat().fontFixedPitch()
    shade.setForeground(theme.text.t1 if bright else theme.text.t2)
    cursor = QTextCursor(document)
    cursor.setPosition(fragment.position())
    cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
    cursor.mergeCharFormat(shade)
