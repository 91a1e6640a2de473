import json
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Header
from fastapi import Path as PathParameter
from openapi_spec_validator import validate
from pydantic import BaseModel, create_model

from gateway.merge_openapi import SERVICES, main, merge, serialise
from gateway.openapi_components import MergeError

SECURITY = [{"login": []}, {"bearer": []}]
LOCKED = {"description": "`cart_locked`: The cart is being checked out; `cart_empty`: It is empty"}


class Money(BaseModel):
    amount: int


class Shared(BaseModel):
    price: Money


def document(name: str, item_field: str = "same") -> dict[str, Any]:
    """Like those of the services: shared schemas, and an Item that may differ."""
    app = FastAPI(title=name)
    item = create_model("Item", **{item_field: (int, ...)}, money=(Money, ...))  # type: ignore[call-overload]
    holder = create_model("Holder", item=(item, ...))
    conflict: dict[int | str, dict[str, Any]] = {
        409: {**LOCKED, "content": {"application/problem+json": {}}}
    }

    @app.get(f"/api/{name}/{{id}}", operation_id=f"get_{name}", response_model=holder)
    async def get(id: str = PathParameter()) -> None: ...

    @app.post(f"/api/{name}", operation_id=f"make_{name}", responses=conflict, tags=["Orders"])
    async def make(body: Shared, x_cart_token: str = Header()) -> None: ...

    @app.get("/healthz")
    async def healthz() -> None: ...

    spec = app.openapi()
    spec["paths"][f"/api/{name}"]["post"]["security"] = [*SECURITY]
    spec["components"]["securitySchemes"] = {name: {"type": "http", "scheme": "bearer"}}
    spec["components"]["schemas"]["Problem"] = {"type": "object"}
    return spec


@pytest.fixture
def documents() -> dict[str, dict[str, Any]]:
    return {name: document(name) for name in SERVICES}


def schema_names(merged: dict[str, Any]) -> set[str]:
    return set(merged["components"]["schemas"])


def test_the_result_is_valid_openapi_3_1(documents: dict[str, dict[str, Any]]) -> None:
    documents["cart"] = document("cart", "other")
    merged = merge(documents)
    validate(merged)
    assert (merged["openapi"], merged["servers"]) == ("3.1.0", [{"url": "/"}])
    assert merged["info"]["title"] == "Shop API"


def test_probes_go_and_health_comes(documents: dict[str, dict[str, Any]]) -> None:
    paths = merge(documents)["paths"]
    assert "/healthz" not in paths
    assert paths["/api/health"]["get"]["operationId"] == "get_health"
    assert list(paths["/api/health"]["get"]["responses"]["503"]["content"]) == ["application/json"]


def test_equal_schemas_stay_one(documents: dict[str, dict[str, Any]]) -> None:
    assert {"Money", "Shared", "Item", "Holder"} <= schema_names(merge(documents))
    assert not [name for name in schema_names(merge(documents)) if name.startswith("Cart")]


def test_different_ones_are_named_by_service_with_all_that_hold_them(
    documents: dict[str, dict[str, Any]],
) -> None:
    documents["cart"] = document("cart", "other")
    merged = merge(documents)
    names = schema_names(merged)
    assert {"CartItem", "OrdersItem", "CartHolder", "AuthHolder", "Money", "Shared"} <= names
    assert not {"Item", "Holder"} & names
    answer = merged["paths"]["/api/cart/{id}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["schema"]["$ref"].endswith("/CartHolder")
    schemas = merged["components"]["schemas"]
    assert schemas["CartHolder"]["properties"]["item"]["$ref"].endswith("/CartItem")
    assert "other" in schemas["CartItem"]["properties"]


def test_a_name_that_is_taken_is_refused(documents: dict[str, dict[str, Any]]) -> None:
    documents["cart"] = document("cart", "other")
    documents["auth"]["components"]["schemas"]["CartItem"] = {"type": "string"}
    with pytest.raises(MergeError, match="CartItem"):
        merge(documents)


def test_operation_ids_are_distinct(documents: dict[str, dict[str, Any]]) -> None:
    documents["cart"]["paths"]["/api/cart"]["post"]["operationId"] = "get_orders"
    with pytest.raises(MergeError, match="get_orders"):
        merge(documents)


def test_a_call_belongs_to_one_service(documents: dict[str, dict[str, Any]]) -> None:
    documents["cart"]["paths"]["/api/orders"] = documents["orders"]["paths"]["/api/orders"]
    with pytest.raises(MergeError, match="/api/orders"):
        merge(documents)


def test_paths_that_differ_in_a_name_only_become_one(documents: dict[str, dict[str, Any]]) -> None:
    item = {"delete": document("cart")["paths"]["/api/cart/{id}"]["get"] | {"operationId": "x"}}
    item["delete"]["parameters"][0]["name"] = "ref"
    documents["cart"]["paths"]["/api/cart/{ref}"] = item
    paths = merge(documents)["paths"]
    assert set(paths["/api/cart/{id}"]) == {"get", "delete"}
    assert paths["/api/cart/{id}"]["delete"]["parameters"][0]["name"] == "id"
    assert "/api/cart/{ref}" not in paths


def test_what_only_the_gateway_answers_is_declared(documents: dict[str, dict[str, Any]]) -> None:
    paths = merge(documents)["paths"]
    get, post = paths["/api/cart/{id}"]["get"], paths["/api/cart"]["post"]
    assert {"400", "404", "429", "503"} <= set(get["responses"])
    assert {"400", "409", "413", "429", "503"} <= set(post["responses"])
    assert "413" not in get["responses"]
    assert get["responses"]["429"]["description"] == "`rate_limited`: Too many requests"
    assert list(get["responses"]["503"]["headers"]) == ["Retry-After"]


def test_declared_answers_are_kept(documents: dict[str, dict[str, Any]]) -> None:
    busy = {"description": "`busy`: Full", "content": {"application/problem+json": {}}}
    documents["auth"]["paths"]["/api/auth"]["post"]["responses"]["503"] = busy
    answer = merge(documents)["paths"]["/api/auth"]["post"]["responses"]["503"]
    assert answer["description"] == "`busy`: Full; `service_unavailable`: Try again shortly"


def test_the_description_has_every_code(documents: dict[str, dict[str, Any]]) -> None:
    text = merge(documents)["info"]["description"]
    assert "| `cart_locked` | 409 | The cart is being checked out |" in text
    assert "| `cart_empty` | 409 | It is empty |" in text
    assert "| `rate_limited` | 429 | Too many requests |" in text
    assert "{error_codes}" not in text
    assert "X-Cart-Token" in text


def test_one_set_of_security_schemes(documents: dict[str, dict[str, Any]]) -> None:
    merged = merge(documents)
    schemes = merged["components"]["securitySchemes"]
    assert set(schemes) == {"login", "bearer", "cart_token"}
    assert schemes["login"]["flows"]["password"]["tokenUrl"] == "/api/auth/token"
    assert merged["paths"]["/api/cart"]["post"]["security"] == [*SECURITY, {"cart_token": []}]


def test_tags_are_described_and_come_in_order(documents: dict[str, dict[str, Any]]) -> None:
    tags = [tag["name"] for tag in merge(documents)["tags"]]
    assert tags == ["Orders", "Health", "auth", "catalog", "cart", "orders"]


def test_the_same_documents_make_the_same_text(documents: dict[str, dict[str, Any]]) -> None:
    again = {name: json.loads(json.dumps(document(name))) for name in SERVICES}
    assert serialise(merge(documents)) == serialise(merge(again))


def test_the_command_writes_and_checks(
    tmp_path: Path, documents: dict[str, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--folder", str(tmp_path)]
    assert main(arguments) == 2
    assert "auth.json" in capsys.readouterr().err
    for name, content in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    assert main([*arguments, "--check"]) == 1
    assert main(arguments) == 0
    assert main([*arguments, "--check"]) == 0
    documents["cart"]["paths"]["/api/cart"]["post"]["summary"] = "Changed"
    (tmp_path / "cart.json").write_text(json.dumps(documents["cart"]), encoding="utf-8")
    assert main([*arguments, "--check"]) == 1
