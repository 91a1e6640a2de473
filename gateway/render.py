"""Put values into a configuration template, as the nginx image does with envsubst."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")


class MissingVariable(LookupError):
    """The template names variables that have no value."""


def render(template_text: str, values: Mapping[str, str]) -> str:
    """Put values in for `${NAME}`; nginx's own `$name` stay as they are.

    Raises MissingVariable, naming all that have no value.
    """
    missing = {name for name in _VARIABLE.findall(template_text) if name not in values}
    if missing:
        raise MissingVariable(", ".join(sorted(missing)))
    return _VARIABLE.sub(lambda match: values[match[1]], template_text)
