"""What people should look at in a lesson: words of the lists that hold there, of secrecy, and what its parser said."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.directory.models import Organisation
from app.errors import Conflict
from app.library.desk_models import LessonCorrection, WordList
from app.library.models import Lesson
from app.library.schemas import WarningOut
from app.library.written import Written, read_text
from content.secrecy import secrecy_words
from content.words import Finding, Word, flag_words

# Of different words in one text; who has so many is not helped by more.
MOST_WORDS = 100
LEVELS = {"wrong": "错误用语", "sensitive": "敏感词", "notice": "提醒"}


async def load_words(session: AsyncSession, organisation_id: int) -> list[Word]:
    """The words that are looked for in an organisation: its own and those of all above it, the nearest one's first."""
    own = select(Organisation.path).where(Organisation.id == organisation_id).scalar_subquery()
    found = await session.scalars(
        select(WordList.words)
        .join(Organisation, Organisation.id == WordList.organisation_id)
        .where(func.starts_with(own, Organisation.path))
        .order_by(func.length(Organisation.path).desc())
    )
    words = [Word(**word) for words in found for word in words]
    return list({word.text: word for word in reversed(words)}.values())


@dataclass(frozen=True)
class Flagged:
    """A warning that a reviewer has to confirm, and the text that it is in."""

    title: str
    code: str
    detail: str


@dataclass(frozen=True)
class Looked:
    """What a reviewer has to confirm in texts of these revisions, by the ids of their lessons, and whether they did."""

    revisions: Mapping[int, int]
    warnings: Sequence[Flagged]
    confirmed: bool


class WarningsUnconfirmed(Conflict):
    """A reviewer has to say that what was found is in order."""

    code = "warnings_unconfirmed"
    detail = "资料中有需要审核人确认的内容。请逐条看过，确认无误后勾选“已核对提示”再通过；需要修改的请退回。"


def check_confirmed(warnings: Sequence[Flagged], confirmed: bool) -> None:
    """Raises `WarningsUnconfirmed`, which names each of them."""
    if warnings and not confirmed:
        raise WarningsUnconfirmed(
            errors=[{"code": each.code, "detail": f"《{each.title}》{each.detail}"} for each in warnings]
        )


async def find_flagged(words: Sequence[Word], written: Lesson | LessonCorrection) -> list[Flagged]:
    """The warnings of a text that a reviewer has to confirm."""
    found = await find_warnings(words, written)
    return [Flagged(written.title, each.code, each.detail) for each in found if each.to_confirm]


async def find_warnings(words: Sequence[Word], written: Lesson | LessonCorrection | Written) -> list[WarningOut]:
    """The warnings of a text; a long one takes half a second, so this is done in a thread, with no transaction open."""
    return await asyncio.to_thread(lambda: list(_warnings(words, written)))


def _warnings(words: Sequence[Word], written: Lesson | LessonCorrection | Written) -> Iterator[WarningOut]:
    for notice in written.notices:
        yield WarningOut(code=notice["code"], detail=notice["detail"], to_confirm=False)
    text = "\n".join([written.title, written.summary, read_text(written)])
    if secret := secrecy_words(text):
        detail = f"文中出现“{'、'.join(secret)}”字样，请审核人确认内容不涉密。"
        yield WarningOut(code="secrecy_words", detail=detail, to_confirm=True)
    counts: Counter[str] = Counter()
    first: dict[str, Finding] = {}
    for finding in flag_words(text, words) if words else ():
        counts[finding.word.text] += 1
        first.setdefault(finding.word.text, finding)
    for name in list(first)[:MOST_WORDS]:
        yield _flagged(first[name], counts[name])


def _flagged(finding: Finding, times: int) -> WarningOut:
    word = finding.word
    advice = f"建议改为“{word.advice}”" if word.advice else "请核对"
    detail = f"{LEVELS[word.level]}“{word.text}”出现 {times} 处，{advice}：……{finding.context}……"
    return WarningOut(code=f"{word.level}_word", detail=detail, to_confirm=True)
