"""Things to reach for: each call makes a new one in an organisation, so that no try meets another."""

import json
from datetime import date, timedelta

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.access import audit
from app.db.engine import transaction
from app.directory.models import Account, BindingRequest, BindingSlip, Organisation, Post
from app.library.assets.addresses import signed_url
from app.library.assets.completing import keep_bytes
from app.library.assets.models import Asset
from app.library.desk_models import DeskChange, DeskComment, LessonCorrection, Topic, TopicLesson, WordList
from app.library.models import IssueLesson, Lesson, Plan
from app.library.written import BYLINE, FIELDS, RENDERED
from app.meetings.models import Meeting
from app.messaging.callbacks.settings import set_callback
from app.messaging.models import Anniversary, DryRun, Schedule
from app.messaging.schemas import CallbackFields
from app.messaging.service import Audience, announce
from app.my_record.models import Certificate
from app.notes.models import Note
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.reading import seal_place
from app.organisations.service import next_ids
from app.platforms.models import Channel
from app.quizzes.models import Attempt, Quiz
from app.quizzes.notebook import Wrong, note_wrong
from app.quizzes.schemas import QuizIn
from app.quizzes.service import fixed_ids, write_quiz
from app.reading.models import ReadingProgress
from app.records.models import RecordedStudy
from content.documents.result import placeholder_html
from tests.app.library.desk import MONDAY, make_issue, make_lesson
from tests.app.quizzes.exam import make_questions
from tests.content.samples import picture
from tests.scheduler.scene import ISSUE_EVENT
from tests.world import Person, World

# Correct answers of `Targets.question`, whose stem is numbered: no other text holds these words.
EXPLANATION, SOURCE = "解析-交卷前保密", "出处-交卷前保密"


PICTURE = picture()


class Targets:
    """Makes targets; their author is a member of staff who is none of the actors."""

    def __init__(self, world: World, author: Person) -> None:
        self.world, self.service, self.author = world, world.service, author
        self.count = 0
        self.current: dict[int, int] = {}

    @classmethod
    async def build(cls, world: World) -> "Targets":
        """The maker for a world, to which a sibling of 10 is added whose path begins like that of 10."""
        now = world.service.clock()
        async with transaction(world.service.sessions) as session:
            session.add(
                Organisation(
                    id=1000, parent_id=1, path="/1/1000/", kind="general_branch", name="南片党总支", created_at=now
                )
            )
        return cls(world, await world.staff(("editor", 1), ("editor", 2)))

    def number(self) -> int:
        """Never the same twice: for names, logins and weeks."""
        self.count += 1
        return self.count

    def week(self) -> date:
        """The Monday of a week that no issue has yet."""
        return MONDAY + timedelta(weeks=self.number())

    async def child(self, organisation_id: int, *, archived: bool = False) -> int:
        """A new organisation under this one, with nobody in it."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            parent = await session.get_one(Organisation, organisation_id)
            (child_id,) = await next_ids(session, "organisations", 1)
            session.add(
                Organisation(
                    id=child_id,
                    parent_id=parent.id,
                    path=f"{parent.path}{child_id}/",
                    kind="group" if parent.kind == "branch" else "branch",
                    name=f"下级{self.number()}",
                    created_at=now,
                    archived_at=now if archived else None,
                )
            )
        return child_id

    async def committee(self, organisation_id: int) -> int:
        """A new committee under this organisation, so that anything may stand under it."""
        committee_id = await self.child(organisation_id)
        async with transaction(self.service.sessions) as session:
            (await session.get_one(Organisation, committee_id)).kind = "committee"
        return committee_id

    async def with_practice(self, organisation_id: int) -> int:
        """A new committee with a practice organisation."""
        committee_id = await self.committee(organisation_id)
        practice_id = await self.child(committee_id)
        async with transaction(self.service.sessions) as session:
            (await session.get_one(Organisation, practice_id)).practice = True
        return committee_id

    async def archived_child(self, organisation_id: int) -> int:
        """An organisation under this one that was archived a moment ago."""
        return await self.child(organisation_id, archived=True)

    async def member(self, organisation_id: int) -> int:
        """A member of the roster."""
        return await self.world.member(organisation_id)

    async def archived_member(self, organisation_id: int) -> int:
        """A member who was taken off the roster a moment ago."""
        return await self.world.member(organisation_id, archived_at=self.service.clock(), archive_reason="transferred")

    async def roster_import(self, organisation_id: int, state: str = "checked") -> int:
        """An import without lines."""
        now = self.service.clock()
        values = {"organisation_id": organisation_id, "actor": "system", "file_name": "名册.xlsx", "digest": b"-"}
        values |= {"adds_organisations": False, "create_organisations": False, "state": state}
        values |= {"columns": {}, "counts": {}, "organisations": [], "created_at": now, "heartbeat_at": now}
        async with transaction(self.service.sessions) as session:
            record = RosterImport(**values, checked_at=now, applied_at=now if state == "applied" else None)
            session.add(record)
            await session.flush()
            return record.id

    async def applied_import(self, organisation_id: int) -> int:
        """An import that has changed nothing."""
        return await self.roster_import(organisation_id, "applied")

    async def asking_import(self, organisation_id: int) -> tuple[int, int]:
        """An import, and its line with a question."""
        import_id = await self.roster_import(organisation_id)
        async with transaction(self.service.sessions) as session:
            (line_id,) = await next_ids(session, "roster_lines", 1)
            texts = json.dumps({"raw": {"name": "甲"}, "phone": ""})
            values = {"id": line_id, "import_id": import_id, "sheet": "", "line": 2, "readable": False}
            values |= {"status": "question", "code": "same_name", "question": "same_name", "reason": "同名"}
            values |= {"sealed": self.service.vault.encrypt(texts, seal_place(line_id))}
            session.add(ImportLine(**values, name="甲", name_key="甲", organisation="", superior=""))
            return import_id, line_id

    async def slip(self, organisation_id: int) -> str:
        """The code of a living slip for a new member."""
        member_id = await self.world.member(organisation_id)
        code = f"{self.number():08d}"
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            session.add(
                BindingSlip(
                    code_digest=self.service.vault.digest("binding slip", code),
                    member_id=member_id,
                    issued_by=self.author.id,
                    created_at=now,
                    expires_at=now + timedelta(days=1),
                )
            )
        return code

    async def binding_request(self, organisation_id: int) -> int:
        """What a new WeChat user asks for: a member who has a phone already."""
        member = await self.world.signed_in_member(organisation_id)
        applicant = await self.world.unbound_wechat()
        async with transaction(self.service.sessions) as session:
            request = BindingRequest(
                wechat_user_id=applicant.id,
                member_id=member.id,
                reason="already_bound",
                state="open",
                created_at=self.service.clock(),
            )
            session.add(request)
            await session.flush()
            return request.id

    async def set_password(self, account: Person, password_hash: str) -> None:
        """Gives an account a password."""
        async with transaction(self.service.sessions) as session:
            (await session.get_one(Account, account.id)).password_hash = password_hash

    async def account(self, organisation_id: int, role: str = "editor") -> Person:
        """An account that the organisation manages, with a post there and a session."""
        return await self.world.staff((role, organisation_id), login=f"target-{self.number()}")

    async def post(self, organisation_id: int) -> int:
        """The post of a new account."""
        account = await self.account(organisation_id)
        async with self.service.sessions() as session:
            return (await session.scalars(select(Post.id).where(Post.account_id == account.id))).one()

    async def end_posts(self, account: Person) -> None:
        """Ends all posts of an account as of now."""
        async with transaction(self.service.sessions) as session:
            await session.execute(
                update(Post).where(Post.account_id == account.id).values(until_at=self.service.clock())
            )

    async def login(self, password_hash: str) -> str:
        """The login of an account with a password."""
        login = f"login-{self.number()}"
        async with transaction(self.service.sessions) as session:
            session.add(
                Account(
                    login=login,
                    name=login,
                    password_hash=password_hash,
                    organisation_id=10,
                    created_at=self.service.clock(),
                )
            )
        return login

    async def asset(self, organisation_id: int) -> int:
        """A picture of which nothing has arrived yet."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            asset = Asset(
                organisation_id=organisation_id, account_id=self.author.id, file_name="党徽.png", size=len(PICTURE),
                received=0, state="uploading", created_at=now, touched_at=now,
            )  # fmt: skip
            session.add(asset)
            await session.flush()
            return asset.id

    async def asset_url(self, organisation_id: int) -> str:
        """The signed address of a picture."""
        svc, now = self.service, self.service.clock()
        asset = await keep_bytes(
            svc.sessions, svc.media, organisation_id, self.author.id, "system", "image/png", PICTURE, "党徽.png", now
        )
        return signed_url(svc.settings, str(asset.key), "image/png", now)

    async def lesson(self, organisation_id: int, markdown: str = "正文") -> int:
        """A draft that no issue rests on."""
        return await make_lesson(self.service, organisation_id, self.author.id, markdown)

    async def unillustrated(self, organisation_id: int) -> tuple[int, int]:
        """A draft with a place that waits for a picture, and a picture."""
        svc, lesson_id = self.service, await self.lesson(organisation_id)
        asset = await keep_bytes(
            svc.sessions, svc.media, organisation_id, self.author.id, "system", "image/png", PICTURE, "党徽.png",
            svc.clock(),
        )  # fmt: skip
        async with transaction(svc.sessions) as session:
            (await session.get_one(Lesson, lesson_id)).html = f"<p>{placeholder_html(1)}</p>"
        return lesson_id, asset.id

    async def word_list(self, organisation_id: int) -> None:
        """The organisation's own list of one word."""
        values = {"words": [{"text": "错词", "advice": "", "level": "wrong"}], "changed_by": self.author.id}
        row = insert(WordList).values(organisation_id=organisation_id, changed_at=self.service.clock(), **values)
        async with transaction(self.service.sessions) as session:
            await session.execute(row.on_conflict_do_nothing())

    async def issue(self, organisation_id: int, state: str = "draft") -> int:
        """An issue of one lesson in a state."""
        lesson_id = await self.lesson(organisation_id)
        return await make_issue(
            self.service, organisation_id, self.author.id, [lesson_id], week=self.week(), state=state
        )

    async def current_issue(self, organisation_id: int) -> int:
        """The published issue of this week: an organisation has one, and so this gives the same again."""
        if organisation_id not in self.current:
            lesson_id = await self.lesson(organisation_id)
            self.current[organisation_id] = await make_issue(
                self.service, organisation_id, self.author.id, [lesson_id], week=MONDAY, state="published"
            )
        return self.current[organisation_id]

    async def published_lesson(self, organisation_id: int) -> int:
        """A lesson in a published issue."""
        issue_id = await self.issue(organisation_id, "published")
        async with self.service.sessions() as session:
            return (await session.scalars(select(IssueLesson.lesson_id).where(IssueLesson.issue_id == issue_id))).one()

    async def begin(self, member_id: int, lesson_id: int) -> None:
        """The member has begun with a lesson, wherever it is."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            session.add(
                ReadingProgress(
                    member_id=member_id, lesson_id=lesson_id, position=0.5, credited_ms=0, recent=[], started_at=now,
                    heartbeat_at=now,
                )
            )  # fmt: skip

    async def note(self, organisation_id: int, member_id: int | None = None, *, awaiting: bool = False) -> int:
        """A note of a member, of somebody of the organisation unless it is said whose."""
        lesson_id = await self.published_lesson(organisation_id)
        author = member_id or await self.world.member(organisation_id)
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            note = Note(
                member_id=author,
                lesson_id=lesson_id,
                body=f"心得{self.number()}",
                created_at=now,
                updated_at=now,
                state="awaiting" if awaiting else "private",
                organisation_id=organisation_id if awaiting else None,
            )
            session.add(note)
            await session.flush()
            return note.id

    async def awaiting_note(self, organisation_id: int) -> int:
        """A note of a member of the organisation that awaits a review."""
        return await self.note(organisation_id, awaiting=True)

    async def correction(self, organisation_id: int) -> int:
        """A correction of a published lesson that waits for a review."""
        lesson_id = await self.published_lesson(organisation_id)
        async with transaction(self.service.sessions) as session:
            lesson = await session.get_one(Lesson, lesson_id)
            assert lesson.current_version_id is not None
            text = {name: getattr(lesson, name) for name in (*FIELDS, *BYLINE, *RENDERED)}
            correction = LessonCorrection(
                **{**text, "title": f"更正{self.number()}"}, lesson_id=lesson_id, note="改正标题", substantive=False,
                base_version_id=lesson.current_version_id, state="in_review", author_id=self.author.id,
                created_at=self.service.clock(),
            )  # fmt: skip
            session.add(correction)
            await session.flush()
            return correction.id

    async def corrected_lesson(self, organisation_id: int) -> int:
        """A lesson with a correction that waits for a review."""
        correction_id = await self.correction(organisation_id)
        async with self.service.sessions() as session:
            return (await session.get_one(LessonCorrection, correction_id)).lesson_id

    async def change(self, organisation_id: int, *, of_issue: bool) -> tuple[int, int]:
        """An issue, or a lesson, and the id of a change of it."""
        about = await (self.issue if of_issue else self.lesson)(organisation_id)
        key = {"issue_id" if of_issue else "lesson_id": about}
        async with transaction(self.service.sessions) as session:
            change = DeskChange(
                **key, account_id=self.author.id, action="changed", before={"title": "旧"}, after={"title": "新"},
                at=self.service.clock(),
            )  # fmt: skip
            session.add(change)
            await session.flush()
            return about, change.id

    async def comment(self, organisation_id: int) -> int:
        """A remark on a lesson."""
        lesson_id = await self.lesson(organisation_id)
        async with transaction(self.service.sessions) as session:
            comment = DeskComment(
                lesson_id=lesson_id, account_id=self.author.id, body="请核对条款", created_at=self.service.clock()
            )
            session.add(comment)
            await session.flush()
            return comment.id

    async def plan(self, organisation_id: int) -> int:
        """A plan: an organisation has one, and so this is that of an organisation below."""
        below = await self.child(organisation_id)
        async with transaction(self.service.sessions) as session:
            plan = Plan(
                organisation_id=below, title="第{week}周", columns=[{"title": "时政", "weeks": "every"}], ahead_weeks=4,
                enabled=True, author_id=self.author.id, planned_until=MONDAY, created_at=self.service.clock(),
            )  # fmt: skip
            session.add(plan)
            await session.flush()
            return plan.id

    async def topic(self, organisation_id: int, *, published: bool = False) -> int:
        """A topic of one published lesson."""
        lesson_id = await self.published_lesson(organisation_id)
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            topic = Topic(
                organisation_id=organisation_id, title="应知应会", summary="", changed_by=self.author.id,
                published=published, created_at=now, updated_at=now,
            )  # fmt: skip
            session.add(topic)
            await session.flush()
            session.add(TopicLesson(topic_id=topic.id, lesson_id=lesson_id, position=1))
            return topic.id

    async def published_topic(self, organisation_id: int) -> int:
        """A topic that members see."""
        return await self.topic(organisation_id, published=True)

    async def question(self, organisation_id: int) -> int:
        """A question of the bank whose answer is B."""
        row = ["单选", f"第{self.number()}题：多久一次？", "每月", "每季", "每年", "", "B", EXPLANATION, SOURCE]
        return (await make_questions(self.service, organisation_id, self.author.id, [row]))[0]

    async def quiz_issue(self, organisation_id: int, state: str = "draft") -> int:
        """An issue with a quiz of one question."""
        issue_id = await self.issue(organisation_id, state)
        question_id = await self.question(organisation_id)
        async with transaction(self.service.sessions) as session:
            quiz = QuizIn(title="小测", attempts_allowed=2, shuffle_options=False, question_ids=[question_id])
            await write_quiz(session, issue_id, quiz, self.service.clock())
        return issue_id

    async def quiz(self, organisation_id: int) -> int:
        """A quiz of a published issue."""
        issue_id = await self.quiz_issue(organisation_id, "published")
        async with self.service.sessions() as session:
            return (await session.scalars(select(Quiz.id).where(Quiz.issue_id == issue_id))).one()

    async def attempt(self, organisation_id: int, member_id: int) -> tuple[int, int]:
        """An open attempt of a member at a quiz of the organisation, and the one question."""
        quiz_id = await self.quiz(organisation_id)
        async with transaction(self.service.sessions) as session:
            asked = await fixed_ids(session, quiz_id)
            now = self.service.clock()
            attempt = Attempt(
                quiz_id=quiz_id, member_id=member_id, number=1, seed=1, question_ids=asked, answers={}, started_at=now
            )
            session.add(attempt)
            await session.flush()
            return attempt.id, asked[0]

    async def wrong_answer(self, organisation_id: int, member_id: int) -> int:
        """A question in the notebook of a member since the day before yesterday, of a quiz with no attempt left."""
        attempt_id, question_id = await self.attempt(organisation_id, member_id)
        then = self.service.clock() - timedelta(days=2)
        async with transaction(self.service.sessions) as session:
            attempt = await session.get_one(Attempt, attempt_id)
            attempt.submitted_at, attempt.score, attempt.passed, attempt.correct_ids = then, 0, False, []
            await session.execute(update(Quiz).where(Quiz.id == attempt.quiz_id).values(attempts_allowed=1))
            await note_wrong(session, [Wrong(member_id, question_id, attempt_id, then)])
        return question_id

    async def meeting(self, organisation_id: int) -> int:
        """A meeting in two days."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            meeting = Meeting(
                organisation_id=organisation_id,
                kind="theme_day",
                title=f"主题党日{self.number()}",
                agenda="",
                starts_at=now + timedelta(days=2),
                ends_at=now + timedelta(days=2, hours=1),
                join_link="https://meeting.example.com/1",
                meeting_code="",
                meeting_password="",
                created_by=self.author.id,
                created_at=now,
            )
            session.add(meeting)
            await session.flush()
            return meeting.id

    async def begun_meeting(self, organisation_id: int) -> int:
        """A meeting that began an hour ago."""
        meeting_id = await self.meeting(organisation_id)
        began = self.service.clock() - timedelta(hours=1)
        async with transaction(self.service.sessions) as session:
            meeting = await session.get_one(Meeting, meeting_id)
            meeting.starts_at, meeting.ends_at = began, began + timedelta(hours=2)
        return meeting_id

    async def recorded_study(self, organisation_id: int) -> int:
        """A lesson that a member read on paper."""
        issue_id, member_id = await self.issue(organisation_id, "published"), await self.member(organisation_id)
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            lesson = await session.scalar(select(IssueLesson.lesson_id).where(IssueLesson.issue_id == issue_id))
            study = RecordedStudy(
                member_id=member_id, issue_id=issue_id, lesson_id=lesson, edition=1, way="paper",
                studied_on=now.date(), completes=True, recorded_by=self.author.id, recorded_at=now,
            )  # fmt: skip
            session.add(study)
            await session.flush()
            return study.id

    async def certificate(self, organisation_id: int) -> str:
        """A certificate of a member; gives its number."""
        member_id, now = await self.member(organisation_id), self.service.clock()
        number = f"2222-2222-2222-{self.number():04}"
        async with transaction(self.service.sessions) as session:
            session.add(
                Certificate(
                    number=number, member_id=member_id, begins_on=now.date(), ends_on=now.date(), issues_completed=0,
                    hundredths=0, rules="1", issued_on=now.date(), issued_at=now,
                )
            )  # fmt: skip
        return number

    async def channel(self, organisation_id: int) -> int:
        """A channel of the console."""
        async with transaction(self.service.sessions) as session:
            channel = Channel(
                organisation_id=organisation_id,
                adapter="console",
                name="消息页",
                account=f"console-{self.number()}",
                config={},
                enabled=True,
                created_at=self.service.clock(),
            )
            session.add(channel)
            await session.flush()
            return channel.id

    async def called_channel(self, adapter: str, token: str, key: str) -> str:
        """A channel whose platform calls us; gives its account."""
        account = f"called-{self.number()}"
        async with transaction(self.service.sessions) as session:
            channel = Channel(
                organisation_id=1, adapter=adapter, name="渠道", account=account, config={}, enabled=True,
                created_at=self.service.clock(),
            )  # fmt: skip
            session.add(channel)
            await session.flush()
            set_callback(self.service.vault, channel, CallbackFields(callback_token=token, callback_key=key))
        return account

    async def addressed(self, organisation_id: int) -> int:
        """A channel that knows people by an id of its platform."""
        channel_id = await self.channel(organisation_id)
        async with transaction(self.service.sessions) as session:
            (await session.get_one(Channel, channel_id)).adapter = "wecom"
        return channel_id

    async def schedule(self, organisation_id: int) -> int:
        """A standing reminder."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            schedule = Schedule(
                organisation_id=organisation_id,
                kind="unfinished_reminder",
                cron="0 9 * * fri",
                timezone="Asia/Shanghai",
                late_policy="expire",
                late_seconds=60,
                enabled=True,
                next_due_at=now + timedelta(days=1),
                created_at=now,
            )
            session.add(schedule)
            await session.flush()
            return schedule.id

    async def dry_run(self, organisation_id: int) -> tuple[int, int]:
        """A dry run that was asked for: its schedule and itself."""
        schedule = await self.schedule(organisation_id)
        async with transaction(self.service.sessions) as session:
            run = DryRun(schedule_id=schedule, state="asked", asked_at=self.service.clock(), title="", body="")
            session.add(run)
            await session.flush()
            return schedule, run.id

    async def anniversary(self, organisation_id: int) -> int:
        """A day that the organisation keeps."""
        async with transaction(self.service.sessions) as session:
            day = Anniversary(
                organisation_id=organisation_id, month=7, day=1, name=f"纪念日{self.number()}", words="",
                enabled=True, created_at=self.service.clock(),
            )  # fmt: skip
            session.add(day)
            await session.flush()
            return day.id

    async def campaign(self, organisation_id: int, state: str = "sending") -> int:
        """What an organisation tells its members."""
        now = self.service.clock()
        async with transaction(self.service.sessions) as session:
            organisation = await session.get_one(Organisation, organisation_id)
            campaign = announce(
                session,
                "weekly_issue",
                organisation_id=organisation_id,
                subject_id=1,
                event={**ISSUE_EVENT, "organisation": organisation.name},
                audience=Audience(path=organisation.path),
                expires_at=now + timedelta(days=6),
                now=now,
            )
            campaign.state = state
            await session.flush()
            return campaign.id

    async def campaign_over(self, organisation_id: int) -> int:
        """One of which nothing is left to be sent: whoever watches it need not wait."""
        return await self.campaign(organisation_id, "done")

    async def audit_entry(self, organisation_id: int) -> int:
        """An object id that one entry of the audit log of the organisation names."""
        number = self.number()
        async with transaction(self.service.sessions) as session:
            audit.record(
                session, "system", "target.made", "target", number,
                now=self.service.clock(), organisation_id=organisation_id,
            )  # fmt: skip
        return number
