"""What is asked for in each row of the matrix: a new target in an organisation, and the request for it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from argon2 import PasswordHasher

from app.access.principals import SHIPPED_NOTICE
from app.reading.tickets import Ticket, sign_ticket
from content.tables import Value, write_xlsx
from tests.app.library.desk import fields
from tests.app.organisations.people import workbook
from tests.app.quizzes import exam
from tests.security.targets import PICTURE, Targets
from tests.world import APPID, Person

PASSWORD = "a long enough password"
# As weak as Argon2 allows: here it only has to be a hash of the password.
PASSWORD_HASH = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


HEARTBEAT = {"position": 0.5, "heartbeat_id": "1"}


SUBSCRIPTION = {"template": "t", "accepted": True}


SCHEDULE = {"kind": "unfinished_reminder", "cron": "0 9 * * fri"}


@dataclass(frozen=True)
class Ask:
    """What is sent; `shown` is the id that a list must show to those who may see the target, and to nobody else."""

    path: Mapping[str, object] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    json: object = None
    file: bytes | None = None
    # A body of another kind, with the headers that it needs.
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    shown: int | None = None


Make = Callable[[Targets, int, Person], Awaitable[Ask]]


async def nothing(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The operation has no target."""
    return Ask()


async def organisation(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, in the path."""
    return Ask({"organisation_id": organisation_id}, shown=organisation_id)


def by_id(name: str, make: Callable[[Targets, int], Awaitable[int]], json: object = None) -> Make:
    """A target whose id is in the path as `name`, and in lists as it is."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        target = await make(targets, organisation_id)
        return Ask({name: target}, json=json, shown=target)

    return ask


def issue_in(state: str, to: str | None = None) -> Make:
    """An issue in a state, and where it is to go."""

    async def make(targets: Targets, organisation_id: int) -> int:
        return await targets.issue(organisation_id, state)

    return by_id("issue_id", make, {"to": to})


def quiz_issue_in(state: str) -> Make:
    """An issue in a state, with a quiz."""

    async def make(targets: Targets, organisation_id: int) -> int:
        return await targets.quiz_issue(organisation_id, state)

    return by_id("issue_id", make)


async def account_id(targets: Targets, organisation_id: int) -> int:
    """A new account that the organisation manages."""
    return (await targets.account(organisation_id)).id


def described(**more: object) -> Make:
    """A new thing whose organisation is in the body."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        return Ask(json={"organisation_id": organisation_id, **more})

    return ask


async def dry_run(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A dry run of a schedule."""
    schedule, run = await targets.dry_run(organisation_id)
    return Ask({"schedule_id": schedule, "dry_run_id": run})


async def new_anniversary(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A day for the list of an organisation."""
    name = f"纪念日{targets.number()}"
    return Ask({"organisation_id": organisation_id}, json={"name": name, "month": 7, "day": 1})


async def password_sign_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A sign-in with the right password."""
    return Ask(json={"login": await targets.login(PASSWORD_HASH), "password": PASSWORD})


async def wechat_sign_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A sign-in to a mini-program."""
    return Ask(json={"app": APPID, "code": "code"})


async def member_of_mine(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The member that the actor is, or for whoever is none a number."""
    return Ask(json={"member_id": actor.id})


async def slip(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The code of a living slip."""
    return Ask(json={"invite_code": await targets.slip(organisation_id)})


async def slips(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Slips for the members of an organisation."""
    await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, json={})


async def sheets(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The same on paper, for those who have a slip as well."""
    await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, json={"reprint": True})


async def own_password(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A new password of the actor, who has one."""
    await targets.set_password(actor, PASSWORD_HASH)
    return Ask(json={"current": PASSWORD, "new": "another password that is long"})


async def preferences(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A kind of notice that is not wanted."""
    return Ask(json={"notices_off": ["weekly_issue"]})


async def consent(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A yes to the shipped notice."""
    return Ask(json={"version": SHIPPED_NOTICE, "accepted": True})


async def notice(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A privacy notice of an organisation under this one, whose members are nobody else's actors."""
    body = {"title": "告知书", "body": "处理姓名和手机号，用于组织学习和通知组织生活，可以随时收回同意。"}
    return Ask({"organisation_id": await targets.child(organisation_id)}, json=body)


async def audit_entry(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An entry of the audit log."""
    return Ask(shown=await targets.audit_entry(organisation_id))


async def child(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A new organisation under this one."""
    kind = "group" if organisation_id == 100 else "branch"
    return Ask(json={"parent_id": organisation_id, "name": f"新组织{targets.number()}", "kind": kind})


async def renamed(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A new name of the organisation."""
    return Ask({"organisation_id": organisation_id}, json={"name": f"新名称{targets.number()}"})


def _within_reach(organisation_id: int) -> int:
    """Under it there are organisations of the same kind as under the other one, all in the actors' reach."""
    return 100 if organisation_id == 100 else 10


async def moved_from(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation under this one, to stay there."""
    child_id = await targets.child(organisation_id)
    return Ask({"organisation_id": child_id}, json={"parent_id": organisation_id})


async def moved_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation in reach, to stand under this one."""
    child_id = await targets.child(_within_reach(organisation_id))
    return Ask({"organisation_id": child_id}, json={"parent_id": organisation_id})


async def merged_from(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation under this one, to be merged into one in reach."""
    into = await targets.child(_within_reach(organisation_id))
    return Ask({"organisation_id": await targets.child(organisation_id)}, json={"into_id": into})


async def merged_into(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation in reach, to be merged into one under this one."""
    into = await targets.child(organisation_id)
    return Ask({"organisation_id": await targets.child(_within_reach(organisation_id))}, json={"into_id": into})


async def split(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation under this one, of which one member gets an organisation of their own."""
    child_id = await targets.child(organisation_id)
    members = [await targets.member(child_id)]
    return Ask({"organisation_id": child_id}, json={"name": f"新组织{targets.number()}", "member_ids": members})


async def split_itself(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, to give up a member."""
    members = [await targets.member(organisation_id)]
    return Ask({"organisation_id": organisation_id}, json={"name": f"新组织{targets.number()}", "member_ids": members})


async def archived(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation that is there no longer, in the list of those."""
    child_id = await targets.archived_child(organisation_id)
    return Ask(query={"archived": "true", "limit": 200}, shown=child_id)


async def member_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await targets.member(organisation_id))


async def attended_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting of 10 that somebody of the organisation was at."""
    member = await targets.member(organisation_id)
    return Ask({"meeting_id": await targets.begun_meeting(10)}, json={"member_ids": [member]})


async def period(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A period that is over."""
    return Ask(json={"begins_on": "2026-01-01", "ends_on": "2026-11-15"})


async def certificate(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The number of a certificate."""
    return Ask({"number": await targets.certificate(organisation_id)})


def _studied(issue: int, *members: int) -> dict[str, object]:
    return {"issue_id": issue, "member_ids": members, "way": "paper", "studied_on": "2026-11-16"}


async def studied_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study on paper, recorded by an organisation for its own member."""
    issue, member = await targets.issue(organisation_id, "published"), await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, json=_studied(issue, member))


async def studied_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study of an issue of the committee, recorded by 10 for a member of the organisation."""
    issue, member = await targets.issue(1, "published"), await targets.member(organisation_id)
    return Ask({"organisation_id": 10}, json=_studied(issue, member))


async def studied_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study of an issue of the organisation, recorded by 10 for a member of 100."""
    issue, member = await targets.issue(organisation_id, "published"), await targets.member(100)
    return Ask({"organisation_id": 10}, json=_studied(issue, member))


async def class_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A class, recorded by an organisation for its own member."""
    member = await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, json=_class(member))


async def class_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A class, recorded by 10 for a member of the organisation."""
    return Ask({"organisation_id": 10}, json=_class(await targets.member(organisation_id)))


def _class(member: int) -> dict[str, object]:
    return {"title": "集中培训", "member_ids": [member], "studied_on": "2026-11-10", "minutes": 180}


async def recorded_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Recorded study, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await targets.recorded_study(organisation_id))


async def organisation_wanted(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, in the query."""
    return Ask(query={"organisation_id": organisation_id})


async def move_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member of 10 who is to belong to the organisation."""
    return Ask({"member_id": await targets.member(10)}, json={"organisation_id": organisation_id})


async def new_account(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An account that the organisation is to manage."""
    login = f"new-{targets.number()}"
    return Ask(json={"organisation_id": organisation_id, "login": login, "name": "新人", "password": PASSWORD})


async def appointment(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in the organisation for an account of 10."""
    account = await targets.account(10)
    return Ask(json={"account_id": account.id, "organisation_id": organisation_id, "role": "reviewer"})


async def appointment_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in 10 for an account of the organisation."""
    account = await targets.account(organisation_id)
    return Ask(json={"account_id": account.id, "organisation_id": 10, "role": "reviewer"})


async def handover_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in the organisation, for an account of 10."""
    account = await targets.account(10, "reviewer")
    return Ask({"post_id": await targets.post(organisation_id)}, json={"to_account_id": account.id})


async def handover_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in 10 for an account of the organisation, which has another role."""
    account = await targets.account(organisation_id, "reviewer")
    return Ask({"post_id": await targets.post(10)}, json={"to_account_id": account.id})


async def setting(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """One of the settings of the organisation."""
    return Ask({"organisation_id": organisation_id, "key": "daily_notices"}, json={"value": 2})


async def roster_file(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with one new member of the organisation."""
    names = {10: "东片党总支", 100: "一支部", 1: "示范镇党委", 11: "西片党总支", 2: "邻镇党委", 1000: "南片党总支"}
    name = "".join("零一二三四五六七八九"[int(digit)] for digit in str(targets.number()))
    data = workbook([(f"新党员{name}", names[organisation_id])])
    return Ask(query={"organisation_id": organisation_id}, file=data)


async def roster_column(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A column that the organisation may know."""
    return Ask({"organisation_id": organisation_id}, query={"title": "呼叫"})


async def roster_answer(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An answer to a question of an import."""
    import_id, line_id = await targets.asking_import(organisation_id)
    return Ask({"import_id": import_id}, json={"answers": [{"line_id": line_id, "member_id": None}]})


async def bank(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A bank with a question."""
    await targets.question(organisation_id)
    return Ask(query={"organisation_id": organisation_id, "format": "gift"})


async def new_question(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A question as fields."""
    stem = f"第{targets.number()}个新题是对的。"
    return Ask(json={"organisation_id": organisation_id, "kind": "true_false", "stem": stem, "answer": ["A"]})


async def question_sheet(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with one new question."""
    row: list[Value] = ["判断", f"第{targets.number()}题是对的。", "", "", "", "", "对", "解析", "出处"]
    return Ask(query={"organisation_id": organisation_id}, file=write_xlsx({"试题": [[*exam.HEADER], row]}))


async def new_channel(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A channel of the console."""
    account = f"new-{targets.number()}"
    body = {"organisation_id": organisation_id, "adapter": "console", "name": "消息页", "account": account}
    return Ask(json=body)


async def new_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A lesson as fields."""
    return Ask(json=fields(organisation_id))


async def document_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A page in the place of what a draft shows."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.html"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    body = head + "<p>正文</p>\r\n--x--\r\n".encode()
    return Ask({"lesson_id": await targets.lesson(organisation_id)}, content=body, headers=headers)


async def picture_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A picture for the one place in a lesson that waits for it."""
    lesson_id, asset_id = await targets.unillustrated(organisation_id)
    return Ask({"lesson_id": lesson_id, "number": 1}, json={"asset_id": asset_id})


async def word_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with one word."""
    return Ask({"organisation_id": organisation_id}, file=write_xlsx({"词表": [["词语"], ["错词"]]}))


async def address(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member, and a channel of their organisation that knows people by an id."""
    path = {
        "member_id": await targets.member(organisation_id),
        "channel_id": await targets.addressed(organisation_id),
    }
    return Ask(path, json={"address": "zhang.san"})


async def address_sheet(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with the id of one member."""
    rows: list[list[Value]] = [["党员编号", "姓名", "收件地址"]]
    member_id = await targets.world.member(organisation_id, name="张三")
    rows.append([str(member_id), "张三", "zhang.san"])
    path = {"channel_id": await targets.addressed(organisation_id)}
    return Ask(path, file=write_xlsx({"收件地址": rows}))


async def set_word_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A list that is there."""
    await targets.word_list(organisation_id)
    return Ask({"organisation_id": organisation_id})


async def new_asset(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A picture that is about to be uploaded."""
    return Ask(json={"organisation_id": organisation_id, "file_name": "党徽.png", "size": len(PICTURE)})


async def piece_of_asset(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """All of a picture in one piece."""
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    return Ask({"asset_id": await targets.asset(organisation_id)}, content=PICTURE, headers=headers)


async def asset_file(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The signed address of a picture."""
    path, _, query = (await targets.asset_url(organisation_id)).partition("?")
    signed = dict(parse_qsl(query))
    return Ask({"name": path.rpartition("/")[2]}, query={**signed, "expires": int(signed["expires"])})


async def new_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An issue of a lesson of the organisation."""
    year, week, _ = targets.week().isocalendar()
    lessons = [{"lesson_id": await targets.lesson(organisation_id)}]
    body = {"organisation_id": organisation_id, "week": f"{year}-W{week:02d}", "title": "学习", "lessons": lessons}
    return Ask(json=body)


async def new_issue_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An issue of 10 with a lesson of the organisation."""
    ask = await new_issue(targets, organisation_id, actor)
    assert isinstance(ask.json, dict)
    return Ask(json={**ask.json, "organisation_id": 10})


async def published_issue(targets: Targets, organisation_id: int) -> int:
    """A published issue."""
    return await targets.issue(organisation_id, "published")


async def current_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The published issue of this week."""
    return Ask(shown=await targets.current_issue(organisation_id))


async def new_quiz(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A quiz of an issue of the organisation."""
    body = {"title": "小测", "question_ids": [await targets.question(organisation_id)]}
    return Ask({"issue_id": await targets.issue(organisation_id)}, json=body)


async def new_quiz_of_question(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A quiz of an issue of 10 with a question of the organisation."""
    body = {"title": "小测", "question_ids": [await targets.question(organisation_id)]}
    return Ask({"issue_id": await targets.issue(10)}, json=body)


async def attempt(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The actor's own attempt at a quiz of the organisation."""
    member_id = actor.id if actor.name in ("member", "floating") else await targets.member(organisation_id)
    attempt_id, question_id = await targets.attempt(organisation_id, member_id)
    return Ask({"attempt_id": attempt_id}, json={"answers": {str(question_id): ["B"]}})


async def _wrong(targets: Targets, organisation_id: int, actor: Person) -> dict[str, list[str]]:
    member_id = actor.id if actor.name in ("member", "floating") else await targets.member(organisation_id)
    return {str(await targets.wrong_answer(organisation_id, member_id)): ["B"]}


async def practised(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An answer to a question of the actor's notebook."""
    return Ask(json={"answers": await _wrong(targets, organisation_id, actor)})


async def practised_today(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An answer to a question of the actor's daily practice."""
    day = targets.service.clock().date().isoformat()
    return Ask(json={"day": day, "answers": await _wrong(targets, organisation_id, actor)})


async def attempt_of_another(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A colleague's attempt at a quiz of the organisation."""
    attempt_id, question_id = await targets.attempt(organisation_id, await targets.member(10))
    return Ask({"attempt_id": attempt_id}, json={"answers": {str(question_id): ["B"]}})


async def new_meeting(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting in the last days of the month."""
    day = targets.service.clock().date().replace(day=28).isoformat()
    body = {"organisation_id": organisation_id, "kind": "theme_day", "title": "主题党日"}
    times = {"starts_at": f"{day}T01:00:00Z", "ends_at": f"{day}T02:00:00Z"}
    return Ask(json={**body, **times, "join_link": "https://meeting.example.com/1"})


async def meeting_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await targets.meeting(organisation_id))


async def week_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The figures of this week."""
    await targets.current_issue(organisation_id)
    await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, query={"week": "2026-W47"})


async def nudge(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A reminder of this week."""
    await targets.current_issue(organisation_id)
    await targets.member(organisation_id)
    return Ask({"organisation_id": organisation_id}, json={"week": "2026-W47"})


async def subscription(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A tap on accept."""
    return Ask(json=SUBSCRIPTION)


def change_of(kind: str) -> Make:
    """A change of an issue or of a lesson."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        about, change = await targets.change(organisation_id, of_issue=kind == "issue")
        return Ask({f"{kind}_id": about, "change_id": change})

    return ask


async def version(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The version that members read."""
    return Ask({"lesson_id": await targets.published_lesson(organisation_id), "number": 1})


async def calendar(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The weeks of an organisation."""
    return Ask(query={"organisation_id": organisation_id})


async def new_plan(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A plan of an organisation under this one, which has none yet."""
    columns = [{"title": "时政", "weeks": "every"}]
    return Ask(
        json={"organisation_id": await targets.child(organisation_id), "title": "第{week}周", "columns": columns}
    )


async def new_topic_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A topic of an organisation in reach, with a lesson of this one."""
    lesson_id = await targets.lesson(organisation_id)
    return Ask(json={"organisation_id": 10, "title": "应知应会", "lesson_ids": [lesson_id]})


async def found_published(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A word of a published lesson."""
    return Ask(query={"q": "支部委员会", "limit": 200}, shown=await targets.published_lesson(organisation_id))


async def found_draft(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A word of a lesson that nobody reads yet."""
    return Ask(query={"q": "支部委员会", "limit": 200}, shown=await targets.lesson(organisation_id))


async def handed_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """What the actor read without network of a lesson that they were given."""
    ticket = Ticket(await targets.published_lesson(organisation_id), 1, targets.service.clock())
    events = [{**HEARTBEAT, "read_at": "2026-11-16T10:00:00+08:00"}]
    return Ask(json={"ticket": sign_ticket(targets.service.settings, actor.id, ticket), "events": events})


async def handed_in_of_another(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The same with the ticket of somebody else."""
    return await handed_in(targets, organisation_id, Person(actor.id + 1, ""))


async def begun(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A lesson that the actor has begun, where they may read it: for who is no member there is nobody to begin it."""
    lesson_id = await targets.published_lesson(organisation_id)
    if actor.name in ("member", "floating"):
        await targets.begin(actor.id, lesson_id)
    return Ask(shown=lesson_id)


def own_note(json: object = None) -> Make:
    """A note of the actor's own, on a lesson wherever it is; for who is no member, that of somebody else."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        mine = actor.id if actor.name in ("member", "floating") else None
        note_id = await targets.note(organisation_id, mine)
        return Ask({"note_id": note_id}, json=json, shown=note_id)

    return ask


async def reviewed_note(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A note that awaits a review."""
    note_id = await targets.awaiting_note(organisation_id)
    at = targets.service.clock().isoformat()
    return Ask({"note_id": note_id}, json={"approved": True, "updated_at": at}, shown=note_id)
