"""Words for full-text search, made here so that both databases index and find the same ones.

Folded words are ASCII letters and digits or other letters and digits; nothing in them means
anything to FTS5 or tsquery, so no input can.
"""

import re
import unicodedata
from collections.abc import Iterable

FIELDS = ("name", "sku", "attributes", "description")
"""The searched fields, best first."""
MAX_WORDS = 16
_MAX_WORD = 40
_MARK = "_"  # in no word
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
    found = [words(name), _sku_words(sku), _attribute_words(attributes)]
    found.append(words(_TAG.sub(" ", description)))
    return [" ".join(field) for field in found]


def _sku_words(sku: str) -> list[str]:
    found = words(sku)
    if len(found) > 1:
        found.append("".join(found)[:_MAX_WORD])  # AB-12 is found as ab12 too
    return found


def _attribute_words(attributes: dict[str, object]) -> list[str]:
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
    marked = [" ".join(_MARK + word for word in field.split()) for field in fields[:-1]]
    return [*marked, " ".join(fields)]


def fts5(found: list[str], endings: list[str] | None = None) -> str:
    """The FTS5 expression for all words anywhere; the last may be the beginning of one.

    `endings` are the words that begin with the last one, where they are known: FTS5 walks through
    those, but copies all it knows of a prefix before it finds the first product.
    """
    last = _either(endings) if endings else f'"{found[-1]}" *'
    return " AND ".join([*(f'"{word}"' for word in found[:-1]), last])


def _either(phrases: Iterable[str]) -> str:
    quoted = [f'"{phrase}"' for phrase in phrases]
    return f"({' OR '.join(quoted)})"


def _phrase(found: list[str], endings: list[str] | None) -> str:
    if not endings:
        return f'"{" ".join(found)}" *'
    return _either(" ".join([*found[:-1], ending]) for ending in endings)


def tsquery(found: list[str], weights: str = "ABCD") -> str:
    """`fts5` as a tsquery; weights are the fields' initials of rank."""
    each = [*(f"'{word}':{weights}" for word in found[:-1]), f"'{found[-1]}':*{weights}"]
    return " & ".join(each)


def fts5_tiers(found: list[str], endings: list[str] | None = None) -> list[str]:
    """One expression per tier of relevance, best first; each finds what those before it find.

    The tiers: the words as a phrase in the name; all in the name; all in name and SKU; all in
    those and the attributes; all anywhere.
    """
    marked = [_MARK + word for word in found]
    marked_endings = endings and [_MARK + word for word in endings]
    every = fts5(marked, marked_endings)
    tiers = [f"name : ({every})", f"{{name sku}} : ({every})", every, fts5(found, endings)]
    return [f"name : {_phrase(marked, marked_endings)}", *tiers] if len(found) > 1 else tiers


def tsquery_tiers(found: list[str]) -> list[str]:
    """`fts5_tiers` as tsqueries."""
    tiers = [tsquery(found, "ABCD"[:count]) for count in range(1, len(FIELDS) + 1)]
    return [tiers[0].replace(" & ", " <-> "), *tiers] if len(found) > 1 else tiers


def tier_of(
    found: list[str], *, name: str, sku: str, attributes: dict[str, object], last: int
) -> int:
    """The number of the first of `fts5_tiers` that finds a product; `last` when no other does."""
    fields = (words(name), _sku_words(sku), _attribute_words(attributes))
    seen: list[str] = []
    for tier, field in enumerate(fields, start=last - len(fields)):
        seen += field
        if _has_all(seen, found):
            return 0 if field is fields[0] and _has_phrase(field, found) else tier
    return last


def _has_phrase(field: list[str], found: list[str]) -> bool:
    *before, last = found
    return any(
        field[at : at + len(before)] == before and field[at + len(before)].startswith(last)
        for at in range(len(field) - len(before))
    )


def _has_all(field: list[str], found: list[str]) -> bool:
    *before, last = found
    return all(map(field.__contains__, before)) and any(word.startswith(last) for word in field)
