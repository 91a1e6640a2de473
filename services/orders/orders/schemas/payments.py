"""Payment methods, as clients get them."""

from shopkit.schemas import Output


class PaymentMethod(Output):
    name: str
    needs_token: bool


class PaymentMethods(Output):
    items: list[PaymentMethod]
