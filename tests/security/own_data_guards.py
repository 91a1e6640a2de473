"""The guards of addresses, exports and deletion."""

from tests.security.guard import Guard

AUTH = "services/auth/tests"
ORDERS = "services/orders/tests"

OWN_DATA = [
    Guard(
        "who deletes an account knows its password",
        "auth.tries",
        "            if not verified.matches:",
        "            if False:",
        f"{AUTH}/test_deletion.py::test_a_wrong_password_deletes_nothing_and_counts",
    ),
    Guard(
        "the last admin is not deleted",
        "auth.deletion",
        "if ADMIN in user.roles and",
        "if False and",
        f"{AUTH}/test_deletion.py::test_the_last_admin_stays",
    ),
    Guard(
        "staff delete nobody who has a scope that they lack",
        "auth.deletion",
        "    require_scopes(conn, actor, user.scopes, now)\n",
        "",
        f"{AUTH}/test_deletion.py::test_staff_delete_users_but_not_whom_they_may_not_change",
    ),
    Guard(
        "an address is its owner's",
        "orders.repository.addresses",
        'OWN = addresses.c.owner == bindparam("b_owner")',
        'OWN = bindparam("b_owner") == bindparam("b_owner")',
        f"{ORDERS}/test_addresses.py::test_b1_addresses_of_others_do_not_exist",
    ),
    Guard(
        "an order goes to no address of others",
        "orders.repository.addresses",
        """    OWN,
    or_(""",
        "    or_(",
        f"{ORDERS}/test_addresses_at_checkout.py::test_b2_an_order_goes_to_no_address_of_others",
    ),
    Guard(
        "an export is its owner's",
        "orders.export",
        'orders.c.owner == bindparam("b_owner"), ',
        'bindparam("b_owner") == bindparam("b_owner"), ',
        f"{ORDERS}/test_export.py::test_b1_b7_an_export_has_nothing_of_others",
    ),
]
