"""An authenticator app, and what people do with it."""

import base64
from dataclasses import dataclass
from typing import Any

from auth.totp import code_at, step_at

PASSWORD = "correct horse battery"
PATH = "/api/auth/second-factor"


@dataclass(frozen=True)
class App:
    """With the secret that it was given."""

    clock: Any
    secret: str

    def code(self, steps: int = 0) -> str:
        """Of this moment, or of so many steps later."""
        return code_at(self.raw, step_at(self.clock.now()) + steps)

    def next_code(self) -> str:
        """Once those of before are worth nothing."""
        self.clock.advance(seconds=30)
        return self.code()

    def wrong_code(self) -> str:
        near = {self.code(steps) for steps in range(-3, 4)}
        return next(code for n in range(8) if (code := f"{n:06}") not in near)

    @property
    def raw(self) -> bytes:
        return base64.b32decode(self.secret)


async def call(auth: Any, who: Any, method: str, path: str = "", **body: Any) -> Any:
    sent = {"json": body} if body else {}
    return await auth.public.request(method, PATH + path, headers=who.headers, **sent)


async def begin(auth: Any, who: Any, password: str = PASSWORD) -> App:
    answer = await call(auth, who, "POST", password=password)
    assert answer.status_code == 200, answer.text
    return App(auth.context.clock, answer.json()["secret"])


async def confirm(auth: Any, who: Any, code: str) -> Any:
    return await call(auth, who, "POST", "/confirm", code=code)


async def switch_on(auth: Any, who: Any) -> tuple[App, list[str]]:
    app = await begin(auth, who)
    answer = await confirm(auth, who, app.code())
    assert answer.status_code == 200, answer.text
    return app, answer.json()["recovery_codes"]


async def log_in(auth: Any, code: str | None = None, **more: Any) -> Any:
    body = {"email": "ada@example.com", "password": PASSWORD, **more}
    if code is not None:
        body["one_time_code"] = code
    return await auth.post("login", **body)


def told(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


RIGHT, REQUIRED, REFUSED = (
    (200, ""),
    (401, "second_factor_required"),
    (401, "invalid_second_factor"),
)
