"""For whose limit of unpaid orders a guest's order counts. A cart's token is no identity, since
everybody gets as many as they like; what is kept is a keyed hash."""

import hashlib
import hmac


class Debtors:
    """`most` is how many unpaid orders each may have; 0: any number."""

    def __init__(self, secret: str, most: int) -> None:
        self.most = most
        self._key = hashlib.sha256(b"debtor:" + secret.encode()).digest()

    def of_guest(self, network: str | None, email: str) -> str:
        """By the client's network; by the e-mail address where that is not known."""
        kind, known = ("address", network) if network else ("email", email.strip().casefold())
        return f"{kind}:{hmac.digest(self._key, known.encode(), 'sha256').hex()}"
