"""Bring the shared parts of several OpenAPI documents under one roof."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

Document = dict[str, Any]
Name = tuple[str, str]
"""Section and name, as in `#/components/<section>/<name>`."""
_PREFIX = "#/components/"


class MergeError(ValueError):
    """The documents do not go together; the text says why."""


def merge_components(documents: Mapping[str, Document]) -> tuple[dict[str, Document], Document]:
    """The documents with their references renamed, and the components of all of them.

    What has one name in several documents stays one if it is the same in all, with everything it
    refers to; else every service's own gets the service's name in front. Security schemes are
    left out. Raises MergeError when such a name is taken.
    """
    clashes = _clashing(documents)
    components: dict[str, dict[str, Any]] = defaultdict(dict)
    renamed = {}
    for service, document in documents.items():
        names = {name: _own(service, name) for name in _parts(document) if name in clashes}
        renamed[service] = _rename(document, names)
        for (section, name), part in _parts(document).items():
            _, new = names.get((section, name), (section, name))
            renamed_part = _rename(part, names)
            if components[section].setdefault(new, renamed_part) != renamed_part:
                raise MergeError(f"{section} has two that would be named {new}")
    return renamed, {
        section: dict(sorted(components[section].items())) for section in sorted(components)
    }


def references(node: Any) -> Iterator[Name]:
    if isinstance(node, dict):
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)
    elif isinstance(node, str) and (name := _target(node)):
        yield name


def _parts(document: Document) -> dict[Name, Any]:
    return {
        (section, name): part
        for section, parts in document.get("components", {}).items()
        if section != "securitySchemes"
        for name, part in parts.items()
    }


def _clashing(documents: Mapping[str, Document]) -> set[Name]:
    found: dict[Name, list[Any]] = defaultdict(list)
    for document in documents.values():
        for name, part in _parts(document).items():
            found[name].append(part)
    clashes = {name for name, parts in found.items() if any(part != parts[0] for part in parts)}
    while True:
        more = {
            name
            for name, parts in found.items()
            if len(parts) > 1 and name not in clashes and clashes & set(references(parts[0]))
        }
        if not more:
            return clashes
        clashes |= more


def _own(service: str, name: Name) -> Name:
    section, plain = name
    return section, f"{service.capitalize()}{plain[:1].upper()}{plain[1:]}"


def _target(text: str) -> Name | None:
    section, slash, name = text.removeprefix(_PREFIX).partition("/")
    return (section, name) if text.startswith(_PREFIX) and slash else None


def _rename(node: Any, names: Mapping[Name, Name]) -> Any:
    if isinstance(node, dict):
        return {key: _rename(value, names) for key, value in node.items()}
    if isinstance(node, list):
        return [_rename(value, names) for value in node]
    if isinstance(node, str) and (name := _target(node)) and name in names:
        return _PREFIX + "/".join(names[name])
    return node
