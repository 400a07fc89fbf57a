"""What is asked for where members read, answer, attend and are credited."""

from app.reading.tickets import Ticket, sign_ticket
from content.tables import Value, write_xlsx
from tests.app.quizzes import exam
from tests.security.asks import Ask, Make, by_id
from tests.security.targets import Targets, learning, library, people
from tests.world import Person

HEARTBEAT = {"position": 0.5, "heartbeat_id": "1"}


async def begun(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A lesson that the actor has begun, where they may read it: for who is no member there is nobody to begin it."""
    lesson_id = await library.published_lesson(targets, organisation_id)
    if actor.name in ("member", "floating"):
        await learning.begin(targets, actor.id, lesson_id)
    return Ask(shown=lesson_id)


async def handed_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """What the actor read without network of a lesson that they were given."""
    ticket = Ticket(await library.published_lesson(targets, organisation_id), 1, targets.service.clock())
    events = [{**HEARTBEAT, "read_at": "2026-11-16T10:00:00+08:00"}]
    return Ask(json={"ticket": sign_ticket(targets.service.settings, actor.id, ticket), "events": events})


async def handed_in_of_another(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The same with the ticket of somebody else."""
    return await handed_in(targets, organisation_id, Person(actor.id + 1, ""))


def own_note(json: object = None) -> Make:
    """A note of the actor's own, on a lesson wherever it is; for who is no member, that of somebody else."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        mine = actor.id if actor.name in ("member", "floating") else None
        note_id = await learning.note(targets, organisation_id, mine)
        return Ask({"note_id": note_id}, json=json, shown=note_id)

    return ask


async def reviewed_note(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A note that awaits a review."""
    note_id = await learning.awaiting_note(targets, organisation_id)
    at = targets.service.clock().isoformat()
    return Ask({"note_id": note_id}, json={"approved": True, "updated_at": at}, shown=note_id)


def quiz_issue_in(state: str) -> Make:
    """An issue in a state, with a quiz."""

    async def make(targets: Targets, organisation_id: int) -> int:
        return await learning.quiz_issue(targets, organisation_id, state)

    return by_id("issue_id", make)


async def bank(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A bank with a question."""
    await learning.question(targets, organisation_id)
    return Ask(query={"organisation_id": organisation_id, "format": "gift"})


async def new_question(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A question as fields."""
    stem = f"第{targets.number()}个新题是对的。"
    return Ask(json={"organisation_id": organisation_id, "kind": "true_false", "stem": stem, "answer": ["A"]})


async def question_sheet(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with one new question."""
    row: list[Value] = ["判断", f"第{targets.number()}题是对的。", "", "", "", "", "对", "解析", "出处"]
    return Ask(query={"organisation_id": organisation_id}, file=write_xlsx({"试题": [[*exam.HEADER], row]}))


async def new_quiz(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A quiz of an issue of the organisation."""
    body = {"title": "小测", "question_ids": [await learning.question(targets, organisation_id)]}
    return Ask({"issue_id": await library.issue(targets, organisation_id)}, json=body)


async def new_quiz_of_question(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A quiz of an issue of 10 with a question of the organisation."""
    body = {"title": "小测", "question_ids": [await learning.question(targets, organisation_id)]}
    return Ask({"issue_id": await library.issue(targets, 10)}, json=body)


async def attempt(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The actor's own attempt at a quiz of the organisation."""
    member_id = actor.id if actor.name in ("member", "floating") else await people.member(targets, organisation_id)
    attempt_id, question_id = await learning.attempt(targets, organisation_id, member_id)
    return Ask({"attempt_id": attempt_id}, json={"answers": {str(question_id): ["B"]}})


async def _wrong(targets: Targets, organisation_id: int, actor: Person) -> dict[str, list[str]]:
    member_id = actor.id if actor.name in ("member", "floating") else await people.member(targets, organisation_id)
    return {str(await learning.wrong_answer(targets, organisation_id, member_id)): ["B"]}


async def practised(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An answer to a question of the actor's notebook."""
    return Ask(json={"answers": await _wrong(targets, organisation_id, actor)})


async def practised_today(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An answer to a question of the actor's daily practice."""
    day = targets.service.clock().date().isoformat()
    return Ask(json={"day": day, "answers": await _wrong(targets, organisation_id, actor)})


async def attempt_of_another(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A colleague's attempt at a quiz of the organisation."""
    attempt_id, question_id = await learning.attempt(targets, organisation_id, await people.member(targets, 10))
    return Ask({"attempt_id": attempt_id}, json={"answers": {str(question_id): ["B"]}})


async def new_meeting(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting in the last days of the month."""
    day = targets.service.clock().date().replace(day=28).isoformat()
    body = {"organisation_id": organisation_id, "kind": "theme_day", "title": "主题党日"}
    times = {"starts_at": f"{day}T01:00:00Z", "ends_at": f"{day}T02:00:00Z"}
    return Ask(json={**body, **times, "join_link": "https://meeting.example.com/1"})


async def meeting_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await learning.meeting(targets, organisation_id))


async def attended_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A meeting of 10 that somebody of the organisation was at."""
    member = await people.member(targets, organisation_id)
    return Ask({"meeting_id": await learning.begun_meeting(targets, 10)}, json={"member_ids": [member]})


def _studied(issue: int, *members: int) -> dict[str, object]:
    return {"issue_id": issue, "member_ids": members, "way": "paper", "studied_on": "2026-11-16"}


async def studied_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study on paper, recorded by an organisation for its own member."""
    issue = await library.issue(targets, organisation_id, "published")
    member = await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, json=_studied(issue, member))


async def studied_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study of an issue of the committee, recorded by 10 for a member of the organisation."""
    issue, member = await library.issue(targets, 1, "published"), await people.member(targets, organisation_id)
    return Ask({"organisation_id": 10}, json=_studied(issue, member))


async def studied_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Study of an issue of the organisation, recorded by 10 for a member of 100."""
    issue, member = await library.issue(targets, organisation_id, "published"), await people.member(targets, 100)
    return Ask({"organisation_id": 10}, json=_studied(issue, member))


def _class(member: int) -> dict[str, object]:
    return {"title": "集中培训", "member_ids": [member], "studied_on": "2026-11-10", "minutes": 180}


async def class_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A class, recorded by an organisation for its own member."""
    member = await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, json=_class(member))


async def class_by(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A class, recorded by 10 for a member of the organisation."""
    return Ask({"organisation_id": 10}, json=_class(await people.member(targets, organisation_id)))


async def recorded_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Recorded study, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await learning.recorded_study(targets, organisation_id))


async def period(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A period that is over."""
    return Ask(json={"begins_on": "2026-01-01", "ends_on": "2026-11-15"})


async def certificate(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The number of a certificate."""
    return Ask({"number": await learning.certificate(targets, organisation_id)})


async def week_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The figures of this week."""
    await library.current_issue(targets, organisation_id)
    await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, query={"week": "2026-W47"})


async def nudge(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A reminder of this week."""
    await library.current_issue(targets, organisation_id)
    await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, json={"week": "2026-W47"})
