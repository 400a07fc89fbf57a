"""What the demonstration is filled with: through the same services as real data, at times that lie in the past."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

import content
from app.access import audit
from app.access.principals import SHIPPED_NOTICE, CurrentStaff, HeldPost, get_member, get_wechat
from app.bundles import import_bundle
from app.db.engine import transaction
from app.directory.models import Account, Member, Organisation
from app.errors import ProductError
from app.identity.binding import bind
from app.identity.binding_schemas import SlipsIn
from app.identity.consent import say
from app.identity.consent_schemas import ConsentIn
from app.identity.passwords import hash_password
from app.identity.service import open_wechat_session
from app.identity.slips import draw_slips, keep_slips
from app.library.models import Issue, IssueLesson, LessonVersion
from app.library.service import publish_issue, transition
from app.meetings.schemas import MeetingIn
from app.meetings.service import create_meeting
from app.messaging.channels import create_channel
from app.messaging.ledger import record_subscription
from app.messaging.models import Schedule
from app.messaging.schemas import ChannelConfig, ChannelIn, Template, TemplateKind, Value
from app.organisations.accounts import create_account
from app.organisations.imports.running import run_import
from app.organisations.imports.service import Order
from app.organisations.posts.service import create_post
from app.quizzes.models import Attempt, Quiz
from app.quizzes.service import fixed_ids
from app.reading.models import ReadingProgress
from app.resources import Service
from content.bundle import read_bundle

log = structlog.get_logger()

CONTENT = Path(content.__file__).parent
APPID = "wxdemonstration"
FIELDS: dict[str, Value] = {"thing1": "title", "time2": "time", "thing3": "organisation", "thing4": "note"}
TEMPLATES: dict[TemplateKind, Template] = {
    "weekly_issue": Template(template_id="weekly-issue", fields=FIELDS),
    "meeting": Template(template_id="meeting", fields=FIELDS),
}
COMMITTEE = "示范县云溪镇党委"
BRANCHES = ("东溪村党支部", "西溪村党支部")


@dataclass(frozen=True)
class StaffSample:
    """A demonstration account and the post that it holds."""

    title: str
    login: str
    role: str
    organisation: str


PEOPLE = (
    StaffSample("支部书记甲", "leader-east", "leader", BRANCHES[0]),
    StaffSample("支部书记乙", "leader-west", "leader", BRANCHES[1]),
    StaffSample("内容编辑", "editor", "editor", COMMITTEE),
    StaffSample("审核人", "reviewer", "reviewer", COMMITTEE),
    StaffSample("管理员", "admin", "administrator", COMMITTEE),
)
PHONES = {"demo-member": "党员", "demo-floating": "流动党员"}
# The library's last issue stays a draft for next week, so that the editors' desk has something to try.
PAST_WEEKS = 4


async def seed(service: Service, password: str, wechat_secret: str) -> None:
    """Fills an empty database, all of it or nothing; finds its data at the next start and leaves it alone."""
    now = service.clock()
    async with transaction(service.sessions) as session:
        if await session.scalar(select(Account.id).limit(1)) is not None:
            return
    password_hash = await hash_password(password)
    openids = {phone: await _openid(service, phone) for phone in PHONES}
    # Interrupted after this one, the next start finds the same people and goes on from there.
    await _roster(service, now - timedelta(weeks=PAST_WEEKS + 1))
    async with transaction(service.sessions) as session:
        staff = await _staff(session, password_hash, now - timedelta(weeks=PAST_WEEKS + 1))
        await _channels(session, service, staff["admin"], wechat_secret, now)
        await _study(session, staff, now)
        await _people(session, service, staff["leader-east"], openids, now)
        await _meeting(session, staff["leader-east"], now)


async def _roster(service: Service, at: datetime) -> None:
    """The people and their organisations, as an operator imports them."""
    order = Order(
        data=(CONTENT / "demo" / "roster.xlsx").read_bytes(),
        file_name="roster.xlsx",
        organisation_id=None,
        account_id=None,
        actor=audit.SYSTEM,
        adds_organisations=True,
        create_organisations=False,
        dry_run=False,
    )
    done = await run_import(replace(service, clock=lambda: at), order)
    if done.state != "applied":
        raise ProductError(f"the demonstration roster was not imported: {done.rejected}")


async def _openid(service: Service, phone: str) -> str:
    """The openid that the fake platform gives this phone, and a tap on accept for each template."""
    base = f"{service.settings.fake_platform}/_control"
    answer = await service.http.post(f"{base}/login", json={"appid": APPID, "phone": phone})
    for template in TEMPLATES.values():
        body = {"appid": APPID, "phone": phone, "template_id": template.template_id}
        (await service.http.post(f"{base}/accept", json=body)).raise_for_status()
    return str(answer.json()["openid"])


async def _staff(session: AsyncSession, password_hash: str, now: datetime) -> dict[str, CurrentStaff]:
    found: dict[str, CurrentStaff] = {}
    for person in PEOPLE:
        organisation = (
            await session.scalars(select(Organisation).where(Organisation.name == person.organisation))
        ).one()
        account = await create_account(
            session,
            organisation_id=organisation.id,
            login=person.login,
            name=person.title,
            password_hash=password_hash,
            actor=audit.SYSTEM,
            now=now,
        )
        await create_post(
            session,
            account_id=account.id,
            organisation_id=organisation.id,
            role=person.role,
            from_at=now,
            until_at=None,
            actor=audit.SYSTEM,
            now=now,
        )
        post = HeldPost(person.role, organisation.id, organisation.path)
        found[person.login] = CurrentStaff(0, account.id, account.name, (post,))
    return found


async def _channels(
    session: AsyncSession, service: Service, admin: CurrentStaff, wechat_secret: str, now: datetime
) -> None:
    top = admin.posts[0].organisation_id
    await create_channel(
        session, service, admin, ChannelIn(organisation_id=top, adapter="console", name="演示消息页"), now
    )
    wechat = ChannelIn(
        organisation_id=top,
        adapter="wechat_miniprogram",
        name="仿真微信小程序",
        account=APPID,
        secret=wechat_secret,
        config=ChannelConfig(templates=TEMPLATES),
    )
    await create_channel(session, service, admin, wechat, now)


async def _study(session: AsyncSession, staff: dict[str, CurrentStaff], now: datetime) -> None:
    """Publishes the past weeks, schedules this week's issue for now, and leaves next week's a draft."""
    editor, reviewer = staff["editor"], staff["reviewer"]
    top = editor.posts[0].organisation_id
    zone = ZoneInfo("Asia/Shanghai")
    today = now.astimezone(zone).date()
    this_monday = today - timedelta(days=today.weekday())
    first = this_monday - timedelta(weeks=PAST_WEEKS)
    bundle = read_bundle(CONTENT / "library")
    begun = now - timedelta(weeks=PAST_WEEKS, days=10)
    issue_ids = await import_bundle(
        session, bundle, organisation_id=top, author_id=editor.account_id, first_week=first, now=begun
    )
    for number, issue_id in enumerate(issue_ids[: PAST_WEEKS + 1]):
        monday = first + timedelta(weeks=number)
        at = min(datetime.combine(monday, time(8), zone), now)
        await transition(session, editor, issue_id, "in_review", None, at - timedelta(days=4))
        await transition(session, reviewer, issue_id, "scheduled", at, at - timedelta(days=3))
        if monday == this_monday:
            await _finished(session, issue_ids[:number], now)
            return  # the scheduler publishes this one and tells everybody
        await publish_issue(session, issue_id, at)
        # Published, and nobody is told of what is past: its due time is over, not called off.
        over = update(Schedule).where(Schedule.kind == "weekly_issue", Schedule.subject_id == issue_id)
        await session.execute(over.values(next_due_at=None))


async def _finished(session: AsyncSession, issue_ids: list[int], now: datetime) -> None:
    """Synthetic progress of synthetic members in the past weeks: about six in ten have finished, some have begun."""
    members = list(await session.scalars(select(Member.id).order_by(Member.id)))
    progress: list[dict[str, object]] = []
    attempts: list[dict[str, object]] = []
    for issue_id in issue_ids:
        issue = await session.get_one(Issue, issue_id)
        at = (issue.published_at or now) + timedelta(days=1)
        lessons = await session.execute(
            select(IssueLesson.lesson_id, LessonVersion.required_seconds)
            .join(LessonVersion, LessonVersion.lesson_id == IssueLesson.lesson_id)
            .where(IssueLesson.issue_id == issue_id)
            .order_by(IssueLesson.position)
        )
        required = [(lesson_id, seconds) for lesson_id, seconds in lessons]
        quiz_id = await session.scalar(select(Quiz.id).where(Quiz.issue_id == issue_id))
        question_ids = [] if quiz_id is None else await fixed_ids(session, quiz_id)
        for member_id in members:
            share = (member_id * 7 + issue_id * 3) % 10
            read = required if share < 6 else required[:1] if share < 8 else []
            progress += [_read(member_id, lesson_id, seconds, at) for lesson_id, seconds in read]
            if read == required and quiz_id is not None:
                score = 60 + (member_id * 13) % 5 * 10
                attempts.append(_attempt(quiz_id, question_ids, member_id, score, at))
    await session.execute(insert(ReadingProgress), progress)
    await session.execute(insert(Attempt), attempts)


def _read(member_id: int, lesson_id: int, seconds: int, at: datetime) -> dict[str, object]:
    return {
        "member_id": member_id,
        "lesson_id": lesson_id,
        "position": 1.0,
        "credited_ms": seconds * 1000,
        "recent": [],
        "started_at": at,
        "heartbeat_at": at + timedelta(seconds=seconds),
        "completed_at": at + timedelta(seconds=seconds),
    }


def _attempt(quiz_id: int, question_ids: list[int], member_id: int, score: int, at: datetime) -> dict[str, object]:
    return {
        "quiz_id": quiz_id,
        "member_id": member_id,
        "number": 1,
        "seed": 0,
        "question_ids": question_ids,
        "answers": {},
        "started_at": at,
        "submitted_at": at + timedelta(minutes=5),
        "score": score,
        "passed": True,
    }


async def _people(
    session: AsyncSession, service: Service, leader: CurrentStaff, openids: dict[str, str], now: datetime
) -> None:
    """Binds the two demonstration phones with slips of the leader; one has agreed to the privacy notice."""
    branch = leader.posts[0].organisation_id
    for phone, floating in (("demo-member", False), ("demo-floating", True)):
        roster = Member.roster == "floating" if floating else Member.roster != "floating"
        member_id = await session.scalar(
            select(Member.id).where(Member.organisation_id == branch, roster).order_by(Member.id).limit(1)
        )
        if member_id is None:
            raise ProductError("the demonstration roster has nobody for " + phone)
        token, _, _ = await open_wechat_session(session, APPID, openids[phone], None, now)
        await session.flush()
        wanted = SlipsIn(member_ids=[member_id])
        drawing = await draw_slips(session, service.vault, leader, branch, wanted, now)
        await keep_slips(session, service.vault, leader, drawing, wanted, now)
        await bind(session, service.vault, await get_wechat(session, token, now), drawing.slips[0].code, now)
        member = await get_member(session, token, now, consented=False)
        # The other phone shows how consent is asked for.
        if not floating:
            await say(session, member, ConsentIn(version=SHIPPED_NOTICE, accepted=True), now)
        for template in TEMPLATES.values():
            await record_subscription(session, member, template.template_id, True, now)


async def _meeting(session: AsyncSession, leader: CurrentStaff, now: datetime) -> None:
    """A theme day in five days, to which the floating members of one branch are invited."""
    local = now.astimezone(ZoneInfo("Asia/Shanghai")).date() + timedelta(days=5)
    starts_at = datetime.combine(local, time(19, 30), ZoneInfo("Asia/Shanghai"))
    body = MeetingIn(
        organisation_id=leader.posts[0].organisation_id,
        kind="theme_day",
        title="主题党日：学习党员教育管理工作条例",
        agenda="集体学习；交流讨论；布置下月安排。",
        starts_at=starts_at,
        ends_at=starts_at + timedelta(hours=2),
        join_link="https://meeting.example.cn/j/123456789",
        meeting_code="123456789",
    )
    await create_meeting(session, leader, body, now)
