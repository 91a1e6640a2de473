"""The one error type, and the only place where HTTP status meets errors (RFC 9457)."""

import copyreg
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True)
class FieldError:
    """One thing wrong with the input: a JSON pointer (RFC 6901) into the body, or `?name`."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """Base of every expected error. A service subclasses it in its own `errors.py`.

    `code` is stable and public; `extra` becomes top-level members of the answer.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    title: ClassVar[str] = "Internal error"

    def __init__(
        self,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[FieldError] = (),
        **extra: Any,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.headers = dict(headers or {})
        self.errors = list(errors)
        self.extra = extra

    def __reduce__(self) -> tuple[Any, ...]:
        """Between processes, whatever its class is made with."""
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def body(self, *, instance: str, request_id: str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "type": f"/docs/#error-{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance,
            "code": self.code,
            "request_id": request_id,
            **self.extra,
        }
        if self.errors:
            body["errors"] = [asdict(error) for error in self.errors]
        return body


class BadRequest(Problem):
    status, code, title = 400, "bad_request", "Bad request"


class InvalidJson(BadRequest):
    code, title = "invalid_json", "The body is not valid JSON"


class DuplicateKey(BadRequest):
    code, title = "duplicate_key", "A JSON object names a member twice"


class InvalidCursor(BadRequest):
    code, title = "invalid_cursor", "The cursor is not one of ours, or belongs to another query"


class InvalidIdempotencyKey(BadRequest):
    code, title = "invalid_idempotency_key", "The Idempotency-Key header is not usable"


class NotAuthenticated(Problem):
    status, code, title = 401, "not_authenticated", "Log in first"

    def __init__(self, detail: str = "Send `Authorization: Bearer <access token>`.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": self.challenge()})

    @classmethod
    def challenge(cls) -> str:
        return "Bearer"


class InvalidToken(NotAuthenticated):
    code, title = "invalid_token", "The access token is not valid"

    def __init__(self) -> None:
        super().__init__("The access token is not one that we accept. Log in again.")

    @classmethod
    def challenge(cls) -> str:
        return 'Bearer error="invalid_token"'


class TokenExpired(InvalidToken):
    code, title = "token_expired", "The access token has expired"

    def __init__(
        self, detail: str = "The access token has expired. Use the refresh token or log in again."
    ) -> None:
        super().__init__()
        self.detail = detail


class Forbidden(Problem):
    status, code, title = 403, "forbidden", "Not allowed"


class InsufficientScope(Forbidden):
    code, title = "insufficient_scope", "The token lacks a scope"

    def __init__(self, scope: str, *, second_factor_required: bool = False) -> None:
        detail = f"This needs the scope `{scope}`."
        extra: dict[str, Any] = {}
        if second_factor_required:
            extra["second_factor_required"] = True
            detail += (
                " Your roles count in sessions that are opened with a second factor: set one up in"
                " your account, or log in with it."
            )
        super().__init__(
            detail,
            headers={"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'},
            required_scope=scope,
            **extra,
        )


class PersonRequired(Forbidden):
    code, title = "person_required", "This is not for API keys"

    def __init__(self) -> None:
        super().__init__(
            "An API key has no account, cart or orders of its own. Log in as a person, or leave "
            "the key out and send a guest's `X-Cart-Token`."
        )


class NotFound(Problem):
    status, code, title = 404, "not_found", "Not found"

    def __init__(self, detail: str = "There is nothing here, or it is not yours.") -> None:
        super().__init__(detail)


class MethodNotAllowed(Problem):
    status, code, title = 405, "method_not_allowed", "Method not allowed"


class Conflict(Problem):
    status, code, title = 409, "conflict", "Conflict with the current state"


class RequestInProgress(Conflict):
    code, title = "request_in_progress", "The first request with this key is still running"

    def __init__(self, detail: str = "Try again in a second with the same key.") -> None:
        super().__init__(detail, headers={"Retry-After": "1"})


class Gone(Problem):
    status, code, title = 410, "gone", "Gone for good"


class PreconditionFailed(Problem):
    status, code, title = 412, "precondition_failed", "It has changed since you read it"


class PayloadTooLarge(Problem):
    status, code, title = 413, "payload_too_large", "The body is too large"


class UnsupportedMediaType(Problem):
    status, code, title = 415, "unsupported_media_type", "Unsupported media type"


class Invalid(Problem):
    status, code, title = 422, "validation_error", "The input is not valid"


class IdempotencyKeyReused(Problem):
    status, code, title = 422, "idempotency_key_reused", "The key was used for another request"

    def __init__(self) -> None:
        super().__init__(
            "This Idempotency-Key belongs to another request; send a new key with what is new."
        )


class RateLimited(Problem):
    status, code, title = 429, "rate_limited", "Too many requests"


class InternalError(Problem):
    def __init__(self) -> None:
        super().__init__("Something went wrong here. Quote the request_id when you report it.")


class Unavailable(Problem):
    """Something that we need did not answer; whether it took effect is unknown."""

    status, code, title = 503, "service_unavailable", "Try again shortly"

    def __init__(
        self, detail: str = "A part of the shop does not answer.", retry_after: int = 1
    ) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class StorageFull(Problem):
    status, code, title = 507, "storage_full", "No space left to write"
