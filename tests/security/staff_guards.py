"""The guards of roles and invitations: nobody gives what they lack."""

from tests.security.guard import Guard

AUTH = "services/auth/tests"

STAFF = [
    Guard(
        "nobody gives what they lack",
        "auth.grants",
        "    if lacking:",
        "    if False:",
        f"{AUTH}/test_staff.py::test_nobody_gives_or_takes_a_scope_that_they_lack",
    ),
    Guard(
        "one admin is left",
        "auth.administration",
        "    if not repository.has_other_admin(conn, user_id=user_id):",
        "    if False:",
        f"{AUTH}/test_staff.py::test_the_last_admin_cannot_be_lost",
    ),
    Guard(
        "staff is asked for by the database too",
        "auth.grants",
        "    if needed not in user.scopes:",
        "    if False:",
        f"{AUTH}/test_staff.py::test_a10_a_demoted_admin_gives_nothing_with_the_old_token",
    ),
    Guard(
        "a new role is within its maker's scopes",
        "auth.roles",
        "    require_scopes(conn, actor, role.scopes, now)  # whoever",
        "    require_scopes(conn, actor, (), now)  # whoever",
        f"{AUTH}/test_roles.py::test_b4_nobody_makes_or_changes_a_role_beyond_their_own_scopes",
    ),
    Guard(
        "a role is changed within one's scopes",
        "auth.roles",
        "set(before.scopes) ^ set(scopes)",
        "set(before.scopes) - set(scopes)",
        f"{AUTH}/test_roles.py::test_b4_nobody_makes_or_changes_a_role_beyond_their_own_scopes",
    ),
    Guard(
        "nobody takes what they lack by a role",
        "auth.roles",
        "set(before.scopes) ^ set(scopes)",
        "set(scopes) - set(before.scopes)",
        f"{AUTH}/test_roles.py::test_b4_nobody_makes_or_changes_a_role_beyond_their_own_scopes",
    ),
    Guard(
        "built-in roles stay",
        "auth.roles",
        "    if role.built_in:",
        "    if False:",
        f"{AUTH}/test_roles.py::test_built_in_roles_stay_as_they_are",
    ),
    Guard(
        "nobody invites beyond their scopes",
        "auth.invitations",
        "    require_scopes(conn, actor, scopes_of(conn, invitation.roles), now)",
        "    require_scopes(conn, actor, (), now)",
        f"{AUTH}/test_invitations.py::test_b4_nobody_invites_to_a_scope_that_they_lack",
    ),
    Guard(
        "an inviter must still be allowed to",
        "auth.acceptance",
        "if invitation is None or not _stands(conn, invitation):",
        "if invitation is None:",
        f"{AUTH}/test_invitations.py::"
        "test_b4_what_an_inviter_may_not_give_any_more_is_not_accepted",
    ),
    Guard(
        "an invitation is for its address",
        "auth.acceptance",
        "    if email_key(user.email) != email_key(invitation.email):",
        "    if False:",
        f"{AUTH}/test_invitations.py::test_b4_an_invitation_is_for_its_own_address",
    ),
    Guard(
        "an invitation is for one use",
        "auth.acceptance",
        "    store.delete_invitation(conn, invitation_id=invitation.id)\n    return",
        "    return",
        f"{AUTH}/test_invitations.py::test_a19_an_invitation_is_for_one_use",
    ),
    Guard(
        "who is disabled has invited nobody",
        "auth.administration",
        "    delete_invitations_by(conn, user_id=user_id)\n",
        "",
        f"{AUTH}/test_invitations.py::"
        "test_b4_what_an_inviter_may_not_give_any_more_is_not_accepted",
    ),
]
