"""Who calls, and what belongs to somebody."""

from dataclasses import dataclass, field
from typing import Any

import httpx2

from shopkit.ids import new_id

ROLES = ("support", "catalog_manager", "order_manager", "admin")
PASSWORD = "correct horse battery"


@dataclass
class Person:
    client: httpx2.Client
    email: str = ""
    password: str = PASSWORD
    cart_token: str = ""
    fixed_token: str = ""
    _session: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def registered(cls, client: httpx2.Client, name: str) -> "Person":
        person = cls(client, f"{name.replace('_', '-')}@example.com")
        account = {"email": person.email, "password": person.password}
        answer = client.post("/api/auth/register", json=account)
        assert answer.status_code == 201, answer.text
        return person

    @property
    def token(self) -> str:
        if not self._session and self.email:
            account = {"email": self.email, "password": self.password}
            self._session = self.client.post("/api/auth/login", json=account).json()
        return self.fixed_token or self._session.get("access_token", "")

    def forget_session(self) -> None:
        self._session = {}

    def call(self, method: str, path: str, json: Any = None) -> httpx2.Response:
        headers = {"X-Cart-Token": self.cart_token} if self.cart_token else {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.client.request(method, path, json=json, headers=headers)

    @property
    def id(self) -> str:
        return str(self.call("GET", "/api/auth/me").json()["id"])

    def api_key(self, *scopes: str) -> "Person":
        body = {"name": "Warehouse", "scopes": scopes, "rate_class": "high"}
        answer = self.call("POST", "/api/auth/keys", body)
        assert answer.status_code == 201, answer.text
        return Person(self.client, fixed_token=answer.json()["key"])

    def give_role(self, other: "Person", role: str) -> None:
        body = {"roles": ["customer", role]}
        answer = self.call("PUT", f"/api/auth/users/{other.id}/roles", body)
        assert answer.status_code == 200, answer.text
        other.forget_session()


People = dict[str, Person]


@dataclass(frozen=True)
class Things:
    """Ids by the name of the parameter in a path."""

    ids: dict[str, str]

    @classmethod
    def of(cls, bob: Person, admin: Person) -> "Things":
        product = admin.call("GET", "/api/products?in_stock=true").json()["items"][0]["id"]
        assert bob.call("POST", "/api/cart", {"product_id": product}).status_code == 201
        order = bob.call("POST", "/api/orders")
        assert order.status_code == 201, order.text
        home = {"name": "Bob", "line1": "Street 1", "city": "Bonn", "country": "DE"}
        address = bob.call("POST", "/api/addresses", home).json()["id"]
        session = bob.call("GET", "/api/auth/sessions").json()["items"][0]["id"]
        return cls(
            {
                "order_id": order.json()["id"],
                "address_id": address,
                "session_id": session,
                "user_id": bob.id,
            }
        )

    def path(self, template: str) -> str:
        """Bob's things, and what does not exist for the rest."""
        parts = [
            self.ids.get(part[1:-1], new_id()) if part.startswith("{") else part
            for part in template.split("/")
        ]
        return "/".join(parts)
