"""Words for full-text search, made here so that both databases index and find the same ones.

Folded words are ASCII letters and digits or other letters and digits; nothing in them means
anything to FTS5 or tsquery, so no input can.
"""

import re
import unicodedata

FIELDS = ("name", "sku", "attributes", "description")
"""The searched fields, best first."""
MAX_WORDS = 16
LAST_CHARACTER = "\U0010ffff"
"""Comes after all that words are made of."""
_MAX_WORD = 40
MARK = "_"
"""Before words of name, SKU and attributes in FTS5; in no word."""
_LAST_POSITION = 16_383  # of a tsvector
_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"<[^<>]*>")
_NO_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "þ": "th", "æ": "ae", "œ": "oe"}
)


def fold(text: str) -> str:
    """Without case, accents and compatibility forms: `Crème ﬁn` and `CREME FIN` become one."""
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFKD", text).casefold()
    plain = unicodedata.normalize("NFKD", apart).translate(_NO_DECOMPOSITION)
    return "".join(char for char in plain if unicodedata.category(char)[0] != "M")


def words(text: str) -> list[str]:
    return [word[:_MAX_WORD] for word in _WORD.findall(fold(text))]


def query_words(text: str) -> list[str]:
    """The words of a search, each once; what is beyond MAX_WORDS does not count."""
    return list(dict.fromkeys(words(text)))[:MAX_WORDS]


def document(*, name: str, sku: str, attributes: dict[str, object], description: str) -> list[str]:
    """The folded text of each of FIELDS."""
    found = [words(name), sku_words(sku), attribute_words(attributes)]
    found.append(words(without_tags(description)))
    return [" ".join(field) for field in found]


def without_tags(html: str) -> str:
    return _TAG.sub(" ", html)


def sku_words(sku: str) -> list[str]:
    found = words(sku)
    if len(found) > 1:
        found.append("".join(found)[:_MAX_WORD])  # AB-12 is found as ab12 too
    return found


def attribute_words(attributes: dict[str, object]) -> list[str]:
    texts: list[str] = []
    for key, value in attributes.items():
        if isinstance(value, bool):
            texts += [key] if value else []
        else:
            texts += map(str, value) if isinstance(value, list) else [str(value)]
    return words(" ".join(texts))


def tsvector(fields: list[str]) -> str:
    """The folded fields as the text form of a tsvector with the weights A to D."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, field in zip("ABCD", fields, strict=True):
        for word in field.split():
            position = min(position + 1, _LAST_POSITION)
            places.setdefault(word, []).append(f"{position}{weight}")
        position = min(position + 10, _LAST_POSITION)  # no phrase spans two fields
    return " ".join(f"'{word}':{','.join(at[:255])}" for word, at in places.items())


def fts5_document(fields: list[str]) -> list[str]:
    """What FTS5 has in its columns of the folded fields: the last has the words of all.

    FTS5 goes through all that has a word in any column, even when asked for one of them. Where
    only few columns count, words are others: marked.
    """
    marked = [" ".join(MARK + word for word in field.split()) for field in fields[:-1]]
    return [*marked, " ".join(fields)]
