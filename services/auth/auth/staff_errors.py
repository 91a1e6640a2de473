"""The errors that staff get who keep roles and invite others."""

from shopkit.errors import Conflict


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

    def __init__(self, users: int) -> None:
        super().__init__(f"Users who have it: {users}. Give them other roles first.", users=users)
