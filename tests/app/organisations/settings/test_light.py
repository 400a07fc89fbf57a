"""Lightening the load: no operation needs points, rankings, check-ins or online time."""

import json
import re
from collections.abc import Iterator
from typing import Any

from app.organisations.settings.keys import ALL
from app.web import create_api

DOCUMENT = create_api().openapi()
RESTRICTED = {key.name for key in ALL if key.warning and key.note}
# As they would be called in a path, a field or a parameter, whatever function might one day bring them.
WORDS = re.compile(
    r"(?<![a-z])(points?|leader_?board|ranking|check_?in|show_time|online_time|likes?|forwards?)(?![a-z])"
)
SETTINGS = "/api/v1/organisations/{organisation_id}/settings"


def required_names(schema: Any, seen: frozenset[str] = frozenset()) -> Iterator[str]:
    """Each property that a body must have, at any depth."""
    if isinstance(schema, list):
        for each in schema:
            yield from required_names(each, seen)
    if not isinstance(schema, dict):
        return
    reference = schema.get("$ref")
    if reference is not None and reference not in seen:
        found: Any = DOCUMENT
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        yield from required_names(found, seen | {reference})
    yield from schema.get("required", [])
    for name, inner in schema.items():
        if name not in {"$ref", "required"}:
            yield from required_names(inner, seen)


def test_the_restricted_functions_are_switches_and_off() -> None:
    assert {"points", "leaderboard", "check_in", "show_time"} == RESTRICTED
    assert all(key.default is False for key in ALL if key.name in RESTRICTED)


def test_no_operation_is_one_of_the_restricted_functions_or_needs_one() -> None:
    for path, operations in DOCUMENT["paths"].items():
        assert not WORDS.search(path), path
        for operation in operations.values():
            needed = [each["name"] for each in operation.get("parameters", []) if each.get("required")]
            needed += required_names(operation.get("requestBody", {}).get("content"))
            assert not [name for name in needed if WORDS.search(name)], operation["operationId"]


def test_their_names_are_known_to_the_settings_only() -> None:
    for path, operations in DOCUMENT["paths"].items():
        for operation in operations.values():
            parameters = json.dumps(operation.get("parameters", []))
            assert path.startswith(SETTINGS) or not any(f'"{name}"' in parameters for name in RESTRICTED)


def test_a_body_that_needed_points_would_be_noticed() -> None:
    inner = {"type": "object", "required": ["points"], "properties": {"points": {"type": "integer"}}}
    body = {"application/json": {"schema": {"anyOf": [{"type": "array", "items": inner}]}}}
    assert [name for name in required_names(body) if WORDS.search(name)] == ["points"]
