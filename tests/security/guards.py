"""The guards of access that are taken out one by one, and the test that notices.

Here are those of who may do what, with which token, and what gets in; those of stock, money and
messages are in tests/guards.
"""

from tests.security.api_key_guards import API_KEYS
from tests.security.guard import Guard
from tests.security.mail_guards import MAILS
from tests.security.own_data_guards import OWN_DATA
from tests.security.second_factor_guards import SECOND_FACTOR
from tests.security.staff_guards import STAFF

KIT_TOKENS = "kit/tests/test_auth_tokens.py"
KIT_APP = "kit/tests/test_app.py"
KIT_JSON = "kit/tests/test_strict_json.py"
AUTH = "services/auth/tests"
ORDERS = "services/orders/tests"
KIT_REVOKED = "kit/tests/test_revocations.py"
EVENTS = f"{AUTH}/test_events.py"


TOKENS = [
    Guard(
        "the signature is verified",
        "shopkit.auth",
        'options={"require"',
        'options={"verify_signature": False, "require"',
        f"{KIT_TOKENS}::test_a1_to_a9_forgeries_are_refused_alike",
    ),
    Guard(
        "only access tokens are access tokens",
        "shopkit.auth",
        'header.get("typ") != TOKEN_TYPE or ',
        "",
        f"{KIT_TOKENS}::test_a7_other_kinds_of_tokens_are_refused_although_signed",
    ),
    Guard(
        "the audience is ours",
        "shopkit.auth",
        "audience=self._audience,\n            issuer",
        "audience=jwt.decode(token, options={'verify_signature': False}).get('aud'),\n"
        "            issuer",
        f"{KIT_TOKENS}::test_a5_to_a7_wrong_claims_are_refused_although_signed",
    ),
    Guard(
        "the audience is ours alone",
        "shopkit.auth",
        ', "strict_aud": True',
        "",
        f"{KIT_TOKENS}::test_a5_to_a7_wrong_claims_are_refused_although_signed",
    ),
    Guard(
        "the issuer is ours",
        "shopkit.auth",
        "            issuer=self._issuer,\n",
        "",
        f"{KIT_TOKENS}::test_a5_to_a7_wrong_claims_are_refused_although_signed",
    ),
    Guard(
        "tokens end",
        "shopkit.auth",
        '"require": ["exp", "iat", "sub", "jti"]',
        '"verify_exp": False, "require": ["exp", "iat", "sub", "jti"]',
        f"{KIT_TOKENS}::test_a5_to_a7_wrong_claims_are_refused_although_signed",
    ),
    Guard(
        "claims have their types",
        "shopkit.auth",
        "if not _well_formed(claims):",
        "if False:",
        f"{KIT_TOKENS}::test_a5_claims_of_the_wrong_type_are_refused",
    ),
    Guard(
        "a remembered token ends with itself",
        "shopkit.auth",
        'min(claims["exp"], time.time() + REMEMBERED_SECONDS)',
        "time.time() + REMEMBERED_SECONDS",
        f"{KIT_TOKENS}::test_a5_a_token_is_not_remembered_past_its_end",
    ),
    Guard(
        "there is one Authorization header",
        "shopkit.auth",
        "len(sent) > 1 or scheme.lower()",
        "scheme.lower()",
        f"{AUTH}/test_tokens.py::test_a9_one_authorization_header",
    ),
    Guard(
        "unknown keys are not asked for at once again",
        "shopkit.jwks",
        "if time.monotonic() - self._asked_at < seconds:",
        "if False:",
        "kit/tests/test_calls.py::test_a3_unknown_key_ids_cause_one_fetch",
    ),
]

REVOKED = [
    Guard(
        "void tokens are refused",
        "shopkit.auth",
        "self._revocations is not None and self._revocations.include(principal)",
        "False",
        f"{KIT_REVOKED}::test_a10_a_token_that_was_verified_ends_with_its_session",
    ),
    Guard(
        "what staff change asks auth first",
        "shopkit.auth",
        "if self.at_once:",
        "if False:",
        f"{KIT_REVOKED}::test_a10_staff_writes_end_at_once_and_nobody_else_asks",
    ),
    Guard(
        "who asks gets no answer from before",
        "shopkit.revocations",
        "came = self._asked\n",
        "came = self._asked - self._asking.locked()\n",
        f"{KIT_REVOKED}::test_a10_who_comes_while_a_question_is_on_its_way_shares_the_next",
    ),
    Guard(
        "tokens signed since are good",
        "shopkit.revocations",
        "> principal.token_version",
        ">= principal.token_version",
        f"{KIT_REVOKED}::test_a10_voided_tokens_are_told_from_those_signed_since_without_a_clock",
    ),
    Guard(
        "sessions that end are told of",
        "auth.session_repository",
        "    tell_ended(conn, ended, now=now)\n",
        "",
        f"{EVENTS}::test_a10_it_tells_of_sessions_that_end",
    ),
    Guard(
        "logging out everywhere voids tokens",
        "auth.session_repository",
        "    void_tokens(conn, user_id=user_id, now=now)  # one event, however many sessions\n",
        "",
        f"{EVENTS}::test_a10_one_event_voids_all_tokens_of_a_user",
    ),
    Guard(
        "other roles void tokens",
        "auth.administration",
        "        void_tokens(conn, user_id=user_id, now=now)\n",
        "",
        f"{EVENTS}::test_a10_a_refresh_after_new_roles_is_good_at_once",
    ),
    Guard(
        "an event is in time for every token",
        "auth.events",
        "None if event.kept else now + LIVES",
        "None if event.kept else now",
        f"{EVENTS}::test_a10_it_tells_of_sessions_that_end",
    ),
    Guard(
        "staff who cancel are asked for",
        "orders.routes.checkout",
        "if user and not (visitor.owns(order) and asked.restock):",
        "if False:",
        f"{ORDERS}/test_revoked.py::test_a10_staff_move_nothing_from_that_moment",
    ),
]

WHO_MAY = [
    Guard(
        "a route asks for its scope",
        "shopkit.auth",
        "if self.scope and self.scope not in principal.scopes:",
        "if False:",
        f"{ORDERS}/test_refunds.py::test_b4_only_staff_with_the_scope_refund",
    ),
    Guard(
        "an internal route asks who calls",
        "shopkit.auth",
        'if self.kind == "service" and principal.id not in self.callers:',
        "if False:",
        "services/cart/tests/test_reconciling.py::test_only_orders_reads_so_and_not_too_much_at_once",
    ),
    Guard(
        "a route without a policy does not start",
        "shopkit.app",
        "            policy_of(route)\n",
        "",
        f"{KIT_APP}::test_b6_a_route_without_a_policy_does_not_start",
    ),
    Guard(
        "an order is its owner's",
        "orders.history",
        "(visitor.owns(order) or scope in visitor.scopes)",
        "visitor.owners",
        f"{ORDERS}/test_lists.py::test_b1_orders_of_others_do_not_exist",
    ),
    Guard(
        "a history is its owner's",
        "orders.history",
        'statement.where(orders.c.owner == bindparam("b_owner"))',
        "statement",
        f"{ORDERS}/test_lists.py::test_b1_orders_of_others_do_not_exist",
    ),
    Guard(
        "a session is its user's",
        "auth.session_repository",
        "(sessions.c.id == session_id) & (sessions.c.user_id == user_id)",
        "sessions.c.id == session_id",
        f"{AUTH}/test_own_sessions.py::test_b1_anothers_session_is_not_there",
    ),
]

SESSIONS = [
    Guard(
        "a session that is over is over",
        "auth.repository",
        "    sessions.c.revoked_at.is_(None),\n",
        "",
        f"{AUTH}/test_staff.py::test_a10_a_session_that_is_over_ends_staff_calls_at_once",
    ),
    Guard(
        "nobody's password takes as long",
        "auth.passwords",
        "stored or _dummy_hash()",
        "stored",
        f"{AUTH}/test_passwords.py::test_a14_known_and_unknown_addresses_cost_the_same_hash",
    ),
    Guard(
        "few passwords wait",
        "auth.passwords",
        "if not self._places.acquire(blocking=False):\n            raise Busy\n        future",
        "if False:\n            raise Busy\n        future",
        f"{AUTH}/test_passwords.py::test_a17_few_hashes_at_once_few_waiting_and_busy_for_the_rest",
    ),
    Guard(
        "a used refresh token ends the session",
        "auth.sessions",
        '        store.revoke_session(conn, session_id=session.id, reason="reuse", now=now)\n',
        "        pass\n",
        f"{AUTH}/test_sessions.py::test_a11_reuse_revokes_the_family",
    ),
    Guard(
        "a lost answer is asked for soon",
        "auth.domain",
        "    if now - presented.spent_at > RETRY_WINDOW:",
        "    if False:",
        f"{AUTH}/test_sessions.py::test_a12_after_a_minute_it_is_reuse",
    ),
    Guard(
        "a lost answer is asked for seldom",
        "auth.domain",
        "presented.retries < MAX_RETRIES",
        "True",
        f"{AUTH}/test_sessions.py::test_a12_three_retries_and_no_more",
    ),
    Guard(
        "wrong passwords are counted",
        "auth.attempts",
        "        raise _Closed(gate, counter.wait(now))\n",
        "        pass\n",
        f"{AUTH}/test_login_limits.py::test_a15_one_account_from_a_thousand_addresses",
    ),
    Guard(
        "a known device is the user's",
        "auth.devices",
        "if not hmac.compare_digest(mac, self._mac(user, body)):",
        "if False:",
        f"{AUTH}/test_login_limits.py::test_a15_a_device_token_of_no_use_is_as_none",
    ),
    Guard(
        "common passwords are refused",
        "auth.password_rules",
        "    if key in COMMON:",
        "    if False:",
        f"{AUTH}/test_password_rules.py::test_what_is_guessed_first_is_refused",
    ),
    Guard(
        "a new password ends other sessions",
        "auth.accounts",
        '    revoke_sessions_of(conn, user_id=user.id, reason="password_changed",'
        " now=now, but=session_id)\n",
        "",
        f"{AUTH}/test_password_change.py::test_a10_a_change_ends_all_other_sessions",
    ),
]

WHAT_GETS_IN = [
    Guard(
        "unknown members are refused",
        "shopkit.schemas",
        'extra="forbid", strict=True',
        "strict=True",
        "services/catalog/tests/test_inputs.py::test_b3_no_mass_assignment",
    ),
    Guard(
        "nothing is converted",
        "shopkit.schemas",
        'extra="forbid", strict=True',
        'extra="forbid"',
        "services/catalog/tests/test_inputs.py::test_b5_c3_numbers",
    ),
    Guard(
        "a member is named once",
        "shopkit.strict_json",
        "    if len(result) != len(pairs):",
        "    if False:",
        f"{KIT_JSON}::test_c5_a_member_named_twice_is_refused",
    ),
    Guard(
        "nesting is bounded",
        "shopkit.strict_json",
        "    if opened > MAX_DEPTH and _depth(value) > MAX_DEPTH:",
        "    if False:",
        f"{KIT_JSON}::test_c1_depth_is_bounded",
    ),
    Guard(
        "bodies are counted",
        "shopkit.routing",
        "        if size > limit:",
        "        if False:",
        f"{KIT_APP}::test_c2_a_chunked_body_is_counted",
    ),
    Guard(
        "cursors are ours",
        "shopkit.pagination",
        "len(cursor) > MAX_CURSOR or not hmac.compare_digest(mac, self._mac(query, body))",
        "len(cursor) > MAX_CURSOR",
        f"{AUTH}/test_staff.py::test_c8_cursors_fit_their_own_query_only",
    ),
    Guard(
        "wildcards are only letters",
        "auth.repository",
        ", autoescape=True",
        "",
        f"{AUTH}/test_staff.py::test_c10_c11_users_are_found_by_part_of_the_address",
    ),
    Guard(
        "webhooks are signed",
        "orders.clients.sandbox",
        "if not self._secret.has_signed(body, headers, self._clock.now()):",
        "if False:",
        f"{ORDERS}/test_sandbox_webhooks.py::test_g1_what_is_not_signed_as_agreed_is_refused",
    ),
    Guard(
        "production refuses local secrets",
        "shopkit.settings",
        'if self.environment == "production" else []',
        "if False else []",
        f"{ORDERS}/test_service.py::test_a18_production_refuses_local_secrets_and_failpoints",
    ),
]

GUARDS = [
    *(*TOKENS, *REVOKED, *WHO_MAY, *STAFF, *OWN_DATA),
    *(*SESSIONS, *SECOND_FACTOR, *WHAT_GETS_IN, *API_KEYS, *MAILS),
]
