"""Drawing questions from a bank by rules: the same seed and bank give the same draw."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, func, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.errors import Conflict
from app.quizzes.models import Question
from app.quizzes.schemas import DrawRule


class BankTooSmall(Conflict):
    """The bank has too few questions for the rules."""

    code = "bank_too_small"
    detail = "题库中符合抽题条件的试题不够，暂时无法组卷。请联系发布这一期的内容编辑补充试题。"


def matching(rule: DrawRule) -> ColumnElement[bool]:
    """The condition that a `Question` may be drawn by this rule: one of its kinds and tags, in its difficulties.

    A question without a difficulty is drawn only where the rule does not speak of one.
    """
    conditions: list[ColumnElement[bool]] = [Question.archived_at.is_(None)]
    if rule.kinds:
        conditions.append(Question.kind.in_(rule.kinds))
    if rule.tags:
        conditions.append(Question.tags.overlap(rule.tags))
    if rule.difficulty_from is not None or rule.difficulty_to is not None:
        conditions.append(Question.difficulty.between(rule.difficulty_from or 1, rule.difficulty_to or 5))
    return and_(true(), *conditions)


async def count_matching(session: AsyncSession, organisation_id: int, rule: DrawRule) -> int:
    """How many questions of the bank the rule could draw."""
    found = await session.scalar(
        select(func.count()).select_from(Question).where(Question.organisation_id == organisation_id, matching(rule))
    )
    return found or 0


async def draw(session: AsyncSession, organisation_id: int, rules: Sequence[DrawRule], seed: int) -> list[int]:
    """The ids of the questions that the rules draw from the bank, rule by rule; raises `BankTooSmall`."""
    total = sum(rule.count for rule in rules)
    wanted: list[tuple[int, Sequence[int]]] = []
    for rule in rules:
        # More candidates than there are places never help, however the other rules choose.
        found = await session.scalars(
            select(Question.id)
            .where(Question.organisation_id == organisation_id, matching(rule))
            .order_by(func.hashint8extended(Question.id, seed), Question.id)
            .limit(total)
        )
        wanted.append((rule.count, found.all()))
    drawn = assign(wanted)
    if drawn is None:
        raise BankTooSmall
    return drawn


def assign(wanted: Sequence[tuple[int, Sequence[int]]]) -> list[int] | None:
    """For each (count, candidates) as many candidates, none of them twice; None where that cannot be.

    Rules overlap, and the first must not take what only the second can use: augmenting paths (Kuhn, "The Hungarian
    method for the assignment problem", 1955) find an assignment whenever there is one.
    """
    places = [candidates for count, candidates in wanted for _ in range(count)]
    held: dict[int, int] = {}

    def fill(place: int, tried: set[int]) -> bool:
        free = next((each for each in places[place] if each not in held), None)
        if free is not None:
            held[free] = place
            return True
        for each in places[place]:
            if each not in tried:
                tried.add(each)
                if fill(held[each], tried):
                    held[each] = place
                    return True
        return False

    if not all(fill(place, set()) for place in range(len(places))):
        return None
    at = {place: each for each, place in held.items()}
    return [at[place] for place in range(len(places))]
