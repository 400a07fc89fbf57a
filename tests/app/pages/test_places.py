"""Every route of lessons, issues and quizzes has a place on a page."""

import re

import pytest

from app.pages.files import ASSETS
from app.web import create_api

SCRIPTS = "\n".join(script.read_text() for script in sorted(ASSETS.glob("*.js")))
# A page that is for issues and lessons alike has the beginning of the address in a variable, and so have two buttons
# that only differ in its end.
ALIKE = {
    r"/(?:issues|lessons)/\{\w+\}(?=/(?:comments|history))": "${path}",
    r"/(?:archive|restoration)$": "/${address}",
}
PARAMETER = r"\$\{(?:[^{}]|\{[^{}]*\})*\}"


def places() -> list[str]:
    """The operations with their address as a page would write it, as a pattern."""
    found = []
    for path, operations in create_api().openapi()["paths"].items():
        for method, operation in operations.items():
            if {"library", "quizzes"} & set(operation["tags"]):
                found.append(f"{method.upper()} {path.removeprefix('/api/v1')}")
    return found


def pattern_of(path: str) -> str:
    for alike, written in ALIKE.items():
        path = re.sub(alike, written, path)
    parts = re.split(r"\{\w+\}|\$\{\w+\}", path)
    return PARAMETER.join(map(re.escape, parts))


@pytest.mark.parametrize("place", places())
def test_a_page_calls_it(place: str) -> None:
    method, _, path = place.partition(" ")
    address = rf'["`]{pattern_of(path)}["`?]'
    reads = rf"(?:\"{method}\", |\.all\({'' if method == 'GET' else '(?!)'})"
    varies = rf"const path = `{pattern_of(path)}"
    assert re.search(reads + address, SCRIPTS) or re.search(varies, SCRIPTS), f"no page has {place}"
