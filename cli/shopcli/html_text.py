"""HTML descriptions as plain text: paragraphs, lines and list items survive, markup does not."""

import re
from html.parser import HTMLParser

_BLOCKS = re.compile(
    "address|article|aside|blockquote|dd|div|dl|dt|figure|footer|form|h[1-6r]|header"
    "|main|nav|ol|p|pre|section|table|tr|ul"
)
_LINES = frozenset({"br", "li", "tr", "dt", "dd"})
_UNSEEN = frozenset({"script", "style", "template", "title"})
_MARKUP = re.compile(r"<[a-zA-Z/!]|&(#\d+|#x[0-9a-fA-F]+|[a-zA-Z]\w*);")


class _TextParser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in _UNSEEN:
            self._hidden += 1
        self._break(tag)
        if tag == "li":
            self.parts.append("- ")

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag not in _LINES:
            self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        if tag in _LINES:
            self.parts.append("\n")
        elif _BLOCKS.fullmatch(tag):
            self.parts.append("\n\n")


def plain_text(source: str) -> str:
    """Text without markup stays as it is, but for white space around its lines."""
    if not _MARKUP.search(source):
        return _tidy(source)
    parser = _TextParser()
    parser.feed(source)
    parser.close()
    return _tidy("".join(parser.parts))


def _tidy(text: str) -> str:
    lines = (line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
