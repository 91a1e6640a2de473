"""The guards of the second factor."""

from tests.security.guard import Guard

FACTOR = "services/auth/tests/test_second_factor.py"
LIMITS = "services/auth/tests/test_second_factor_limits.py"
STAFF = "services/auth/tests/test_second_factor_staff.py"

SECOND_FACTOR = [
    Guard(
        "a code is asked for where there is a second factor",
        "auth.second_factor_checks",
        "    if not code:\n        raise SecondFactorRequired",
        "    if not code:\n        return False",
        f"{FACTOR}::test_logins_need_the_code_and_sessions_remember_it",
    ),
    Guard(
        "a code of the app is spent",
        "auth.second_factor_checks",
        "step is not None and store.spend_step(conn, user_id=user_id, step=step)",
        "step is not None",
        f"{FACTOR}::test_of_fifty_uses_of_one_code_one_counts",
    ),
    Guard(
        "a recovery code counts once",
        "auth.second_factor_repository",
        "    return conn.execute(delete(recovery_codes).where(own)).rowcount == 1",
        "    return conn.execute(select(recovery_codes).where(own)).first() is not None",
        f"{FACTOR}::test_a_recovery_code_gets_in_once",
    ),
    Guard(
        "a recovery code is its user's",
        "auth.second_factor_repository",
        "own = (recovery_codes.c.user_id == user_id) & (recovery_codes.c.code_hash == code_hash)",
        "own = recovery_codes.c.code_hash == code_hash",
        f"{FACTOR}::test_codes_of_others_are_worth_nothing",
    ),
    Guard(
        "a second factor ends sessions without",
        "auth.second_factor",
        "    revoke_sessions_of(conn, user_id=user_id, reason=reason, now=tried.now, but=mine)\n",
        "",
        f"{FACTOR}::test_switching_on_ends_other_sessions",
    ),
    Guard(
        "a second factor that is gone counts in no session",
        "auth.second_factor",
        "with_second_factor=False)",
        "with_second_factor=True)",
        f"{STAFF}::test_who_switches_it_off_loses_them_again",
    ),
    Guard(
        "a secret is sealed",
        "auth.secret_box",
        "        return base64.b64encode(nonce + sealed).decode()",
        "        return base64.b32encode(content).decode()",
        f"{FACTOR}::test_the_database_tells_neither_secret_nor_codes",
    ),
    Guard(
        "a password without code clears nothing",
        "auth.attempts",
        "settle, attempt=attempt, looked_at=False",
        "settle, attempt=attempt, looked_at=True",
        f"{LIMITS}::test_a15_a_password_without_code_neither_clears_nor_counts",
    ),
    Guard(
        "a password without code counts nothing",
        "auth.attempts",
        "except (Busy, Conflict, SecondFactorRequired):",
        "except (Busy, Conflict):",
        f"{LIMITS}::test_owners_log_in_as_often_as_they_like",
    ),
    Guard(
        "staff rights are withheld",
        "auth.second_factor_checks",
        "    if with_second_factor or not self.staff_must:",
        "    if True:",
        f"{STAFF}::test_where_it_is_required_staff_are_customers_without",
    ),
    Guard(
        "nobody resets their own second factor",
        "auth.administration",
        '        raise OwnAccount("Switch off',
        '        OwnAccount("Switch off',
        f"{STAFF}::test_b4_nobody_resets_who_may_do_more_nor_themselves",
    ),
]
