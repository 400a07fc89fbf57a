"""Organisations, people, posts, accounts and bindings changed in any order, against a plain model of them.

After every step: everybody living stands in one place, where their organisation is, and nobody ever stood in two;
everybody's rights and sessions are what the model says, no more and no less; and a week that is over never changes,
unless somebody said that a change came about earlier, or brought a member back as if they had never been away.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.access.principals import CurrentStaff, HeldPost, get_member, get_staff, get_wechat
from app.closures.service import archive_organisation, merge_organisation
from app.db.base import Base
from app.db.engine import create_engine, sessionmaker, transaction
from app.db.vault import open_vault
from app.directory.models import Organisation, Placement
from app.errors import ProductError, Unauthenticated
from app.handovers.service import hand_over_post
from app.identity.binding import bind, unbind
from app.identity.binding_schemas import SlipsIn
from app.identity.service import open_wechat_session
from app.identity.slips import draw_slips, keep_slips
from app.organisations.accounts import change_account
from app.organisations.people.archiving import archive_member, restore_member
from app.organisations.people.schemas import ArchiveIn, MemberIn, MoveIn, RestorationIn
from app.organisations.people.service import add_member, move_member
from app.organisations.posts.schemas import HandoverIn, PostIn
from app.organisations.posts.service import appoint, end_post
from app.organisations.schemas import AccountPatch
from app.organisations.tree.closing import restore_organisation
from app.organisations.tree.moving import move_organisation, split_organisation
from app.organisations.tree.schemas import (
    MergerIn,
    OrganisationArchiveIn,
    OrganisationIn,
    OrganisationMoveIn,
    SplitIn,
)
from app.organisations.tree.service import create_organisation
from app.platforms.http import outside_client
from app.reports.schemas import OrganisationRow
from app.reports.service import get_completion
from app.resources import Service
from app.schemas import week_of
from tests.app.organisations.model import (
    PARENTS,
    SLIP_LIFE,
    ZONE,
    Branch,
    Model,
    Office,
    Person,
    Place,
    Row,
    effective,
    together,
)
from tests.conftest import MovableClock, make_settings
from tests.databases import clone_template, drop_database
from tests.study import Study
from tests.world import APPID, TREE, World

START = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
MONDAY = date(2026, 11, 16)
WEEKS = 12
TOPS = (1, 2)
PUBLISHERS = (1, 2, 10, 100)
ACCOUNTS = 3
KINDS = tuple(PARENTS)
NAMES = (*"甲乙丙丁戊己庚辛", "一支部", "三支部")
Act = Callable[[AsyncSession], Awaitable[object]]

# What an example leaves to the next one: the tree, the issues and who wrote them.
KEPT = ("organisations", "accounts", "lessons", "lesson_versions", "issues", "issue_lessons")
EMPTY = (
    *(f"DELETE FROM {table.name}" for table in reversed(Base.metadata.sorted_tables) if table.name not in KEPT),
    "DELETE FROM accounts WHERE id > (SELECT max(author_id) FROM issues)",
    "UPDATE organisations SET archived_at = NULL, archive_reason = NULL, merged_into_id = NULL, parent_id = NULL,"
    " name = CAST(id AS text)",
    "DELETE FROM organisations WHERE id > 1000",
)
# Sessions end here by what is done with them, not by waiting.
KEEP_SESSIONS = text("UPDATE sessions SET seen_at = :now, expires_at = :until")

picks = st.sampled_from(range(100))
days_ago = st.sampled_from([0, 0, 0, 0, 0, 0, 1, 8])


class Backstage:
    """A database with issues of twelve weeks, used from synchronous code; each example finds it empty of people."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.database = runner.run(clone_template())
        self.engine = create_engine(self.database, pool=2)
        made = make_settings(self.database)
        http = runner.run(self._client())
        self.clock = MovableClock()
        self.service = Service(made, sessionmaker(self.engine), self.clock, open_vault(made), http)
        self.lessons: list[int] = []
        runner.run(self._fill())

    async def _client(self) -> httpx.AsyncClient:
        return outside_client()

    async def _fill(self) -> None:
        self.study = await Study.build(await World.build(self.service))
        for place in PUBLISHERS:
            lesson = await self.study.lesson(place)
            self.lessons.append(lesson)
            for number in range(WEEKS):
                week = week_of(MONDAY + timedelta(weeks=number))
                await self.study.issue(place, week=week, required=0, shared=[lesson])

    async def empty(self) -> None:
        """As it was at first."""
        self.clock.now = START
        async with transaction(self.service.sessions) as session:
            for statement in EMPTY:
                await session.execute(text(statement))
            for id_, parent, path, _, name in TREE:
                organisation = await session.get_one(Organisation, id_)
                organisation.parent_id, organisation.path, organisation.name = parent, path, name
        posts = [(role, top) for role in ("administrator", "leader") for top in TOPS]
        actor = await World(self.service, counter=10).staff(*posts)
        held = tuple(HeldPost(role, top, f"/{top}/") for role, top in posts)
        self.actor = CurrentStaff(0, actor.id, actor.name, held)

    async def _close(self) -> None:
        await self.service.http.aclose()
        await self.engine.dispose()
        await drop_database(self.database)

    def close(self) -> None:
        """Drops the database."""
        self.runner.run(self._close())


class County(RuleBasedStateMachine):
    """What administrators and leaders do, and members with their phones."""

    backstage: Backstage

    @initialize()
    def begin(self) -> None:
        """The tree of `tests.world`, a few people in it, and three accounts without rights."""
        self.run(self.backstage.empty())
        self.world = World(self.backstage.service, counter=100)
        branches = [Branch(id_, parent, kind, name) for id_, parent, _, kind, name in TREE]
        self.model = Model(branches, START)
        self.tokens: dict[int, str] = {}
        self.settled: dict[tuple[int, date], Any] = {}
        # From when on the last change may have changed anything.
        self.since = START
        self.accounts = [self.run(self.world.staff()) for _ in range(ACCOUNTS)]
        for place in (100, 100, 110, 20):
            self.add_person(place)

    def run(self, work: Awaitable[Any]) -> Any:
        """Does the asynchronous work."""

        async def wait() -> Any:
            return await work

        return self.backstage.runner.run(wait())

    @property
    def now(self) -> datetime:
        """The time of the step."""
        return self.model.now

    @property
    def actor(self) -> CurrentStaff:
        """Who administers and leads both trees."""
        return self.backstage.actor

    def attempt(self, refusals: set[str], act: Act, since: datetime | None = None) -> Any:
        """The result, or None where it is refused: exactly when the model says so, and with one of its codes."""

        async def go() -> Any:
            async with transaction(self.backstage.service.sessions) as session:
                return await act(session)

        refused, result = None, None
        try:
            result = self.run(go())
        except ProductError as error:
            refused = error.shown_code
        if refused is not None or refusals:
            assert refused in refusals, f"{refused or 'done'}, where the model says {refusals or 'done'}"
            return None
        self.since = min(self.now, since or self.now)
        return result

    def branch(self, pick: int, *, kinds: Collection[str] = KINDS, top: bool = True, archived: bool = False) -> int:
        """One of the organisations of these kinds; one time in ten any other."""
        every = [each for each in self.model.branches.values() if top or each.parent]
        wanted = [each for each in every if each.kind in kinds and (each.archived is not None) == archived]
        ids = [each.id for each in (every if pick % 10 == 0 else wanted)] or [110]
        return ids[pick // 10 % len(ids)]

    def person(self, pick: int) -> Person:
        """One of the people."""
        people = list(self.model.people.values())
        return people[pick % len(people)]

    # --- time ----------------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 13, 24, 24 * 16, 24 * 30]))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        limit = START + timedelta(weeks=WEEKS) - timedelta(days=1)
        self.model.now = self.since = self.backstage.clock.now = min(self.now + timedelta(hours=hours), limit)

    @rule()
    def next_week(self) -> None:
        """It is the next Monday."""
        self.wait(24 * (7 - self.now.astimezone(ZONE).weekday()))

    # --- the tree ------------------------------------------------------------------------------------------------

    @rule(
        pick=picks, name=st.sampled_from(NAMES), kind=st.sampled_from(["branch", "branch", "group", "general_branch"])
    )
    def create(self, pick: int, name: str, kind: Any) -> None:
        """A new organisation."""
        parent = self.branch(pick, kinds=PARENTS[kind])
        made = self.attempt(
            self.model.why_not_create(parent, kind, name),
            lambda session: create_organisation(
                session, self.actor, OrganisationIn(parent_id=parent, name=name, kind=kind), self.now
            ),
        )
        if made is not None:
            self.model.branches[made.id] = Branch(made.id, parent, kind, name, begins=self.now)

    @rule(pick=picks, to=picks, ago=days_ago)
    def move(self, pick: int, to: int, ago: int) -> None:
        """An organisation goes to another superior."""
        branch, at = self.branch(pick, top=False), effective(ago, self.now)
        parent = self.branch(to, kinds=PARENTS[self.model.branches[branch].kind])
        body = OrganisationMoveIn.model_validate({"parent_id": parent, "effective_on": self.day(ago)})
        moved = self.attempt(
            self.model.why_not_move(branch, parent, at),
            lambda session: move_organisation(session, self.actor, branch, body, self.now),
            at,
        )
        if moved is not None:
            self.model.move(branch, parent, at)

    @rule(pick=picks, to=picks, ago=days_ago)
    def merge(self, pick: int, to: int, ago: int) -> None:
        """An organisation goes into another one."""
        branch, at = self.branch(pick, top=False), effective(ago, self.now)
        into = self.branch(to, kinds=(self.model.branches[branch].kind,))
        body = MergerIn.model_validate({"into_id": into, "effective_on": self.day(ago)})
        merged = self.attempt(
            self.model.why_not_merge(branch, into, at),
            lambda session: merge_organisation(session, self.actor, branch, body, self.now),
            at,
        )
        if merged is not None:
            self.model.merge(branch, into, at)

    @rule(pick=picks, which=st.lists(picks, min_size=1, max_size=3), name=st.sampled_from(NAMES), ago=days_ago)
    def split(self, pick: int, which: list[int], name: str, ago: int) -> None:
        """Some of the members of an organisation get one of their own."""
        branch, at = self.branch(pick, top=False), effective(ago, self.now)
        here = self.model.members(branch)
        ids = sorted(
            {here[each // 10 % len(here)].id if here and each % 10 else self.person(each).id for each in which}
        )
        body = SplitIn.model_validate({"name": name, "member_ids": ids, "effective_on": self.day(ago)})
        new = self.attempt(
            self.model.why_not_split(branch, ids, name, at),
            lambda session: split_organisation(session, self.actor, branch, body, self.now),
            at,
        )
        if new is not None:
            source = self.model.branches[branch]
            at = self.model.settled(branch, source.parent or 0, at)
            self.model.branches[new.id] = Branch(new.id, source.parent, source.kind, name, begins=at)
            for id_ in ids:
                self.model.place(self.model.people[id_], new.id, at)

    @rule(pick=picks)
    def archive(self, pick: int) -> None:
        """An organisation is dissolved."""
        branch = self.branch(pick, top=False)
        gone = self.attempt(
            self.model.why_not_archive(branch),
            lambda session: archive_organisation(
                session, self.actor, branch, OrganisationArchiveIn(reason="dissolved"), self.now
            ),
        )
        if gone is not None:
            self.model.archive(branch)

    @rule(pick=picks)
    def restore(self, pick: int) -> None:
        """An organisation is brought back."""
        branch = self.branch(pick, top=False, archived=True)
        back = self.attempt(
            self.model.why_not_restore(branch),
            lambda session: restore_organisation(session, self.actor, branch, self.now),
        )
        if back is not None:
            self.model.branches[branch].archived = None

    def day(self, ago: int) -> str | None:
        """The day that is given for a change that came about so many days ago."""
        return (self.now.astimezone(ZONE).date() - timedelta(days=ago)).isoformat() if ago else None

    # --- people --------------------------------------------------------------------------------------------------

    def add_person(self, place: int) -> None:
        """A new member, who reads all or nothing."""
        body = MemberIn(organisation_id=place, name="王新来")
        made = self.attempt(
            set() if self.model.living(place) else {"not_found"},
            lambda session: add_member(session, self.backstage.service.vault, self.actor, body, self.now),
        )
        if made is None:
            return
        person = Person(made.id, place, reads=made.id % 2 == 0)
        self.model.people[person.id] = person
        self.model.place(person, place, self.now)
        if person.reads:
            self.run(self.backstage.study.read(person.id, *self.backstage.lessons))

    @rule(pick=picks)
    def join(self, pick: int) -> None:
        """Somebody new."""
        self.add_person(self.branch(pick))

    @rule(who=picks, to=picks, ago=days_ago)
    def move_person(self, who: int, to: int, ago: int) -> None:
        """A member goes to another organisation."""
        person, place, at = self.person(who), self.branch(to), effective(ago, self.now)
        day = MoveIn.model_validate({"organisation_id": place, "effective_on": self.day(ago)}).effective_on
        moved = self.attempt(
            self.model.why_not_move_person(person, place, at),
            lambda session: move_member(
                session, self.backstage.service.vault, self.actor, person.id, place, day, self.now
            ),
            at,
        )
        if moved is not None and person.organisation != place:
            self.model.move_person(person, place, at)

    @rule(who=picks, ago=days_ago)
    def archive_person(self, who: int, ago: int) -> None:
        """A member is taken off the roster."""
        person, at = self.person(who), effective(ago, self.now)
        body = ArchiveIn.model_validate({"reason": "other", "effective_on": self.day(ago)})
        gone = self.attempt(
            self.model.why_not_archive_person(person, at),
            lambda session: archive_member(
                session, self.backstage.service.vault, self.actor, person.id, body, self.now
            ),
            at,
        )
        if gone is not None:
            self.model.archive_person(person, at)

    @rule(who=picks, to=st.one_of(st.none(), st.none(), picks))
    def restore_person(self, who: int, to: int | None) -> None:
        """A member is brought back, to where they were or elsewhere."""
        archived = [person for person in self.model.people.values() if person.archived]
        person = archived[who % len(archived)] if archived else self.person(who)
        place = None if to is None else self.branch(to)
        target = person.organisation if place is None else place
        left = max((each.ends for each in person.places if each.ends), default=self.now)
        body = RestorationIn(organisation_id=place, allow_duplicate=True)
        back = self.attempt(
            self.model.why_not_restore_person(person, target),
            lambda session: restore_member(
                session, self.backstage.service.vault, self.actor, person.id, body, self.now
            ),
            left,
        )
        if back is not None:
            self.model.restore_person(person, target)

    # --- posts ---------------------------------------------------------------------------------------------------

    @rule(
        account=st.integers(0, ACCOUNTS - 1),
        pick=picks,
        role=st.sampled_from(["leader", "editor", "administrator"]),
        begins=st.sampled_from([None, None, 5, 24 * 9]),
        lasts=st.sampled_from([None, None, 3, 24 * 20, -1]),
    )
    def appoint(self, account: int, pick: int, role: Any, begins: int | None, lasts: int | None) -> None:
        """A post, from now on or later, for good or for the time being; what has an end is held for another."""
        start = self.now + timedelta(hours=begins or 0)
        end = None if lasts is None else start + timedelta(hours=lasts)
        office = Office(0, self.accounts[account].id, self.branch(pick), role, start, end)
        body = PostIn(
            account_id=office.account, organisation_id=office.organisation, role=role, acting=end is not None,
            from_at=start if begins else None, until_at=end,
        )  # fmt: skip
        made = self.attempt(
            self.model.why_not_appoint(office), lambda session: appoint(session, self.actor, body, self.now)
        )
        if made is not None:
            office.id = made.id
            self.model.offices[made.id] = office

    @rule(pick=picks)
    def end_post(self, pick: int) -> None:
        """A post ends, also one that has not begun, or has ended before."""
        offices = list(self.model.offices.values())
        if offices:
            office = offices[pick % len(offices)]
            self.attempt(set(), lambda session: end_post(session, self.actor, office.id, self.now))
            self.model.end_office(office)

    @rule(
        pick=picks,
        account=st.integers(0, ACCOUNTS - 1),
        begins=st.sampled_from([None, None, 5, 24 * 9]),
        lasts=st.sampled_from([None, None, 24 * 20, -1]),
    )
    def hand_over(self, pick: int, account: int, begins: int | None, lasts: int | None) -> None:
        """A post changes hands, now or later, also to a disabled account, or back to its holder."""
        offices = list(self.model.offices.values())
        if not offices:
            return
        office = offices[pick % len(offices)]
        start = self.now + timedelta(hours=begins or 0)
        end = None if lasts is None else start + timedelta(hours=lasts)
        successor = Office(0, self.accounts[account].id, office.organisation, office.role, start, end)
        body = HandoverIn(
            to_account_id=successor.account, from_at=start if begins else None, acting=end is not None, until_at=end
        )
        handed = self.attempt(
            self.model.why_not_hand_over(office, successor),
            lambda session: hand_over_post(session, self.actor, office.id, body, self.now),
        )
        if handed is not None:
            office.ends, successor.id = start, handed.post.id
            self.model.offices[successor.id] = successor

    # --- accounts ------------------------------------------------------------------------------------------------

    @rule(account=st.integers(0, ACCOUNTS - 1), disabled=st.booleans())
    def disable(self, account: int, disabled: bool) -> None:
        """An account may not sign in any more, or may again: its session has ended, its posts go on."""
        id_ = self.accounts[account].id
        body = AccountPatch(disabled=disabled)
        self.attempt(set(), lambda session: change_account(session, self.actor, id_, body, None, self.now))
        self.model.disabled.discard(id_)
        if disabled:
            self.model.disabled.add(id_)
            self.model.signed_out.add(id_)

    @rule(account=st.integers(0, ACCOUNTS - 1))
    def open_desk(self, account: int) -> None:
        """A session of an account, whether it may have one or not."""
        person = self.accounts[account]
        person.token = self.run(self.world.sign_in_staff(person.id))
        self.model.signed_out.discard(person.id)

    # --- bindings ------------------------------------------------------------------------------------------------

    def sign_in(self, person: Person) -> None:
        """The phone of the member signs in."""

        async def act(session: AsyncSession) -> str:
            token, _, _ = await open_wechat_session(session, APPID, f"openid-{person.id}", None, self.now)
            return token

        self.tokens[person.id] = self.attempt(set(), act)
        person.session = "acting" if person.bound and person.archived is None else "idle"

    @rule(who=picks)
    def open_phone(self, who: int) -> None:
        """A member signs in anew, bound or not."""
        self.sign_in(self.person(who))

    @rule(who=picks)
    def hand_out_slip(self, who: int) -> None:
        """A leader hands out a code; the one before works no longer."""
        person = self.person(who)
        body = SlipsIn(member_ids=[person.id])
        top = next(top for top in TOPS if self.model.path(person.organisation).startswith(f"/{top}/"))

        async def act(session: AsyncSession) -> str:
            vault = self.backstage.service.vault
            drawing = await draw_slips(session, vault, self.actor, top, body, self.now)
            await keep_slips(session, vault, self.actor, drawing, body, self.now)
            return drawing.slips[0].code

        code = self.attempt({"not_found"} if person.archived else set(), act)
        if code is not None:
            person.slip = (code, self.now + SLIP_LIFE)

    @rule(who=picks)
    def use_slip(self, who: int) -> None:
        """The member types the code that they were given last."""
        holders = [person for person in self.model.people.values() if person.slip] or [self.person(who)]
        person = holders[who % len(holders)]
        self.sign_in(person)
        code, expires = person.slip or ("00000000", START)

        async def act(session: AsyncSession) -> object:
            wechat = await get_wechat(session, self.tokens[person.id], self.now)
            return await bind(session, self.backstage.service.vault, wechat, code, self.now)

        if self.attempt(set() if self.now < expires else {"wrong_invite_code"}, act) is not None:
            person.bound, person.session, person.slip = True, "acting", None

    @rule(who=picks)
    def unbind(self, who: int) -> None:
        """A leader resets a binding."""
        person = self.person(who)
        self.attempt(set(), lambda session: unbind(session, self.actor, person.id, self.now))
        person.bound, person.slip = False, None
        if person.session == "acting":
            person.session = "none"

    # --- what always holds ---------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        """All of it; see the head of this module."""
        if hasattr(self, "model"):
            self.run(self._check())

    async def _check(self) -> None:
        async with transaction(self.backstage.service.sessions) as session:
            await session.execute(KEEP_SESSIONS, {"now": self.now, "until": self.now + timedelta(days=9)})
        async with self.backstage.service.sessions() as session:
            await self._check_tree(session)
            await self._check_places(session)
            await self._check_rights(session)
            await self._check_phones(session)
            await self._check_weeks(session)

    async def _check_tree(self, session: AsyncSession) -> None:
        rows = await session.execute(
            select(Organisation.id, Organisation.parent_id, Organisation.path, Organisation.archived_at)
        )
        assert {row[0]: (row[1], row[2], row[3]) for row in rows} == {
            each.id: (each.parent, self.model.path(each.id), each.archived) for each in self.model.branches.values()
        }

    async def _check_places(self, session: AsyncSession) -> None:
        stood: dict[int, list[Place]] = {id_: [] for id_ in self.model.people}
        for row in await session.scalars(select(Placement).order_by(Placement.from_at)):
            stood[row.member_id].append(Place(row.organisation_id, row.path, row.from_at, row.until_at))
        for person in self.model.people.values():
            for one, other in itertools.pairwise(stood[person.id]):
                assert one.ends is not None
                assert one.ends <= other.begins
            assert together(stood[person.id]) == together(person.places)
            open_ones = [(each.organisation, each.path) for each in stood[person.id] if each.ends is None]
            here = (person.organisation, self.model.path(person.organisation))
            assert open_ones == ([here] if person.archived is None else [])

    async def _check_rights(self, session: AsyncSession) -> None:
        for account in self.accounts:
            if account.id in self.model.disabled | self.model.signed_out:
                with pytest.raises(Unauthenticated):
                    await get_staff(session, account.token, self.now)
                continue
            staff = await get_staff(session, account.token, self.now)
            held = {(post.role, post.organisation_id, post.path) for post in staff.posts}
            assert held == self.model.rights(account.id)

    async def _check_phones(self, session: AsyncSession) -> None:
        for id_, token in self.tokens.items():
            person = self.model.people[id_]
            try:
                member = await get_member(session, token, self.now, consented=False)
            except ProductError as refused:
                found = refused.shown_code
            else:
                assert (member.member_id, member.organisation_id) == (id_, person.organisation)
                found = "acting"
            welcome = person.bound and person.archived is None
            expected = {
                "none": "unauthenticated",
                "acting": "acting",
                "idle": "member_gone" if welcome else "not_bound",
            }
            assert found == expected[person.session]

    async def _check_weeks(self, session: AsyncSession) -> None:
        for number, top in itertools.product(range(WEEKS), TOPS):
            monday = MONDAY + timedelta(weeks=number)
            ends = datetime.combine(monday, datetime.min.time(), UTC) + timedelta(weeks=1, hours=-8)
            if self.now < ends - timedelta(weeks=1):
                return
            seen = await get_completion(
                session, self.actor, top, week_of(monday), by_member=False, after=None, limit=1, now=self.now
            )
            rows = [
                (0, seen.totals),
                *((row.organisation_id, row) for row in seen.items if isinstance(row, OrganisationRow)),
            ]
            figures: Counter[Row] = Counter(
                {(row, name): getattr(of, name) for row, of in rows for name in ("due", "completed")}
            )
            assert +figures == self.model.figures(top, monday), (top, monday)
            if ends <= self.since and (top, monday) in self.settled:
                assert self.settled[top, monday] == seen, "a week that is over has changed"
            if ends <= self.now:
                self.settled[top, monday] = seen


@pytest.fixture
def backstage() -> Iterator[Backstage]:
    """The database, with an event loop that synchronous rules can run things in."""
    with asyncio.Runner() as runner:
        stage = Backstage(runner)
        yield stage
        stage.close()


def test_the_county_is_what_the_model_says(backstage: Backstage) -> None:
    class TheCounty(County):
        pass

    TheCounty.backstage = backstage
    run_state_machine_as_test(
        TheCounty,
        settings=settings(
            max_examples=12, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
