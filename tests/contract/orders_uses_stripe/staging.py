"""The stage of the contract, as Stripe plays on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from orders.clients.provider import Intent, Provider
from shopkit.clock import FrozenClock
from tests.contract.provider_contract import Webhook
from tests.local_stripe import DECLINED, VISA, Door, signed

NEEDS_3DS = "4000002500003155"


async def card(door: Door, number: str) -> str:
    """A PaymentMethod, as Stripe's script in the page makes it."""
    given = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
    form = {"type": "card"} | {f"card[{name}]": value for name, value in given.items()}
    _, made = await door.send("POST", "/v1/payment_methods", form)
    return str(made["id"])


@dataclass
class StripeStage:
    clock: FrozenClock
    provider: Provider
    door: Door
    action_token: str
    good_token: ClassVar[str] = VISA
    declined_tokens: ClassVar[Mapping[str, str]] = {DECLINED: "card_declined"}

    async def decide(self, intent: Intent, *, confirm: bool) -> None:
        """In the window that Stripe's script opens."""
        assert intent.next_action is not None
        assert intent.next_action["type"] == "stripe_sdk"
        secret = intent.next_action["client_secret"]
        form = {"client_secret": secret, "success": str(confirm).lower()}
        await self.door.send("POST", f"/v1/payment_intents/{intent.id}/_authenticate", form)

    async def webhook(self, intent_id: str) -> Webhook:
        """localstripe sends none when money is held: this one is made up after Stripe's pages."""
        intent = await self.door.intent(intent_id)
        intent["latest_charge"] = intent["latest_charge"]["id"]
        return signed("payment_intent.amount_capturable_updated", intent, self.clock.now())
