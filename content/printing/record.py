"""A member's record of a period, and the certificate of it -> A4."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from content.printing.paper import Paper, a4
from content.printing.wrap import BLANK, Run

PRODUCT = "指尖课堂"
FACTS_ONLY = "本证明只列学习事实，不作评比、排名之用。"


@dataclass(frozen=True)
class Certified:
    """What a certificate says; `hours` and `recorded` are decimals as text, `check` is where it is looked up."""

    name: str
    organisation: str
    begins_on: date
    ends_on: date
    issues_completed: int
    hours: str
    recorded: str
    article: str
    rules: str
    number: str
    check: str
    issued_on: date


@dataclass(frozen=True)
class Printed:
    """A record as it is printed: a title, lines of facts, and tables each with its heading, header first."""

    title: str
    facts: Sequence[str]
    tables: Sequence[tuple[str, Sequence[Sequence[str]]]]
    printed_on: date


def day(on: date) -> str:
    """A day in words."""
    return f"{on.year}年{on.month}月{on.day}日"


def certificate_pdf(what: Certified) -> bytes:
    """Return one page; the same arguments give the same bytes. A character that the font lacks is printed as □."""
    with a4("学习证明", what.issued_on, f"{PRODUCT}　证明编号 {what.number}") as paper:
        paper.page()
        paper.y += 25
        paper.text([Run("学 习 证 明", True)], 30, align=0.5)
        paper.y += 14
        period = f"{day(what.begins_on)}至{day(what.ends_on)}"
        said = [
            Run(what.name, True),
            Run(f"同志（{what.organisation}）在{period}期间，完成每周学习 "),
            Run(f"{what.issues_completed} 期", True),
            Run("，累计 "),
            Run(f"{what.hours} 学时", True),
            Run(f"，其中纸质学习、送学上门 {what.recorded} 学时。"),
        ]
        paper.text(said, 16, indent=11.3)
        paper.y += 6
        paper.text([Run(f"学时依据{what.article}，按规则版本“{what.rules}”折算。{FACTS_ONLY}")], 16, indent=11.3)
        paper.y += 24
        paper.text([Run(what.organisation)], 16, align=1)
        paper.text([Run(day(what.issued_on))], 16, align=1)
        paper.y += 24
        paper.rule()
        paper.text([Run(f"证明编号：{what.number}")], 11)
        paper.text([Run(f"核验：{what.check}（显示起止日期、期数、学时和姓氏，请与本证明核对）")], 11)
        _note(paper)
    return bytes(paper.pdf.output())


def record_pdf(what: Printed) -> bytes:
    """Return the record on as many pages as it needs."""
    with a4(what.title, what.printed_on, f"{PRODUCT}　打印日期 {day(what.printed_on)}") as paper:
        paper.text([Run(what.title, True)], 20, align=0.5)
        paper.skip(4)
        for fact in what.facts:
            paper.text([Run(fact)], 12)
        for heading, rows in what.tables:
            paper.skip(5)
            paper.need(24)
            paper.text([Run(heading, True)], 14)
            paper.skip(1)
            cells = [[[Run(cell, number == 0)] for cell in row] for number, row in enumerate(rows)]
            if not paper.table(cells, 10.5):
                for row in rows:
                    paper.text([Run("；".join(row))], 10.5)
        _note(paper)
    return bytes(paper.pdf.output())


def _note(paper: Paper) -> None:
    if paper.lacks:
        paper.text([Run(f"{BLANK} 为字库没有的字，请手写补上")], 9)
