"""A weekly issue -> what is printed of it: the data that both forms, pages and Word files, are made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from content.printing.blocks import Block

Type = Literal["normal", "large"]

KINDS = {"single": "单选", "multiple": "多选", "true_false": "判断", "fill_in": "填空", "ordering": "排序"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Millimetres on which somebody who is old can write.
WRITING = "____________"
NO_PICTURE = "［图片：{}，请在手机上查看］"
# Steps that lists and quotations go in; what is deeper stands there too, or it would leave the page.
DEEPEST = 8
UNSEEN = "视频或音频请在手机上观看"


@dataclass(frozen=True)
class PrintedLesson:
    """A lesson with its text, and where it is from."""

    title: str
    source: str
    blocks: Sequence[Block]
    has_media: bool = False


@dataclass(frozen=True)
class PrintedQuestion:
    """A question without its answer."""

    kind: str
    stem: str
    options: Sequence[str]


@dataclass(frozen=True)
class PrintedIssue:
    """An issue; `pictures` are the bytes of its pictures, by the address that the blocks name."""

    title: str
    organisation: str
    week: str
    summary: str
    lessons: Sequence[PrintedLesson]
    quiz: str
    questions: Sequence[PrintedQuestion]
    printed_on: date
    pictures: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Sizes:
    """Points: of the body, of titles and of headings by level."""

    body: float
    title: float
    lesson: float
    headings: tuple[float, ...]
    small: float


SIZES: Mapping[Type, Sizes] = {
    "normal": Sizes(12, 22, 17, (15, 14, 13, 12), 9.5),
    # For old eyes: nothing that is read is under 18 points.
    "large": Sizes(19, 28, 24, (22, 21, 20, 19), 18),
}


def answer_line(question: PrintedQuestion) -> str:
    """Where the answer is written."""
    return f"答：{WRITING}" if question.kind != "true_false" else "答：□ 对　　□ 错"
