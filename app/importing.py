"""Imports from the command line, and the first set-up: what an operator does at the machine itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.access import audit
from app.bundles import import_bundle
from app.content_errors import invalid
from app.db.engine import transaction
from app.directory.models import Account, Organisation
from app.errors import Conflict, Invalid, NotFound
from app.identity.passwords import check_password, hash_password
from app.organisations.accounts import create_account
from app.organisations.imports.running import run_import
from app.organisations.imports.schemas import ImportOut
from app.organisations.imports.service import Order
from app.organisations.posts.service import create_post
from app.organisations.tree.service import create_root
from app.quizzes.bank import import_questions
from app.resources import Service
from app.schemas import monday_of
from content.bundle import Bundle, read_bundle
from content.errors import ContentError, Rejected
from content.questions.collect import QuestionSheet
from content.sandbox import parse_in_child

MIN_PASSWORD = 10
NO_SUCH_COLUMNS = "missing_columns"


class AlreadySetUp(Conflict):
    """There is a top organisation with an administrator already."""

    code = "already_set_up"
    detail = "系统已经初始化过，请用管理员账号登录后继续。"


class NoAuthor(Invalid):
    """Lessons and questions need an author."""

    code = "no_author"
    detail = "请用 --login 指定一位编辑的登录名：学习资料和试题要有作者。"


@dataclass(frozen=True)
class Report:
    """What an import did, or would do, line by line in Chinese; `accepted` is False where anything was refused."""

    lines: Sequence[str]
    accepted: bool


async def set_up(service: Service, organisation: str, login: str, name: str, password: str) -> None:
    """Creates the top organisation and its first administrator; raises `AlreadySetUp`, or a refusal of the password."""
    check_password(login, password)
    if len(password) < MIN_PASSWORD:
        raise Invalid(f"密码至少 {MIN_PASSWORD} 位。", code="weak_password")
    password_hash = await hash_password(password)
    now = service.clock()
    async with transaction(service.sessions) as session:
        if await session.scalar(select(Account.id).limit(1)) is not None:
            raise AlreadySetUp
        root = await create_root(session, organisation, now)
        account = await create_account(
            session,
            organisation_id=root.id,
            login=login,
            name=name,
            password_hash=password_hash,
            actor=audit.SYSTEM,
            now=now,
        )
        await create_post(
            session,
            account_id=account.id,
            organisation_id=root.id,
            role="administrator",
            from_at=now,
            until_at=None,
            actor=audit.SYSTEM,
            now=now,
        )


async def import_path(
    service: Service, path: Path, *, organisation_id: int | None, login: str | None, week: str | None, dry_run: bool
) -> Report:
    """Imports a folder of weekly issues, a roster or a question sheet; refuses all of it where a line is bad."""
    if path.is_dir():
        return await _folder(service, read_bundle(path), organisation_id, login, week, dry_run)
    data = path.read_bytes()
    try:
        questions: QuestionSheet = await parse_in_child("question_sheet", data)
    except ContentError as error:
        if error.code != NO_SUCH_COLUMNS:
            raise invalid(error) from error
    else:
        return await _questions(service, questions, organisation_id, login, dry_run)
    return await _roster(service, data, path.name, organisation_id, dry_run)


def _refused(rejected: Sequence[Rejected]) -> list[str]:
    return [f"第 {line.line} 行：{line.reason}" for line in rejected]


def _closing(dry_run: bool, refused: bool) -> str:
    if refused:
        return "以上内容需要修改，本次没有导入任何内容。"
    return "以上为试运行结果，没有导入任何内容。" if dry_run else "导入完成。"


async def _organisation(session: AsyncSession, organisation_id: int | None) -> Organisation:
    statement = select(Organisation).order_by(Organisation.path)
    if organisation_id is not None:
        statement = statement.where(Organisation.id == organisation_id)
    found = await session.scalar(statement.limit(1))
    if found is None:
        raise NotFound("没有找到这个党组织，请先运行 zhijian setup，或核对 --organisation。")
    return found


async def _author(session: AsyncSession, login: str | None) -> Account:
    account = await session.scalar(select(Account).where(Account.login == login, Account.disabled_at.is_(None)))
    if account is None:
        raise NoAuthor
    return account


def next_week(timezone: str, now: datetime) -> date:
    """The Monday of the week after `now`."""
    today = now.astimezone(ZoneInfo(timezone)).date()
    return today - timedelta(days=today.weekday()) + timedelta(days=7)


def _monday(week: str) -> date:
    try:
        return monday_of(week)
    except ValueError:
        raise Invalid(f"没有「{week}」这一周。请把 --week 写成 2026-W47 这样的 ISO 周。", code="no_such_week") from None


async def _folder(
    service: Service, bundle: Bundle, organisation_id: int | None, login: str | None, week: str | None, dry_run: bool
) -> Report:
    monday = _monday(week) if week is not None else None
    lines = [f"{issue.title}：{len(issue.lessons)} 篇资料" for issue in bundle.issues]
    problems = [f"{each.path}{f' 第 {each.line} 行' if each.line else ''}：{each.reason}" for each in bundle.problems]
    if not problems and not dry_run:
        now = service.clock()
        async with transaction(service.sessions) as session:
            organisation = await _organisation(session, organisation_id)
            author = await _author(session, login)
            first = monday or next_week(organisation.timezone, now)
            await import_bundle(
                session, bundle, organisation_id=organisation.id, author_id=author.id, first_week=first, now=now
            )
    return Report([*lines, *problems, _closing(dry_run, bool(problems))], not problems)


async def _questions(
    service: Service, sheet: QuestionSheet, organisation_id: int | None, login: str | None, dry_run: bool
) -> Report:
    now = service.clock()
    async with transaction(service.sessions) as session:
        organisation = await _organisation(session, organisation_id)
        author = await _author(session, login)
        report = await import_questions(
            session, sheet, organisation_id=organisation.id, author_id=author.id, now=now, dry_run=dry_run
        )
    notes = [f"第 {note.line} 行：{note.reason}" for note in sheet.notes]
    lines = [f"试题 {report.accepted} 道", *_refused(report.rejected), *notes, _closing(dry_run, bool(report.rejected))]
    return Report(lines, not report.rejected)


async def _roster(service: Service, data: bytes, file_name: str, organisation_id: int | None, dry_run: bool) -> Report:
    if organisation_id is not None:
        async with transaction(service.sessions) as session:
            await _organisation(session, organisation_id)
    order = Order(
        data=data,
        file_name=file_name,
        organisation_id=organisation_id,
        account_id=None,
        actor=audit.SYSTEM,
        adds_organisations=True,
        create_organisations=False,
        dry_run=dry_run,
    )
    done = await run_import(service, order)
    counts = (
        f"新增党组织 {done.organisations_added} 个；党员新增 {done.added} 人，"
        f"变更 {done.changed} 人，未变 {done.unchanged} 人"
    )
    refused = bool(done.rejected_count or done.questions_count)
    return Report([counts, *_named(done), _closing(dry_run, refused)], not refused)


def _named(done: ImportOut) -> list[str]:
    """The lines that cannot be imported: the first of them, for a terminal holds no more."""
    lines = [f"{f'「{each.sheet}」' if each.sheet else ''}第 {each.line} 行：{each.reason}" for each in done.rejected]
    if done.rejected_count > len(done.rejected):
        lines.append(f"……共 {done.rejected_count} 行不能导入")
    if done.questions_count:
        lines.append(f"另有 {done.questions_count} 行需要确认是不是同一个人，请在网页的“名册导入”中上传并逐行确认")
    return lines
