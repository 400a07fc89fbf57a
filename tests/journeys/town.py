"""A county's people and what they do before a week begins, for the journeys."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.journeys.program import ROOT, Phone, Program

SHANGHAI = ZoneInfo("Asia/Shanghai")
THURSDAY = datetime(2026, 11, 19, 10, 0, tzinfo=SHANGHAI)
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
WEEK = "2026-W48"
APPID, SECRET = "wxjourney", "a-secret-of-the-journey"
PASSWORD = "only-for-this-journey"
COMMITTEE, EAST, WEST = "示范县云溪镇党委", "东溪村党支部", "西溪村党支部"
TEMPLATES = {
    kind: {"template_id": f"template-{kind.split('_')[0]}", "fields": {"thing1": "title", "time2": "time"}}
    for kind in ("weekly_issue", "meeting")
}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Town:
    """The people of the journey: what each of them does, over HTTP."""

    def __init__(self, program: Program, address: str) -> None:
        self.program = program
        self.http = httpx.Client(base_url=address, timeout=30)
        self.platform = httpx.Client(base_url=program.platform, timeout=30)
        self.organisations: dict[str, int] = {}

    def staff(self, login: str) -> Phone:
        signed_in = Phone(self.http).ask("POST", "/sessions/password", 201, json={"login": login, "password": PASSWORD})
        return Phone(self.http, signed_in["token"])

    def messages(self) -> list[dict[str, Any]]:
        """All that the console channel has delivered."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            query = {"cursor": cursor} if cursor else {}
            page = self.http.get("/demonstration/messages.json", params=query).json()
            found += page["items"]
            cursor = page["next"]
            if cursor is None:
                return found

    def wechat_messages(self) -> list[dict[str, Any]]:
        """All that the fake platform has accepted for our mini-program."""
        return list(self.platform.get("/_control/sent", params={"appid": APPID}).json())

    def open_phone(self, name: str) -> Phone:
        """Somebody opens the mini-program."""
        code = self.platform.post("/_control/login", json={"appid": APPID, "phone": name}).json()["code"]
        session = Phone(self.http).ask("POST", "/sessions/wechat", 201, json={"app": APPID, "code": code})
        return Phone(self.http, session["token"])


def set_up(program: Program, town: Town) -> None:
    """The administrator loads the roster, appoints the staff, and sets up the channels."""
    done = program.command("setup", "--organisation", "示范县委", "--login", "root", text=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    admin = town.staff("root")
    (top,) = admin.ask("GET", "/organisations")["items"]
    roster = (ROOT / "content/demo/roster.xlsx").read_bytes()
    query = f"?organisation_id={top['id']}"
    rehearsal = admin.ask("POST", f"/rosters/import{query}&dry_run=true", files={"file": ("roster.xlsx", roster, XLSX)})
    assert (rehearsal["added"], rehearsal["rejected"]) == (400, [])
    assert len(admin.ask("GET", "/organisations")["items"]) == 1, "a dry run stores nothing"
    admin.ask("POST", f"/rosters/import{query}", 201, files={"file": ("roster.xlsx", roster, XLSX)})
    town.organisations = {each["name"]: each["id"] for each in admin.ask("GET", "/organisations")["items"]}
    posts = (
        ("editor", "editor", COMMITTEE),
        ("reviewer", "reviewer", COMMITTEE),
        ("leader-east", "leader", EAST),
        ("leader-west", "leader", WEST),
    )
    for login, role, where in posts:
        organisation = town.organisations[where]
        body = {"organisation_id": organisation, "login": login, "name": login, "password": PASSWORD}
        account = admin.ask("POST", "/accounts", 201, json=body)
        post = {"account_id": account["id"], "organisation_id": organisation, "role": role}
        admin.ask("POST", "/posts", 201, json=post)
    admin.ask("POST", "/channels", 201, json={"organisation_id": top["id"], "adapter": "console", "name": "消息页"})
    wechat = {
        "organisation_id": top["id"], "adapter": "wechat_miniprogram", "name": "小程序", "account": APPID,
        "secret": SECRET, "config": {"templates": TEMPLATES},
    }  # fmt: skip
    shown = admin.ask("POST", "/channels", 201, json=wechat)
    assert SECRET not in str(shown)
    fields = {each["template_id"]: list(each["fields"]) for each in TEMPLATES.values()}
    town.platform.post("/_control/apps", json={"appid": APPID, "secret": SECRET, "templates": fields})


def prepare_issue(town: Town) -> tuple[int, dict[int, dict[str, Any]]]:
    """The editor uploads lessons and questions, previews and submits; the reviewer approves. Gives the previews."""
    editor = town.staff("editor")
    committee = town.organisations[COMMITTEE]
    folder = next((ROOT / "content/library").glob("01-*"))
    previews = {}
    for path in sorted(folder.glob("*.md")):
        files = {"file": (path.name, path.read_bytes(), "text/markdown")}
        lesson = editor.ask("POST", "/lessons", 201, files=files, data={"organisation_id": str(committee)})
        previews[lesson["id"]] = editor.ask("POST", f"/lessons/{lesson['id']}/preview")
    sheet = (ROOT / "content/demo/questions.xlsx").read_bytes()
    imported = editor.ask(
        "POST", f"/questions/import?organisation_id={committee}", 201, files={"file": ("q.xlsx", sheet, XLSX)}
    )
    body = {
        "organisation_id": committee, "week": WEEK, "title": "每周学习参考：三会一课",
        "lessons": [{"lesson_id": each} for each in previews],
    }  # fmt: skip
    issue_id = editor.ask("POST", "/issues", 201, json=body)["id"]
    quiz = {"title": "小测验", "pass_mark": 60, "question_ids": imported["question_ids"]}
    editor.ask("PUT", f"/issues/{issue_id}/quiz", json=quiz)
    editor.ask("POST", f"/issues/{issue_id}/transitions", json={"to": "in_review"})
    assert editor.send("POST", f"/issues/{issue_id}/transitions", json={"to": "scheduled"}).status_code == 403
    approved = town.staff("reviewer").ask("POST", f"/issues/{issue_id}/transitions", json={"to": "scheduled"})
    assert datetime.fromisoformat(approved["publish_at"]) == MONDAY
    return issue_id, previews
