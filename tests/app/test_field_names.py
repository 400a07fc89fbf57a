"""What people call the fields of the API."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.field_names import FIELDS, label_of
from app.web import create_api


def _taken(document: dict[str, Any]) -> Iterator[str]:
    """Each parameter of an operation, and each field of what an operation takes."""
    for operations in document["paths"].values():
        for operation in operations.values():
            yield from (each["name"] for each in operation.get("parameters", ()))
            for content in operation.get("requestBody", {}).get("content", {}).values():
                yield from _fields(content["schema"], document["components"]["schemas"], set())


def _fields(schema: dict[str, Any], schemas: dict[str, Any], seen: set[str]) -> Iterator[str]:
    name = schema.get("$ref", "").removeprefix("#/components/schemas/")
    if name and name not in seen:
        yield from _fields(schemas[name], schemas, seen | {name})
    for field, inner in schema.get("properties", {}).items():
        yield field
        yield from _fields(inner, schemas, seen)
    for inner in (*schema.get("anyOf", ()), schema.get("items", {})):
        if inner:
            yield from _fields(inner, schemas, seen)


def test_everything_that_can_be_filled_in_has_a_name_for_people() -> None:
    taken = set(_taken(create_api().openapi()))
    assert {"invite_code", "line_id", "member_ids", "until", "source_url"} <= taken
    # A caching header is the browser's own affair.
    assert sorted(taken - FIELDS.keys() - {"if-none-match"}) == []


@pytest.mark.parametrize(
    ("place", "label"),
    [
        (("invite_code",), "绑定码"),
        (("answers", 0, "line_id"), "回答第 1 项的行编号"),
        (("member_ids", 11), "党员第 12 项"),
        (("no_such_field",), "no_such_field"),
        (("config", "settings", "Host", "[key]"), label_of(("config", "settings", "Host"))),
        ((), ""),
    ],
)
def test_a_place_is_said_in_words(place: tuple[int | str, ...], label: str) -> None:
    assert label_of(place) == label
