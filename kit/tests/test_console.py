"""What a person reads who set something wrongly."""

import pytest
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from shopkit.console import read_settings, settings_advice
from shopkit.mail_settings import MailSettings


class TeaSettings(MailSettings):
    model_config = SettingsConfigDict(env_prefix="TEA_")

    listen: str = "127.0.0.1:0"
    internal_listen: str = "127.0.0.1:0"
    unpaid_days: int = 14


@pytest.fixture(autouse=True)
def database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEA_DATABASE_URL", "sqlite:///tea.db")


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("TEA_UNPAID_DAY", "did you mean TEA_UNPAID_DAYS?"),
        ("TEA_LOGLEVEL", "did you mean TEA_LOG_LEVEL?"),
        ("tea_loglevel", "did you mean TEA_LOG_LEVEL?"),
    ],
)
def test_a_name_that_is_almost_a_setting_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, advice: str
) -> None:
    monkeypatch.setenv(name, "3")
    with pytest.raises(ValueError, match="there is no setting") as raised:
        read_settings(TeaSettings)
    assert str(raised.value) == f"there is no setting {name}: {advice}"


def test_what_others_set_with_the_same_prefix_is_left_to_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("tea_unpaid_days", "3")
    for name in ("SERVICE_HOST", "SERVICE_PORT_HTTP", "PORT", "PORT_80_TCP_ADDR", "COLOUR"):
        monkeypatch.setenv(f"TEA_{name}", "10.0.0.1")
    assert read_settings(TeaSettings).unpaid_days == 3


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MAIL_URL": "foo"}, "TEA_MAIL_URL must be "),
        ({"STOREFRONT_URL": "https://a?b"}, "TEA_STOREFRONT_URL must have neither"),
        ({"UNPAID_DAYS": "some"}, "TEA_UNPAID_DAYS: Input should be a valid integer"),
        ({"ENVIRONMENT": "production"}, "not safe in production: TEA_SECRET_KEY is the one"),
    ],
)
def test_advice_begins_with_what_is_to_be_set(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], said: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"TEA_{name}", value)
    with pytest.raises(ValidationError) as raised:
        read_settings(TeaSettings)
    advice = settings_advice(raised.value, TeaSettings)
    assert advice.startswith(f"settings are wrong: {said}")
