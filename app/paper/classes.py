"""A leader records who was at a class, or at training, that is no meeting here (集中培训)."""

from collections.abc import Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.access.principals import CurrentStaff, below
from app.directory.models import Member, Organisation
from app.errors import Conflict, NotFound
from app.organisations.effective import DateInFuture
from app.organisations.service import find_organisation
from app.organisations.settings.keys import HOURS_A_DAY
from app.organisations.settings.resolved import load_settings
from app.paper.schemas import Recorded, RecordedClassIn
from app.records.models import RecordedStudy, StudyHour
from app.records.service import Done, append, hold_members


class DayFull(Conflict):
    """More classes than a day counts."""

    code = "class_day_full"


async def record_class(
    session: AsyncSession, staff: CurrentStaff, organisation_id: int, body: RecordedClassIn, now: datetime
) -> Recorded:
    """Records a class for members of the subtree, with its hours; the same one of the same day is recorded once.

    Raises `NotFound`, `DateInFuture` or `DayFull`.
    """
    organisation = await find_organisation(session, organisation_id, staff.paths("leader"))
    if body.studied_on > now.astimezone(ZoneInfo(organisation.timezone)).date():
        raise DateInFuture
    members = sorted(set(body.member_ids))
    living = select(Member.id).join(Organisation, Organisation.id == Member.organisation_id)
    found = await session.scalars(
        living.where(Member.id.in_(members), below(organisation), Member.archived_at.is_(None))
    )
    if len(set(found)) != len(members):
        raise NotFound
    places = await hold_members(session, members)
    same = {"title": body.title, "seconds": 60 * body.minutes, "way": "attended", "studied_on": body.studied_on}
    kept = {"completes": False, "recorded_by": staff.account_id, "recorded_at": now}
    written = await session.execute(
        insert(RecordedStudy).on_conflict_do_nothing().returning(RecordedStudy.id, RecordedStudy.member_id),
        [{"member_id": member_id, **same, **kept} for member_id in members],
    )
    new = {member_id: study_id for study_id, member_id in written}
    done = [
        Done(member_id, "class", study_id, 60 * body.minutes, way="attended", on=body.studied_on)
        for member_id, study_id in new.items()
    ]
    await append(session, done, now)
    await _check_day(session, {member_id: places[member_id][0] for member_id in new}, body.studied_on)
    audit.record(
        session, staff.actor, "class.recorded", "organisation", organisation.id, now=now,
        organisation_id=organisation.id, members=members, recorded=len(new), on=body.studied_on.isoformat(),
    )  # fmt: skip
    return Recorded(recorded=len(new), already=len(members) - len(new), ids=sorted(new.values()))


async def _check_day(session: AsyncSession, paths: dict[int, str], on: date) -> None:
    """Raises `DayFull` where the classes of a day, with those just added, count more than a day does there."""
    settings = await load_settings(session, set(paths.values()), [HOURS_A_DAY])
    rows = await session.execute(
        select(Member.id, Member.name, func.sum(StudyHour.hundredths))
        .join(StudyHour, StudyHour.member_id == Member.id)
        .where(Member.id.in_(list(paths)), StudyHour.kind == "class", StudyHour.earned_on == on)
        .group_by(Member.id)
        .order_by(Member.id)
    )
    full: Sequence[str] = [name for id_, name, sum_ in rows if sum_ > 100 * settings.get(paths[id_], HOURS_A_DAY)]
    if full:
        raise DayFull(f"{'、'.join(full[:5])}这一天的集中培训已超过一天最多可计的学时，请核对时长，或去掉后再登记。")
