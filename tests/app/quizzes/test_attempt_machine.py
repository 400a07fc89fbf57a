"""Attempts in any order of openings, answers of two devices, pauses, submissions, sweeps: against a plain model."""

import asyncio
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, ClassVar, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.db.engine import create_engine, sessionmaker
from app.db.vault import open_vault
from app.platforms.http import outside_client
from app.resources import Service
from app.web import create_app
from scheduler.quizzes import close_all_overdue
from tests.app.quizzes.exam import ALL, ORDERING, RIGHT_TEXTS, Exam, shown_letters
from tests.conftest import MovableClock, make_settings
from tests.databases import clone_template, drop_database
from tests.world import World

ALLOWED, LIMIT, GRACE = 3, timedelta(seconds=120), timedelta(seconds=30)
# What is chosen of each kind, by the texts of the options; the first is right, and an empty list takes it back.
CHOICES: dict[str, list[list[str]]] = {
    "single": [["每季度"], ["每月"], []],
    "multiple": [["党员大会", "支委会", "党小组会"], ["党员大会"], ["党员大会", "职工大会"], []],
    "true_false": [["正确"], ["错误"], []],
    "fill_in": [["月"], ["年"], []],
    "ordering": [RIGHT_TEXTS["ordering"], RIGHT_TEXTS["ordering"][::-1], []],
}
SAVES = st.sampled_from([(kind, choice) for kind, choices in CHOICES.items() for choice in choices])
T = TypeVar("T")


@dataclass
class Try:
    """An attempt as the model has it; `saved` are the texts of each kind of question."""

    id: int
    started_at: datetime
    saved: dict[str, list[str]] = field(default_factory=dict)
    submitted_at: datetime | None = None

    @property
    def closes_at(self) -> datetime:
        """When it takes no more answers."""
        return self.started_at + LIMIT + GRACE

    @property
    def score(self) -> int | None:
        """Twenty for each of the five that is right, once it is over."""
        if self.submitted_at is None:
            return None
        rights = [self.saved.get(kind, []) == sorted_unless_ordered(kind, texts[0]) for kind, texts in CHOICES.items()]
        return 20 * sum(rights)


class Backstage:
    """A service with a shuffled quiz of two minutes, used from synchronous code; each example has its own member."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self.runner = runner
        self.database = runner.run(clone_template())
        self.engine = create_engine(self.database, pool=8)
        self.clock = MovableClock()
        runner.run(self._fill())

    async def _fill(self) -> None:
        made = make_settings(self.database)
        self.service = Service(made, sessionmaker(self.engine), self.clock, open_vault(made), outside_client())
        transport = httpx.ASGITransport(create_app(self.service))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://test/api/v1")
        self.world = await World.build(self.service)
        rules: dict[str, Any] = {"shuffle_options": True, "shuffle_questions": True, "time_limit_seconds": 120}
        self.exam = await Exam.build(
            self.client, self.world, self.service, rows=[*ALL, ORDERING], attempts=ALLOWED, **rules
        )

    def run(self, work: Awaitable[T]) -> T:
        """What comes of the work."""

        async def done() -> T:
            return await work

        return self.runner.run(done())

    async def _close(self) -> None:
        await self.client.aclose()
        await self.service.http.aclose()
        await self.engine.dispose()
        await drop_database(self.database)

    def close(self) -> None:
        """Ends it all."""
        self.runner.run(self._close())


@pytest.fixture
def backstage() -> Iterator[Backstage]:
    """The service, with an event loop that synchronous rules can run things in."""
    with asyncio.Runner() as runner:
        stage = Backstage(runner)
        yield stage
        stage.close()


class Attempts(RuleBasedStateMachine):
    """The machine; a subclass says on which stage."""

    stage: ClassVar[Backstage]

    def __init__(self) -> None:
        super().__init__()
        self.tries: list[Try] = []
        self.asked: dict[int, list[dict[str, Any]]] = {}

    @initialize()
    def join(self) -> None:
        self.member = self.stage.run(self.stage.world.signed_in_member(100))

    def end_overdue(self) -> None:
        for each in self.tries:
            if each.submitted_at is None and self.stage.clock() >= each.closes_at:
                each.submitted_at = each.closes_at

    def ask(self, method: str, path: str, json: object = None) -> httpx.Response:
        return self.stage.run(self.stage.client.request(method, path, headers=self.member.auth, json=json))

    def together(self, *requests: tuple[str, str, object]) -> list[httpx.Response]:
        async def all_of_them() -> list[httpx.Response]:
            sent = (self.stage.client.request(m, p, headers=self.member.auth, json=j) for m, p, j in requests)
            return list(await asyncio.gather(*sent))

        return self.stage.run(all_of_them())

    @rule(times=st.integers(1, 5))
    def open(self, times: int) -> None:
        path = f"/quizzes/{self.stage.exam.quiz}/attempts"
        answers = self.together(*(("POST", path, None) for _ in range(times)))
        self.end_overdue()
        going = next((each for each in self.tries if each.submitted_at is None), None)
        if going is None and len(self.tries) == ALLOWED:
            assert {(a.status_code, a.json()["code"]) for a in answers} == {(409, "attempts_used_up")}
            return
        assert {answer.status_code for answer in answers} == {201}
        assert len({answer.content for answer in answers}) == 1
        opened = answers[0].json()
        if going is None:
            going = Try(opened["id"], self.stage.clock())
            self.tries.append(going)
            self.asked[going.id] = opened["questions"]
        assert opened["id"] == going.id
        # Whatever device: the same questions, options and order.
        shown = [(each["id"], each["options"]) for each in opened["questions"]]
        assert shown == [(each["id"], each["options"]) for each in self.asked[going.id]]

    def put(self, attempt: Try, kind: str, choice: list[str]) -> tuple[str, str, object]:
        question = next(each for each in self.asked[attempt.id] if each["kind"] == kind)
        body = {"answers": {str(question["id"]): shown_letters(question, choice)}}
        return "PUT", f"/attempts/{attempt.id}/answers", body

    @rule(which=st.integers(0, 9), one=SAVES, other=SAVES)
    def save_on_two_devices(self, which: int, one: tuple[str, list[str]], other: tuple[str, list[str]]) -> None:
        if not self.tries:
            return
        attempt = self.tries[-1 - which % len(self.tries)]
        answers = self.together(self.put(attempt, *one), self.put(attempt, *other))
        self.end_overdue()
        if attempt.submitted_at is not None:
            code = "time_is_up" if attempt.submitted_at == attempt.closes_at else "attempt_submitted"
            assert [(a.status_code, a.json()["code"]) for a in answers] == [(409, code)] * 2
            return
        assert [answer.status_code for answer in answers] == [200, 200]
        kept = self.texts_of(self.ask("GET", f"/attempts/{attempt.id}").json())
        before = attempt.saved
        # Of the same question one of the two stays; of two questions, both.
        orders = [{**before, one[0]: one[1], other[0]: other[1]}, {**before, other[0]: other[1], one[0]: one[1]}]
        expected = [{kind: sorted_unless_ordered(kind, each[kind]) for kind in each if each[kind]} for each in orders]
        assert kept in expected
        attempt.saved = kept

    def texts_of(self, attempt: dict[str, Any]) -> dict[str, list[str]]:
        kept = {}
        for each in attempt["questions"]:
            texts = each["your_answer"]
            if each["kind"] != "fill_in":
                texts = [each["options"]["ABCDEFGH".index(letter)] for letter in texts]
            if texts:
                kept[each["kind"]] = sorted_unless_ordered(each["kind"], texts)
        return kept

    @rule(which=st.integers(0, 9), times=st.integers(1, 5))
    def submit(self, which: int, times: int) -> None:
        if not self.tries:
            return
        attempt = self.tries[-1 - which % len(self.tries)]
        answers = self.together(*(("POST", f"/attempts/{attempt.id}/submission", None) for _ in range(times)))
        self.end_overdue()
        attempt.submitted_at = attempt.submitted_at or self.stage.clock()
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        self.check(attempt, answers[0].json())

    def check(self, attempt: Try, shown: dict[str, Any]) -> None:
        assert self.texts_of(shown) == attempt.saved
        assert (shown["state"] == "submitted") is (attempt.submitted_at is not None)
        if attempt.submitted_at is not None:
            assert datetime.fromisoformat(shown["submitted_at"]) == attempt.submitted_at
            assert (shown["score"], shown["passed"]) == (attempt.score, (attempt.score or 0) >= 60)
            assert shown["timed_out"] is (attempt.submitted_at == attempt.closes_at)
        else:
            assert not {"answer", "explanation", "source", "correct"} & set(shown["questions"][0])

    @rule(seconds=st.sampled_from([0, 1, 29, 30, 60, 119, 120, 150, 1000]))
    def wait(self, seconds: int) -> None:
        self.stage.clock.move(seconds=seconds)

    @rule()
    def sweep(self) -> None:
        self.stage.run(close_all_overdue(self.stage.service.sessions, self.stage.clock()))
        self.end_overdue()

    @rule(which=st.integers(0, 9))
    def look(self, which: int) -> None:
        self.end_overdue()
        if self.tries:
            attempt = self.tries[which % len(self.tries)]
            self.check(attempt, self.ask("GET", f"/attempts/{attempt.id}").json())

    @invariant()
    def the_quiz_says_how_the_member_stands(self) -> None:
        if not self.tries:
            return
        self.end_overdue()
        quiz = self.ask("GET", f"/issues/{self.stage.exam.issue}/quiz").json()
        assert [(each["id"], each["score"]) for each in quiz["attempts"]] == [
            (each.id, each.score) for each in self.tries
        ]
        scores = [each.score for each in self.tries if each.score is not None]
        assert quiz["score"] == max(scores, default=None)
        assert quiz["passed"] is (max(scores, default=0) >= 60)
        going = [each.id for each in self.tries if each.submitted_at is None]
        assert quiz["open_attempt_id"] == (going[0] if going else None)


def sorted_unless_ordered(kind: str, texts: list[str]) -> list[str]:
    """Texts as they are compared."""
    return texts if kind == "ordering" else sorted(texts)


def test_attempts_are_what_the_model_says(backstage: Backstage) -> None:
    class OnStage(Attempts):
        stage = backstage

    run_state_machine_as_test(
        OnStage,
        settings=settings(
            max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )
