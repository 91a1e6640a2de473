"""FromQuery: a model as the query parameters of a route.

FastAPI's own `Annotated[Model, Query()]` works out each member's type anew at every request: with
eleven members that costs as much as reading and serialising twenty rows.
"""

from typing import Any

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError


class QueryOf:
    """A dependency that validates the query string with a model; see FromQuery."""

    def __init__(self, model: type[BaseModel], gathers: str | None = None) -> None:
        self.model, self._gathers = model, gathers
        self.prefix = None if gathers is None else f"{gathers}."
        """What names of parameters that only the data knows begin with."""

    @property
    def names(self) -> set[str]:
        names = {field.alias or name for name, field in self.model.model_fields.items()}
        return names - {self._gathers}

    async def __call__(self, request: Request) -> BaseModel:
        try:
            return self.model.model_validate(self._gathered(request))
        except ValidationError as exc:
            errors = [{**error, "loc": ("query", *self._place(error))} for error in exc.errors()]
            raise RequestValidationError(errors) from None

    def _gathered(self, request: Request) -> dict[str, Any]:
        given: dict[str, Any] = dict(request.query_params)
        if self._gathers is None or self.prefix is None:
            return given
        many = {name: given.pop(name) for name in list(given) if name.startswith(self.prefix)}
        if many:
            given[self._gathers] = {
                name.removeprefix(self.prefix): value for name, value in many.items()
            }
        return given

    def _place(self, error: Any) -> tuple[Any, ...]:
        first, *rest = error["loc"]
        if first != self._gathers or not rest:
            return (first, *rest)
        return (f"{self.prefix}{rest[0]}",)

    def parameters(self) -> list[dict[str, Any]]:
        """The members as parameter objects of OpenAPI."""
        schema = self.model.model_json_schema()
        required = schema.get("required", ())
        return [
            self._many(dict(member))
            if name == self._gathers
            else _parameter(name, dict(member), name in required)
            for name, member in schema["properties"].items()
        ]

    def _many(self, schema: dict[str, Any]) -> dict[str, Any]:
        """OpenAPI's way of saying that there are parameters of any name that begins so."""
        values = schema.get("additionalProperties") or next(
            iter(schema["patternProperties"].values())
        )
        return {
            "name": self._gathers,
            "in": "query",
            "required": False,
            "style": "form",
            "explode": True,
            "description": schema["description"],
            "schema": {
                "type": "object",
                "additionalProperties": values,
                "propertyNames": {"pattern": f"^{self._gathers}[.]"},
                "maxProperties": schema["maxProperties"],
            },
        }


def FromQuery(model: type[BaseModel], gathers: str | None = None) -> Any:
    """`query: Annotated[ProductQuery, FromQuery(ProductQuery)]`; members are simple values.

    Parameters that are named `<gathers>.<something>` become one member, a dict.
    """
    return Depends(QueryOf(model, gathers))


def _parameter(name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "in": "query", "required": required}
    if "description" in schema:
        found["description"] = schema.pop("description")
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(others) == 1:  # absent is not null
        del schema["anyOf"]
        schema |= others[0]
    if schema.get("default", ...) is None:
        del schema["default"]
    return found | {"schema": schema}
