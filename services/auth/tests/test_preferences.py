"""What users prefer."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio
NOTHING = {"locale": None, "marketing": False, "marketing_changed_at": None}


async def change(auth: Any, signed_in: Any, **preferences: Any) -> Any:
    headers = signed_in.headers
    return await auth.public.patch(
        "/api/auth/me", json={"preferences": preferences}, headers=headers
    )


async def test_a_new_account_has_agreed_to_nothing(auth: Any, signed_in: Any) -> None:
    assert (await auth.me(signed_in.access_token)).json()["preferences"] == NOTHING


async def test_preferences_are_merged_and_change_the_etag(auth: Any, signed_in: Any) -> None:
    before = await auth.me(signed_in.access_token)
    changed = await change(auth, signed_in, locale="de-ch")
    assert changed.json() == before.json() | {"preferences": NOTHING | {"locale": "de-CH"}}
    assert changed.headers["etag"] != before.headers["etag"]
    both = (await change(auth, signed_in, marketing=True)).json()["preferences"]
    assert (both["locale"], both["marketing"]) == ("de-CH", True)
    gone = (await change(auth, signed_in, locale=None)).json()["preferences"]
    assert (gone["locale"], gone["marketing"]) == (None, True)
    stale = await auth.public.patch(
        "/api/auth/me",
        json={"preferences": {"marketing": False}},
        headers=signed_in.headers | {"if-match": before.headers["etag"]},
    )
    assert stale.status_code == 412


async def test_an_agreement_has_the_time_when_it_was_given_or_withdrawn(
    auth: Any, signed_in: Any
) -> None:
    times = []
    for marketing in (True, True, False, False, True):
        auth.context.clock.advance(seconds=1)
        answer = (await change(auth, signed_in, marketing=marketing)).json()["preferences"]
        assert answer["marketing"] is marketing
        times.append(answer["marketing_changed_at"])
    assert times[0] == times[1] < times[2] == times[3] < times[4]


@pytest.mark.parametrize(
    ("sent", "known"),
    [("EN", "en"), ("zh-hant-tw", "zh-Hant-TW"), ("es-419", "es-419"), ("gsw-ch", "gsw-CH")],
)
async def test_locales_are_language_tags(auth: Any, signed_in: Any, sent: str, known: str) -> None:
    answer = await change(auth, signed_in, locale=sent)
    assert answer.json()["preferences"]["locale"] == known


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"locale": "german"}, "/preferences/locale"),
        ({"locale": "de_DE"}, "/preferences/locale"),
        ({"locale": "de\n"}, "/preferences/locale"),
        ({"marketing": None}, "/preferences/marketing"),
        ({"marketing": 1}, "/preferences/marketing"),
        ({"marketing_changed_at": "2026-01-01T00:00:00Z"}, "/preferences/marketing_changed_at"),
    ],
)
async def test_b3_other_preferences_are_refused(
    auth: Any, signed_in: Any, body: dict[str, Any], pointer: str
) -> None:
    answer = await change(auth, signed_in, **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert (await auth.me(signed_in.access_token)).json()["preferences"] == NOTHING


async def test_b7_staff_do_not_see_them(auth: Any, signed_in: Any, admin: Any) -> None:
    path = f"/api/auth/users/{signed_in.user['id']}"
    assert "preferences" not in (await auth.public.get(path, headers=admin.headers)).json()


class RolledBack(Exception):
    """By the database, which wants it again."""


async def test_a_transaction_that_the_database_wants_again_changes_all_of_it(
    auth: Any, signed_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = auth.database.run

    async def again(function: Any, **values: Any) -> Any:
        def rolled_back(conn: Any) -> None:
            function(conn, **values)
            raise RolledBack

        with pytest.raises(RolledBack):
            await run(rolled_back)
        return await run(function, **values)

    monkeypatch.setattr(auth.database, "run", again)
    answer = await change(auth, signed_in, locale="de", marketing=True)
    assert answer.json()["preferences"].items() >= {"locale": "de", "marketing": True}.items()
