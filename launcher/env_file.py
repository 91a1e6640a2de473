"""The file .env: what a person may set beside the environment (see .env.example)."""

import difflib
import io
from collections.abc import Mapping
from pathlib import Path

from dotenv.parser import Binding, Original, parse_stream

from launcher.errors import LaunchError
from launcher.services import MAIL_SETTINGS, NAMES

OWN = (
    *("GATEWAY_HOST", "GATEWAY_PORT", "TLS_CERTIFICATE", "TLS_KEY", "CORS_ORIGINS"),
    *("DATA_DIR", "ADMIN_EMAIL", "ADMIN_PASSWORD", "RATE_LIMITS"),
    *MAIL_SETTINGS,
)
ALONE = ("GATEWAY_", "RATE_LIMIT", "CORS_")
"""How names begin that are the shop's wherever they are set."""
OTHERS = ("SHOP_", "BUILD_NETWORK", "COMPOSE_", "DOCKER_")
"""How names begin that `shop` and `make up` read from the same file."""
SERVICES = tuple(f"{name.upper()}_" for name in (*NAMES, "sandbox"))


def read_env_file(path: Path) -> dict[str, str]:
    """The assignments of a file like `.env`, by dotenv's rules; none where there is no file."""
    found = list(parse_stream(io.StringIO(_text(path))))
    for binding in found:
        if wrong := _wrong(binding):
            raise LaunchError(f"{path.name}, line {_line_of(binding.original)}: {wrong}")
    return {binding.key: binding.value or "" for binding in found if binding.key}


def refuse_misspelt(environment: Mapping[str, str]) -> None:
    """Of names that nobody else has use for; services refuse those that begin as theirs do."""
    for name in environment:
        if name.startswith(ALONE) and (wrong := _unknown(name)):
            raise LaunchError(wrong)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except IsADirectoryError:
        advice = "is a folder: remove it, or put a file like .env.example in its place"
    except UnicodeDecodeError:
        advice = "is not UTF-8 text: save it with that encoding"
    except OSError as error:
        advice = f"cannot be read ({error.strerror}): make it readable for yourself"
    raise LaunchError(f"{path} {advice}")


def _wrong(binding: Binding) -> str | None:
    if binding.error or (binding.key and binding.value is None):
        quote = _open_quote(binding.original.string)
        return f"the quote {quote} is not closed" if quote else "expected NAME=value"
    return _unknown(binding.key) if binding.key else None


def _open_quote(line: str) -> str | None:
    value = line.partition("=")[2].strip()
    is_open = (
        value.startswith(("'", '"')) and value.replace("\\" + value[0], "").count(value[0]) % 2
    )
    return value[0] if is_open else None


def _unknown(name: str) -> str | None:
    if name in OWN or name.startswith((*SERVICES, *OTHERS)):
        return None
    rest = name.upper().partition("_")[2]
    possible = [*OWN, *(service + rest for service in SERVICES if rest)]
    close = difflib.get_close_matches(name.upper(), possible, n=1)
    advice = f"did you mean {close[0]}?" if close else "see .env.example"
    return f"there is no setting {name}: {advice}"


def _line_of(original: Original) -> int:
    """Empty lines before an assignment are parsed as its beginning."""
    empty = len(original.string) - len(original.string.lstrip())
    return original.line + original.string.count("\n", 0, empty)
