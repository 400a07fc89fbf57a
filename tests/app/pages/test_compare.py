"""What changed between two texts, as the pages show it: their own module, run by Node.js."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.pages.files import ASSETS

NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(NODE is None, reason="needs Node.js")
TEXTS = st.lists(st.sampled_from(["甲", "乙", "丙", ""]), min_size=1, max_size=8).map("\n".join)


def compared(pairs: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    """The signed lines of each pair of texts."""
    assert NODE is not None
    module = (ASSETS / "compare.js").read_text().replace('import { h } from "./dom.js";', "")
    script = f"{module}\nconsole.log(JSON.stringify({json.dumps(pairs)}.map(([a, b]) => compared(a, b))));"
    done = subprocess.run([NODE, "--input-type=module"], input=script.encode(), capture_output=True, check=True)
    return [[(sign, line) for sign, line in each] for each in json.loads(done.stdout)]


def test_what_is_new_and_what_is_gone_stands_between_what_stays() -> None:
    (found,) = compared([("题\n一\n二\n三", "题\n一\n二改\n三\n四")])
    assert found == [(" ", "题"), (" ", "一"), ("-", "二"), ("+", "二改"), (" ", "三"), ("+", "四")]


@settings(max_examples=5, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=40, max_size=40))
def test_both_texts_are_found_again_and_nothing_that_stays_is_marked(pairs: list[tuple[str, str]]) -> None:
    for (before, after), lines in zip(pairs, compared(pairs), strict=True):
        assert "\n".join(line for sign, line in lines if sign != "+") == before
        assert "\n".join(line for sign, line in lines if sign != "-") == after
        if before == after:
            assert {sign for sign, _ in lines} == {" "}


def test_texts_of_many_lines_are_still_compared_in_no_time() -> None:
    before, after = "\n".join(map(str, range(3_000))), "\n".join(map(str, range(1, 3_001)))
    (found,) = compared([(before, after)])
    assert "\n".join(line for sign, line in found if sign != "-") == after
