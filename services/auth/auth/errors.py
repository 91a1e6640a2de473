"""The errors that only auth answers with."""

from collections.abc import Iterable, Mapping

from shopkit.errors import (
    BadRequest,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    InvalidToken,
    NotAuthenticated,
    Problem,
    RateLimited,
    Unavailable,
)


class EmailTaken(Conflict):
    code, title = "email_taken", "The e-mail address is in use"

    def __init__(self) -> None:
        super().__init__("There is an account with this e-mail address. Log in instead.")


class InvalidCredentials(NotAuthenticated):
    """The same for a wrong password, an unknown address and a disabled account."""

    code, title = "invalid_credentials", "The credentials are wrong"

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is wrong.")


class SecondFactorRequired(NotAuthenticated):
    """The password was right: nothing tells before that there is a second factor."""

    code, title = "second_factor_required", "A code is needed, too"

    def __init__(self) -> None:
        super().__init__(
            "Send the code of your authenticator app, or a recovery code, as `one_time_code`."
        )


class InvalidSecondFactor(NotAuthenticated):
    code, title = "invalid_second_factor", "The code is wrong"

    def __init__(self) -> None:
        super().__init__(
            "This `one_time_code` is wrong, too old, or used before. Wait for the next one."
        )


class WrongCode(Invalid):
    """Not a 401, as WrongPassword."""

    code, title = "wrong_code", "The code is wrong"

    def __init__(self) -> None:
        detail = "This code is wrong, too old, or used before."
        error = FieldError("/code", self.code, detail)
        super().__init__("Wait for the next code of your authenticator app.", errors=[error])


class SecondFactorActive(Conflict):
    code, title = "second_factor_active", "The second factor is on"

    def __init__(self) -> None:
        super().__init__("It is on already. To use another app, switch it off first.")


class SecondFactorInactive(Conflict):
    code, title = "second_factor_inactive", "There is no second factor"

    def __init__(self) -> None:
        super().__init__("It is not on. Begin with `POST /api/auth/second-factor`.")


class WrongPassword(Invalid):
    """Not a 401, at which clients would log out: the access token is good."""

    code, title = "wrong_password", "The current password is wrong"

    def __init__(self, pointer: str = "/current_password") -> None:
        detail = "This is not your password of now."
        error = FieldError(pointer, self.code, detail)
        super().__init__("Send the password that you log in with.", errors=[error])


class InvalidRefreshToken(InvalidToken):
    code, title = "invalid_refresh_token", "The refresh token is not valid"

    def __init__(self) -> None:
        super().__init__()
        self.detail = "This refresh token is not, or no longer, valid. Log in again."


class RefreshTokenReused(InvalidToken):
    code, title = "refresh_token_reused", "The refresh token was used before"

    def __init__(self) -> None:
        super().__init__()
        self.detail = "This refresh token was used before, so its session was ended. Log in again."


class InvalidEmailToken(BadRequest):
    """The same for a token that is wrong, too old, used, or for something else."""

    code, title = "invalid_token", "The token of the mail is not valid"

    def __init__(self) -> None:
        super().__init__("This token is not, or no longer, valid. Ask for a new mail.")


class Busy(Unavailable):
    code, title = "busy", "Too many people are logging in"

    def __init__(self) -> None:
        super().__init__("Too many passwords are being checked. Try again in a second.")


class TooManyAttempts(RateLimited):
    """The same for known and unknown addresses."""

    code, title = "too_many_attempts", "Too many attempts at passwords"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Too many passwords were wrong, or tried at once. Try again in {seconds} s. Where you "
            "have logged in before, send the `device_token` that you got there: it need not wait.",
            headers={"Retry-After": str(seconds)},
        )


class CannotGrant(Forbidden):
    code, title = "cannot_grant", "You cannot give or take scopes that you lack"

    def __init__(self, scopes: Iterable[str]) -> None:
        missing = sorted(scopes)
        super().__init__(f"You lack {', '.join(missing)}.", missing_scopes=missing)


class LastAdmin(Conflict):
    code, title = "last_admin", "The shop needs an admin"

    def __init__(self) -> None:
        super().__init__("This is the last admin. Make somebody else an admin first.")


class OwnAccount(Conflict):
    code, title = "own_account", "This is your own account"

    def __init__(
        self,
        detail: str = "You would lock yourself out. Ask somebody else to do it.",
    ) -> None:
        super().__init__(detail)


class OAuthError(Problem):
    """An error of the token endpoint (RFC 6749, 5.2): problem+json with the members of OAuth."""

    status = 400

    def __init__(self, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, headers=headers, error=self.code, error_description=detail)


class InvalidRequest(OAuthError):
    code, title = "invalid_request", "The token request is malformed"


class InvalidGrant(OAuthError):
    code, title = "invalid_grant", "The credentials or the refresh token are not valid"


class UnsupportedGrantType(OAuthError):
    code, title = "unsupported_grant_type", "Unsupported grant type"


class InvalidScope(OAuthError):
    code, title = "invalid_scope", "The client has not all of these scopes"


class InvalidClient(OAuthError):
    status = 401
    code, title = "invalid_client", "The client is not known, or its secret is wrong"

    def __init__(self) -> None:
        super().__init__(
            "No client with these credentials may use this endpoint.",
            headers={"WWW-Authenticate": 'Basic realm="token", charset="UTF-8"'},
        )
