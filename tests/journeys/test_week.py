"""One weekly issue travels from an editor's upload to a member's phone and a branch leader's figures."""

import io
from datetime import datetime, timedelta
from typing import Any

import openpyxl

from tests.journeys.program import ROOT, Phone, Program, eventually
from tests.journeys.town import APPID, EAST, MONDAY, SHANGHAI, TEMPLATES, WEEK, Town, prepare_issue, set_up


def bind_members(town: Town) -> tuple[Phone, Phone]:
    """The leader hands out codes; a member and a floating member bind their phones."""
    leader = town.staff("leader-east")
    east = town.organisations[EAST]
    slips = {
        each["member_id"]: each
        for each in leader.ask("POST", f"/organisations/{east}/binding-slips", 201, json={})["items"]
    }
    roster = leader.ask("GET", f"/organisations/{east}/members?limit=200")["items"]
    at_home = next(each for each in roster if each["roster"] != "floating" and not each["exempt"])
    floating = next(each for each in roster if each["roster"] == "floating" and not each["exempt"])
    phones = []
    for name, member in (("home", at_home), ("away", floating)):
        phone = town.open_phone(name)
        assert phone.send("GET", "/me").json()["code"] == "not_bound"
        code = slips[member["id"]]["invite_code"]
        phone.ask("POST", "/me/binding", 201, json={"invite_code": code})
        consent(phone)
        assert phone.ask("GET", "/me")["name"] == member["name"]
        stranger = town.open_phone(f"thief of {name}")
        assert stranger.send("POST", "/me/binding", json={"invite_code": code}).json()["code"] == "wrong_invite_code"
        phones.append(phone)
    return phones[0], phones[1]


def consent(phone: Phone) -> None:
    """The member reads the privacy notice and agrees; before that there is nothing else."""
    assert phone.send("GET", "/me").json()["code"] == "consent_needed"
    notice = phone.ask("GET", "/privacy-notice")
    assert "个人信息保护法" in notice["html"]
    phone.ask("PUT", "/me/consent", json={"version": notice["version"], "accepted": True})


def test_a_week(program: Program) -> None:
    town = Town(program, program.start("run"))
    set_up(program, town)
    issue_id, previews = prepare_issue(town)
    home, away = bind_members(town)
    template = TEMPLATES["weekly_issue"]["template_id"]
    town.platform.post("/_control/accept", json={"appid": APPID, "phone": "home", "template_id": template})
    assert home.ask("POST", "/subscriptions", 201, json={"template": template, "accepted": True})["balance"] == 1
    assert home.ask("GET", "/issues")["items"] == []
    assert home.send("GET", f"/lessons/{next(iter(previews))}").status_code == 404

    check_push(program, town)
    check_reading(program, home, issue_id, previews)
    check_quiz(home, issue_id)
    check_figures(program, town, issue_id)
    check_meeting(program, town, away)
    check_audit(town)
    program.stop()


def check_push(program: Program, town: Town) -> None:
    """On Monday at eight everybody hears of it: 399 on the console, one in WeChat; nobody twice."""
    program.set_clock(MONDAY - timedelta(seconds=20))
    assert town.messages() == []
    program.set_clock(MONDAY + timedelta(seconds=1))
    eventually(lambda: len(town.messages()) == 399)
    eventually(lambda: len(town.wechat_messages()) == 1)
    messages = town.messages()
    assert {(each["kind"], each["times"]) for each in messages} == {("weekly_issue", 1)}
    assert len({each["member_id"] for each in messages}) == 399
    assert town.wechat_messages()[0]["phone"] == "home"


def check_reading(program: Program, home: Phone, issue_id: int, previews: dict[int, dict[str, Any]]) -> None:
    """What was previewed is what is read; only time that passed is credited; then the week is finished."""
    (current,) = home.ask("GET", "/issues/current")["items"]
    assert current["id"] == issue_id
    lessons = home.ask("GET", f"/issues/{issue_id}")["lessons"]
    assert [each["lesson_id"] for each in lessons] == list(previews)
    for lesson in lessons:
        lesson_id = lesson["lesson_id"]
        answer = home.send("GET", f"/lessons/{lesson_id}")
        read = answer.json()
        assert (read["html"], read["nodes"]) == (previews[lesson_id]["html"], previews[lesson_id]["nodes"])
        cached = home.send("GET", f"/lessons/{lesson_id}", headers={"If-None-Match": answer.headers["etag"]})
        assert cached.status_code == 304
        path = f"/lessons/{lesson_id}/progress"
        first = home.ask("PUT", path, json={"position": 0.1, "heartbeat_id": "a"})
        burst = [home.ask("PUT", path, json={"position": 1, "heartbeat_id": "a"}) for _ in range(3)]
        assert burst[-1]["remaining_seconds"] == first["remaining_seconds"] == lesson["required_seconds"]
        beat = 0
        while True:
            beat += 1
            program.set_clock(program.now() + timedelta(seconds=45))
            seen = home.ask("PUT", path, json={"position": 0.95, "heartbeat_id": f"b{beat}"})
            if seen["completed_at"]:
                break
            assert beat < 20
        assert seen["remaining_seconds"] == 0
        assert beat >= lesson["required_seconds"] // 60
        late = home.ask("PUT", path, json={"position": 0.2, "heartbeat_id": "b1"})
        assert (late["position"], late["completed_at"]) == (seen["position"], seen["completed_at"])
    assert home.ask("GET", f"/issues/{issue_id}")["completed"] is True


def check_quiz(home: Phone, issue_id: int) -> None:
    """No answer leaves the server before the submission; the score is the server's, once."""
    quiz = home.ask("GET", f"/issues/{issue_id}/quiz")
    started = home.send("POST", f"/quizzes/{quiz['id']}/attempts")
    assert started.status_code == 201
    attempt = started.json()
    assert not any(word in started.text for word in ('"answer"', '"correct"', "explanation", "source"))
    assert home.ask("POST", f"/quizzes/{quiz['id']}/attempts", 201)["id"] == attempt["id"]
    sheet = openpyxl.load_workbook(io.BytesIO((ROOT / "content/demo/questions.xlsx").read_bytes())).worksheets[0]
    header, *rows = [[str(cell or "") for cell in row] for row in sheet.iter_rows(values_only=True)]
    key = {row[header.index("题干")]: dict(zip(header, row, strict=True)) for row in rows}
    answers = {}
    for question in attempt["questions"]:
        row = key[question["stem"]]
        right = {"正确": "A", "对": "A", "错误": "B", "错": "B"}.get(row["答案"], row["答案"])
        if question["kind"] == "fill_in":
            answers[str(question["id"])] = [right.split("|")[0]]
            continue
        # The options stand in an order of this attempt's own.
        texts = ["正确", "错误"] if question["kind"] == "true_false" else [row[f"选项{each}"] for each in "ABCD"]
        letters = [each for each in right if each in "ABCDEFGH"]
        shown = [question["options"].index(texts["ABCDEFGH".index(each)]) for each in letters]
        answers[str(question["id"])] = ["ABCDEFGH"[place] for place in shown]
    home.ask("PUT", f"/attempts/{attempt['id']}/answers", json={"answers": answers})
    result = home.ask("POST", f"/attempts/{attempt['id']}/submission")
    assert (result["score"], result["passed"]) == (100, True)
    assert home.ask("POST", f"/attempts/{attempt['id']}/submission") == result
    refused = home.send("PUT", f"/attempts/{attempt['id']}/answers", json={"answers": answers})
    assert refused.json()["code"] == "attempt_submitted"


def check_figures(program: Program, town: Town, issue_id: int) -> None:
    """The leader sees one who has finished, on the screen and in the sheet; the sibling's leader sees nothing."""
    east = town.organisations[EAST]
    leader = town.staff("leader-east")
    shown = leader.ask("GET", f"/organisations/{east}/completion?week={WEEK}&by=member&limit=200")
    roster = leader.ask("GET", f"/organisations/{east}/members?limit=200")["items"]
    totals = shown["totals"]
    assert totals["due"] == sum(not each["exempt"] for each in roster)
    assert (totals["started"], totals["completed"], totals["quiz_passed"], totals["average_score"]) == (1, 1, 1, 100)
    finished = [each["name"] for each in shown["items"] if each["completed"]]
    assert len(finished) == 1
    sheet = leader.send("GET", f"/organisations/{east}/completion.xlsx?week={WEEK}")
    assert sheet.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(sheet.content))
    cells = [str(cell) for row in book["按党员"].iter_rows(values_only=True) for cell in row]
    assert all(each["name"] in cells for each in shown["items"])
    sibling = town.staff("leader-west").send("GET", f"/organisations/{east}/completion?week={WEEK}")
    assert sibling.status_code == 404


def check_meeting(program: Program, town: Town, away: Phone) -> None:
    """Exactly the floating members of the branch are invited, and reminded a day and an hour before."""
    leader = town.staff("leader-east")
    east = town.organisations[EAST]
    roster = leader.ask("GET", f"/organisations/{east}/members?limit=200")["items"]
    floating = {each["id"] for each in roster if each["roster"] == "floating"}
    assert 0 < len(floating) < len(roster)
    starts = datetime(2026, 11, 26, 19, 30, tzinfo=SHANGHAI)
    body = {
        "organisation_id": east, "kind": "theme_day", "title": "主题党日", "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(hours=2)).isoformat(), "join_link": "https://meeting.example.cn/j/42",
    }  # fmt: skip
    leader.ask("POST", "/meetings", 201, json=body)

    def told(kind: str) -> list[dict[str, Any]]:
        return [each for each in town.messages() if each["kind"] == kind]

    def expect(kind: str, count: int) -> None:
        assert eventually(lambda: len(told(kind)) == count), told(kind)

    expect("meeting_notice", len(floating))
    notices = told("meeting_notice")
    assert {each["member_id"] for each in notices} == floating
    assert all("2026年11月26日" in each["body"] and "19:30" in each["body"] for each in notices)
    assert {each["link"] for each in notices} == {"https://meeting.example.cn/j/42"}
    (listed,) = away.ask("GET", "/meetings")["items"]
    seen = away.ask("GET", f"/meetings/{listed['id']}")
    assert seen["join_link"] == "https://meeting.example.cn/j/42"
    for before, count in ((timedelta(hours=24), 1), (timedelta(hours=1), 2)):
        program.set_clock(starts - before + timedelta(seconds=2))
        expect("meeting_reminder", count * len(floating))
    assert {each["member_id"] for each in told("meeting_reminder")} == floating
    assert {each["times"] for each in town.messages()} == {1}


def check_audit(town: Town) -> None:
    """Every change is on record, with who made it."""
    admin = town.staff("root")
    actions: set[str] = set()
    cursor = ""
    while True:
        page = admin.ask("GET", f"/audit?limit=200{cursor}")
        actions |= {each["action"] for each in page["items"]}
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert {"roster.imported", "post.created", "channel.created", "issue.moved", "member.bound"} <= actions
    assert {"lesson.created", "questions.imported", "meeting.created", "slips.issued"} <= actions
