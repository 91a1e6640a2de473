"""What people say and get of their own account: preferences, and their data to take along."""

from typing import Annotated

from pydantic import AfterValidator, Field

from auth.schemas import Password, Session, User
from shopkit.schemas import Input, Line, Output, Timestamp, absent


def _canonical_locale(tag: str) -> str:
    language, *rest = tag.split("-")
    return "-".join(
        [language.lower(), *(one.title() if len(one) == 4 else one.upper() for one in rest)]
    )


Locale = Annotated[
    str,
    Field(
        pattern="^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$",
        description="Of mails: a language tag (BCP 47) of language, script and region.",
        examples=["de-CH"],
    ),
    AfterValidator(_canonical_locale),
]


class PreferencesPatch(Input):
    locale: Locale | None = None
    marketing: Annotated[
        bool, Field(description="Whether you agree to get advertising; the shop keeps since when.")
    ] = absent()


class MeUpdate(Input):
    """A merge patch: what is absent stays, null takes the name or the locale away."""

    name: Annotated[Line | None, Field(examples=["Ada Lovelace"])] = None
    preferences: PreferencesPatch = absent()


class AccountDeletion(Input):
    password: Password


class Preferences(Output):
    locale: Annotated[str | None, Field(examples=["de-CH"])]
    marketing: bool
    marketing_changed_at: Annotated[
        Timestamp | None, Field(description="When it was last agreed to, or withdrawn")
    ]


class Me(User):
    """A user as they see themselves."""

    preferences: Preferences


class KeptSession(Session):
    """A session as it is stored: also one that has ended a few days ago."""

    ended_at: Timestamp | None
    ended_because: Annotated[
        str | None, Field(description="What has ended it", examples=["logout", "password_changed"])
    ]


class KeptAccount(Me):
    updated_at: Timestamp


class AccountExport(Output):
    """Everything that auth keeps of a user, but for what only proves who somebody is."""

    exported_at: Timestamp
    account: KeptAccount
    sessions: list[KeptSession]
