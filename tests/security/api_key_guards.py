"""The guards of API keys."""

from tests.security.guard import Guard

IN_AUTH = "services/auth/tests/test_api_keys.py"
IN_KIT = "kit/tests/test_api_keys.py"
STAFF = "services/auth/tests/test_second_factor_staff.py"

API_KEYS = [
    Guard(
        "a key is known by all of it",
        "auth.key_use",
        "if found is None or not hmac.compare_digest(found.row.key_hash, token_hash(key)):",
        "if found is None:",
        f"{IN_AUTH}::test_a9_wrong_keys_are_answered_like_wrong_tokens",
    ),
    Guard(
        "a revoked key is over",
        "auth.key_use",
        "row.revoked_at or ",
        "",
        f"{IN_AUTH}::test_a10_a_revoked_key_is_over_and_everybody_is_told_once",
    ),
    Guard(
        "a key expires",
        "auth.key_use",
        " or (row.expires_at and row.expires_at <= now)",
        "",
        f"{IN_AUTH}::test_a_key_expires_and_so_do_its_tokens",
    ),
    Guard(
        "a key does no more than its maker",
        "auth.key_use",
        "frozenset(row.scopes).intersection(theirs)",
        "frozenset(row.scopes)",
        f"{IN_AUTH}::test_b4_a_key_loses_what_its_maker_loses_and_gets_it_back",
    ),
    Guard(
        "a key is void while its maker is disabled",
        "auth.key_use",
        "maker is None or maker.disabled",
        "maker is None",
        f"{IN_AUTH}::test_b4_a_key_loses_what_its_maker_loses_and_gets_it_back",
    ),
    Guard(
        "a key counts where its maker has a second factor",
        "auth.key_use",
        "with_second_factor=maker.second_factor)",
        "with_second_factor=True)",
        f"{STAFF}::test_where_it_is_required_keys_count_while_their_maker_has_one",
    ),
    Guard(
        "a key never gives rights",
        "auth.key_use",
        " - NOT_FOR_KEYS",
        "",
        f"{IN_AUTH}::test_b4_a_key_makes_no_key_and_has_no_account",
    ),
    Guard(
        "nobody makes a key that does more than they",
        "auth.api_keys",
        "    if lacking:",
        "    if False:",
        f"{IN_AUTH}::test_b4_nobody_makes_a_key_that_does_more_than_they",
    ),
    Guard(
        "a key is its maker's",
        "auth.api_keys",
        "row is None or not (sees_all or row.made_by == actor.id)",
        "row is None",
        f"{IN_AUTH}::test_b1_others_keys_are_not_there_but_for_who_manages_users",
    ),
    Guard(
        "a key that is revoked is told of",
        "auth.api_keys",
        "    tell(conn, Event(EventKind.SESSION_ENDED, row.made_by, session_id=key_id), now=now)\n",
        "",
        f"{IN_AUTH}::test_a10_a_revoked_key_is_over_and_everybody_is_told_once",
    ),
    Guard(
        "a key has nothing of its own",
        "shopkit.auth",
        "if principal.made_by and self.kind in PEOPLE:",
        "if False:",
        f"{IN_KIT}::test_b4_a_key_does_what_its_scopes_say_and_has_nothing_of_its_own",
    ),
    Guard(
        "a key's tokens are void with its maker's",
        "shopkit.revocations",
        "principal.made_by or principal.id",
        "principal.id",
        f"{IN_KIT}::test_a10_what_its_maker_loses_the_key_loses",
    ),
    Guard(
        "of inventions auth is asked seldom",
        "shopkit.api_keys",
        "if digest not in self._tokens and (wait := self._strangers.wait()):",
        "if wait := 0.0:",
        f"{IN_KIT}::test_a_flood_of_invented_keys_is_none_of_questions",
    ),
    Guard(
        "a key sends so much and no more",
        "shopkit.key_limits",
        "        if wait := bucket.wait():",
        "        if wait := 0.0:",
        f"{IN_KIT}::test_more_than_its_rate_class_allows_is_429",
    ),
]
