"""The words of mails: `NAME.txt`, whose first line is the subject, and `NAME.html` beside it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, select_autoescape

SUBJECT = "Subject: "
SHARED = Path(__file__).with_name("mail_layout")


class MailTemplates:
    """Those of one service, in its folder, over the layout that all have. What is put in is
    escaped in HTML, and what is not there is an error."""

    def __init__(self, folder: Path, **known: Any) -> None:
        """`known` is what every template may name."""
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder), FileSystemLoader(SHARED)]),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(known)

    def render(self, name: str, values: Mapping[str, Any]) -> tuple[str, str, str]:
        """Subject, text and HTML."""
        head, _, text = self._render(f"{name}.txt", values).partition("\n")
        if not head.startswith(SUBJECT):
            raise ValueError(f"the first line of {name}.txt must be its subject")
        subject = head.removeprefix(SUBJECT).strip()
        html = self._render(f"{name}.html", {**values, "subject": subject})
        return subject, text.strip() + "\n", html

    def _render(self, name: str, values: Mapping[str, Any]) -> str:
        return self._environment.get_template(name).render(values)
