"""The guards of what mails carry."""

from tests.security.guard import Guard

AUTH = "services/auth/tests"

MAILS = [
    Guard(
        "a token of a mail is for one use",
        "auth.email_token_repository",
        "(email_tokens.c.token_hash == token_hash) & email_tokens.c.used_at.is_(None)",
        "email_tokens.c.token_hash == token_hash",
        f"{AUTH}/test_mails.py::test_a19_of_two_that_have_seen_a_token_one_spends_it",
    ),
    Guard(
        "a token of a mail is for ten minutes",
        "auth.proofs",
        " or row.expires_at <= now",
        "",
        f"{AUTH}/test_password_reset.py::test_a19_a_token_is_good_for_ten_minutes",
    ),
    Guard(
        "a token of a mail is for one purpose",
        "auth.proofs",
        " or row.purpose != purpose",
        "",
        f"{AUTH}/test_password_reset.py::test_a19_a_mail_for_something_else_is_no_reset",
    ),
    Guard(
        "a token of a mail ends with the address and the password",
        "auth.proofs",
        " or row.bound_to != bound_to(user)",
        "",
        f"{AUTH}/test_email_change.py::test_a19_tokens_of_before_end_with_the_old_address",
    ),
    Guard(
        "a mail goes to the account's address",
        "auth.mails",
        "to if purpose is Purpose.CHANGE_EMAIL else user.email",
        "to",
        f"{AUTH}/test_password_reset.py"
        "::test_a14_a_mail_goes_to_the_address_of_the_account_not_to_what_was_typed",
    ),
    Guard(
        "nobody's mailbox is flooded",
        "auth.mail_limits",
        "        return False\n",
        "        pass\n",
        f"{AUTH}/test_password_reset.py::test_nobodys_mailbox_is_flooded",
    ),
]
