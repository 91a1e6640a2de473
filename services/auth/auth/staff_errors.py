"""The errors of who keeps roles, who invites others, and who is invited."""

from shopkit.errors import Conflict, RateLimited


class RoleTaken(Conflict):
    code, title = "role_taken", "There is a role of this name"

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a role {name}. Change it (PUT), or choose another name.")


class TooManyRoles(Conflict):
    code, title = "too_many_roles", "The shop has as many roles as it may have"

    def __init__(self, most: int) -> None:
        super().__init__(f"There may be {most} beside the built-in ones. Delete one first.")


class RoleBuiltIn(Conflict):
    code, title = "role_built_in", "Built-in roles stay as they are"

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is built in. Make a role of your own with the scopes you want.")


class RoleInUse(Conflict):
    code, title = "role_in_use", "Somebody has this role"

    def __init__(self, users: int, invitations: int) -> None:
        super().__init__(
            f"{users} users have it, and {invitations} are invited to it. Give them other roles, "
            "and withdraw their invitations, first.",
            users=users,
            invitations=invitations,
        )


class AlreadyInvited(Conflict):
    code, title = "already_invited", "This address is invited already"

    def __init__(self) -> None:
        super().__init__("An invitation to this address is open. To send another, withdraw it.")


class TooManyKeys(Conflict):
    code, title = "too_many_keys", "You have as many API keys as you may have"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} may be alive at once. Revoke some first.")


class TooManyInvitations(Conflict):
    code, title = "too_many_invitations", "As many invitations are open as may be"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} may be open at once. Withdraw some first.")


class TooManyMails(RateLimited):
    code, title = "too_many_mails", "Too many invitations to this address"

    def __init__(self) -> None:
        super().__init__(
            "Three mails an hour are enough for one address. Try again in an hour.",
            headers={"Retry-After": "3600"},
        )


class AccountExists(Conflict):
    code, title = "account_exists", "The invited address has an account"

    def __init__(self) -> None:
        super().__init__("Log in to it, and send the token to /api/auth/invitations/join.")


class OtherAddress(Conflict):
    code, title = "other_address", "The invitation is for another address than yours"

    def __init__(self) -> None:
        super().__init__("Log in to the account of the address that the invitation was sent to.")
