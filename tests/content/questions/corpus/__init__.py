"""The questions written for the tests, by the public document that each rests on."""

from functools import cache
from pathlib import Path

import yaml

from content.questions.check import ParsedQuestion, check_question


@cache
def corpus() -> tuple[ParsedQuestion, ...]:
    """Return all questions of the *.yaml files beside this one, each a list as it is taken apart below."""
    found: list[ParsedQuestion] = []
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for group in yaml.safe_load(path.read_text("utf-8")):
            for kind, stem, options, answer, explanation, article, difficulty in group["questions"]:
                source = group["source"] + article
                found.append(
                    check_question(kind, stem, options, answer, explanation, source, str(difficulty), group["tags"])
                )
    return tuple(found)
