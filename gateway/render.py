"""Put values into a configuration template, as the nginx image does with envsubst."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_HTTP2_DIRECTIVE = (1, 25, 1)
"""The first nginx that wants `http2 on;` and warns of `listen … http2`."""


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


def tls_values(configuration: str | None, version: tuple[int, ...]) -> dict[str, str]:
    """What the templates want for TLS and HTTP/2, as this version of nginx understands it.

    `configuration` is the path of the rendered tls.conf.template; None: plain HTTP.
    """
    if configuration is None:
        return {"TLS_DIRECTIVE": "", "LISTEN_MODE": "", "HTTP2_DIRECTIVE": ""}
    include = {"TLS_DIRECTIVE": f'include "{configuration}";'}
    if version < _HTTP2_DIRECTIVE:
        return {**include, "LISTEN_MODE": "ssl http2", "HTTP2_DIRECTIVE": ""}
    return {**include, "LISTEN_MODE": "ssl", "HTTP2_DIRECTIVE": "http2 on;"}
