"""Who appoints, resets passwords and reads the audit log: administrators too, unless duties are separate (三员分立)."""

from sqlalchemy import Boolean, ColumnElement, and_, any_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, lineage, within
from app.directory.models import Organisation, OrganisationSetting
from app.errors import Forbidden

# The key of the setting.
SEPARATE_DUTIES = "separate_duties"
# 三员: where duties are separate, they are different people.
OFFICERS = ("administrator", "security_administrator", "auditor")
KEEPERS_OF_POSTS = ("administrator", "security_administrator")


class DutiesSeparated(Forbidden):
    """It is the security administrator's to do here."""

    code = "duties_separated"
    detail = "该党组织已启用三员分立，任职、重置密码、停用账号和审计日志由安全管理员办理，请与其联系。"


def duties_are_separate() -> ColumnElement[bool]:
    """The SQL of whether duties are separate in an `Organisation` of the query: the nearest setting says."""
    places = lineage()
    nearest = (
        select(OrganisationSetting.value)
        .where(OrganisationSetting.key == SEPARATE_DUTIES, OrganisationSetting.organisation_id == any_(places))
        .order_by(func.array_position(places, OrganisationSetting.organisation_id).desc())
        .limit(1)
        .correlate(Organisation)
        .scalar_subquery()
    )
    return func.coalesce(cast(nearest, Boolean), False)


def keeps_posts(staff: CurrentStaff) -> ColumnElement[bool]:
    """The SQL of the organisations whose posts and passwords are in the hands of `staff`."""
    return or_(
        within(Organisation.path, staff.paths("security_administrator")),
        and_(within(Organisation.path, staff.paths("administrator")), ~duties_are_separate()),
    )


def reads_log(staff: CurrentStaff) -> ColumnElement[bool]:
    """The SQL of the organisations whose audit log `staff` may read."""
    return or_(within(Organisation.path, staff.paths("auditor")), keeps_posts(staff))


async def are_duties_separate(session: AsyncSession, organisation_id: int) -> bool:
    """Whether duties are separate in an organisation."""
    return bool(await session.scalar(select(duties_are_separate()).where(Organisation.id == organisation_id)))


async def check_keeps_posts(session: AsyncSession, staff: CurrentStaff, organisation: Organisation) -> None:
    """Raises `DutiesSeparated` where only an administrator's post reaches the organisation, and that is not enough."""
    secures = any(organisation.path.startswith(path) for path in staff.paths("security_administrator"))
    if not secures and await are_duties_separate(session, organisation.id):
        raise DutiesSeparated
