"""A weekly issue -> A4 pages in normal or large type, with its quiz as a sheet to be filled in."""

from content.printing.blocks import Block, Heading, Paragraph, Picture, Rule, Table
from content.printing.issue import (
    DEEPEST,
    KINDS,
    LETTERS,
    NO_PICTURE,
    SIZES,
    UNSEEN,
    PrintedIssue,
    Sizes,
    Type,
    answer_line,
)
from content.printing.paper import SIDE, Paper, a4
from content.printing.wrap import BLANK, Run

_POINT = 25.4 / 72


def issue_pdf(issue: PrintedIssue, kind: Type) -> bytes:
    """Return the pages; the quiz begins a page of its own, so that it can be handed in.

    What the font lacks is printed as □, with a note; a picture that cannot be read is named.
    """
    sizes = SIZES[kind]
    foot = f"{issue.organisation}　{issue.week}　{issue.title}"
    with a4(issue.title, issue.printed_on, foot, 9 if kind == "normal" else 12) as paper:
        paper.text([Run(issue.organisation)], sizes.small, align=0.5)
        paper.text([Run(issue.title, True)], sizes.title, align=0.5)
        paper.text([Run(issue.week)], sizes.small, align=0.5)
        if issue.summary:
            paper.skip(2)
            paper.text([Run(issue.summary)], sizes.body, indent=2 * sizes.body * _POINT)
        for number, lesson in enumerate(issue.lessons, start=1):
            paper.skip(8)
            paper.need(sizes.lesson * _POINT * 5)
            paper.text([Run(f"{number}. {lesson.title}", True)], sizes.lesson)
            paper.text([Run(f"来源：{lesson.source}")], sizes.small)
            if lesson.has_media:
                paper.text([Run(f"（{UNSEEN}）")], sizes.small)
            paper.skip(2)
            for block in lesson.blocks:
                _draw(paper, block, issue, sizes)
        if issue.questions:
            _draw_quiz(paper, issue, sizes)
        if paper.lacks:
            paper.skip(4)
            paper.text([Run(f"{BLANK} 为字库没有的字，请手写补上")], sizes.small)
    return bytes(paper.pdf.output())


def _draw(paper: Paper, block: Block, issue: PrintedIssue, sizes: Sizes) -> None:
    em = sizes.body * _POINT
    if isinstance(block, Heading):
        paper.skip(em * 0.6)
        size = sizes.headings[block.level - 1]
        # Never the last line of a page.
        paper.need(size * _POINT * 4)
        paper.text([Run(run.text, True) for run in block.runs], size)
    elif isinstance(block, Paragraph):
        left = min(block.depth, DEEPEST) * 1.2 * em
        if block.marker:
            paper.need(em * 1.6)
            width = paper.width(block.marker, sizes.body)
            top = paper.y
            paper.line([Run(block.marker)], sizes.body, SIDE + left - width - em * 0.25)
            paper.y = top
        plain = not block.depth and not block.align
        paper.text(block.runs, sizes.body, left=left, indent=2 * em if plain else 0.0, align=block.align)
        paper.skip(em * 0.3)
    elif isinstance(block, Table):
        if not paper.table(block.rows, sizes.body * 0.9 if sizes.body < 18 else 18):
            for row in block.rows:
                runs = [run for cell in row for run in (*cell, Run("；"))]
                paper.text(runs[:-1], sizes.body)
        paper.skip(em * 0.5)
    elif isinstance(block, Rule):
        paper.rule()
    elif isinstance(block, Picture) and not paper.picture(issue.pictures.get(block.source, b"")):
        paper.text([Run(NO_PICTURE.format(block.text or "无说明"))], sizes.small)


def _draw_quiz(paper: Paper, issue: PrintedIssue, sizes: Sizes) -> None:
    """The quiz begins a page, so that the sheet can be handed in by itself."""
    em = sizes.body * _POINT
    paper.page()
    paper.text([Run(issue.quiz, True)], sizes.lesson, align=0.5)
    paper.text([Run(f"{issue.organisation}　{issue.week}")], sizes.small, align=0.5)
    paper.skip(em)
    paper.text([Run("姓名：______________　　日期：______________")], sizes.body)
    paper.skip(em)
    for number, question in enumerate(issue.questions, start=1):
        paper.need(em * 1.6 * (3 + len(question.options)))
        stem = f"{number}. （{KINDS.get(question.kind, '')}）{question.stem}"
        paper.text([Run(stem)], sizes.body)
        if question.kind != "true_false":
            for letter, option in zip(LETTERS, question.options, strict=False):
                paper.text([Run(f"{letter}. {option}")], sizes.body, left=2 * em)
        paper.text([Run(answer_line(question))], sizes.body, left=2 * em)
        paper.skip(em * 0.8)
