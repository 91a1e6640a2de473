"""Rule 5, T1 and T5: keys, answers, and the outbox."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from sqlalchemy import Connection, Row

from orders import saga
from orders.domain import Order
from orders.repository import keys
from orders.running import Sagas
from shopkit.ids import new_id
from shopkit.outbox import Relay
from tests.guards.faults import TRIES
from tests.guards.guard import Guard, both
from tests.guards.stage import Shop
from tests.guards.taking import Taking
from tests.model.guards import Guard as Modelled
from tests.shop_invariants import (
    i4_one_key_and_one_cart_make_one_order,
    i6_everything_comes_to_an_end,
)


async def an_answer_gets_lost_on_its_way_to_the_customer(shop: Shop) -> None:
    """Who has filled the cart again meanwhile, so that the cart cannot tell."""
    product = await shop.product()
    ada = await shop.customer(product)
    first = await ada.order("tok_success")
    assert first.status_code == 201, first.text
    await shop.settle()
    await ada.add(product)
    again = await ada.order("tok_success")
    assert (again.status_code, again.content) == (201, first.content), again.text
    assert await shop.stock(product) == (8, 0)


async def a_customer_asks_again_while_nobody_knows(shop: Shop) -> None:
    ada = await shop.customer(await shop.product())
    shop.networks["catalog"].delayed["commit"] = TRIES
    await ada.begun("tok_success")
    meanwhile = await ada.order("tok_success")
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_in_progress")
    await shop.settle()
    assert (await ada.order("tok_success")).status_code == 201


async def an_order_is_paid(shop: Shop) -> None:
    await (await shop.customer(await shop.product())).ordered("tok_success")
    await shop.settle()


async def a_consume_is_slow(shop: Shop) -> None:
    shop.networks["cart"].delayed["consume"] = TRIES
    await (await shop.customer(await shop.product())).ordered("tok_success")
    await shop.settle()


def keys_repeat(taking: Taking) -> None:
    insert = keys.insert_key

    def another(conn: Connection, key: Mapping[str, Any]) -> bool:
        return insert(conn, {**key, "key": f"{key['key']}-{new_id()}"})

    taking.replace(keys, "insert_key", another)


def first_key_dies(taking: Taking) -> None:
    """The order is stored, and the process dies before the key's transaction."""
    insert, calls = keys.insert_key, count()

    def later(conn: Connection, key: Mapping[str, Any]) -> bool:
        return next(calls) == 0 or insert(conn, key)

    taking.replace(keys, "insert_key", later)


def answer_503(taking: Taking) -> None:
    postpone = Sagas._postpone

    async def give_up(self: Sagas, order: Order) -> None:
        await postpone(self, order)
        body = {"code": "unavailable", "detail": "Try again.", "extra": {}}
        await self._it.database.run(keys.store_answer, order, 503, body)

    taking.replace(Sagas, "_postpone", give_up)


def no_5xx_check(taking: Taking) -> None:
    taking.drop_check("orders", "checkout_keys", "ck_checkout_keys_status")


def answer_later(taking: Taking) -> None:
    """Never: the process dies before."""
    taking.replace(saga, "store_answer", lambda conn, order, status, body: None)


def event_later(taking: Taking) -> None:
    taking.replace(saga, "emit", lambda conn, table, **event: None)


def forget_at_once(taking: Taking) -> None:
    deliver = Relay._deliver

    async def try_once(self: Relay, row: Row[Any]) -> bool:
        await deliver(self, row)
        return False

    taking.replace(Relay, "_deliver", try_once)


GUARDS = (
    Guard(
        name="a key is inserted once",
        of=Modelled.KEY_UNIQUE,
        out=keys_repeat,
        script=an_answer_gets_lost_on_its_way_to_the_customer,
        noticed_by=an_answer_gets_lost_on_its_way_to_the_customer,
    ),
    Guard(
        name="the key is stored with its order",
        of=Modelled.KEY_WITH_ORDER,
        out=first_key_dies,
        script=an_answer_gets_lost_on_its_way_to_the_customer,
        noticed_by=an_answer_gets_lost_on_its_way_to_the_customer,
    ),
    Guard(
        name="a 5xx is never stored, nor allowed by the table",
        of=Modelled.NO_5XX_STORED,
        out=both(answer_503, no_5xx_check),
        script=a_customer_asks_again_while_nobody_knows,
        noticed_by=a_customer_asks_again_while_nobody_knows,
    ),
    Guard(
        name="a 5xx is not allowed by the table",
        out=no_5xx_check,
        script=a_customer_asks_again_while_nobody_knows,
        because="only final answers are stored",
    ),
    Guard(
        name="the answer is stored with the order",
        of=Modelled.ANSWER_WITH_ORDER,
        out=answer_later,
        script=an_order_is_paid,
        noticed_by=i4_one_key_and_one_cart_make_one_order,
    ),
    Guard(
        name="the outbox is written with the order",
        of=Modelled.OUTBOX_WITH_ORDER,
        out=event_later,
        script=an_order_is_paid,
        noticed_by=i6_everything_comes_to_an_end,
    ),
    Guard(
        name="the relay insists",
        of=Modelled.RELAY_UNTIL_ANSWERED,
        out=forget_at_once,
        script=a_consume_is_slow,
        noticed_by=i6_everything_comes_to_an_end,
    ),
)
