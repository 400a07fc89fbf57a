"""From an empty system to a county's roster of twenty branches, and through the changes that a year brings.

What was earned in a week stays as it was, whoever leads, moves, leaves or merges afterwards.
"""

import io
import re
from datetime import timedelta
from typing import Any

import openpyxl
from pypdf import PdfReader

from tests.journeys.county import BRANCHES, COUNTY, Person, people, sheet
from tests.journeys.program import ROOT, Phone, Program, eventually
from tests.journeys.town import APPID, MONDAY, PASSWORD, SECRET, TEMPLATES, WEEK, XLSX, Town

FIRST, SECOND, THIRD = BRANCHES[:3]
Figures = dict[str, Any]


def test_a_county_loads_its_roster_and_no_figure_is_harmed_by_what_follows(program: Program) -> None:
    town = Town(program, program.start("run"))
    roster = people()
    load_roster(program, town, roster)
    appoint(town)
    phones = bind_from_paper(town)
    study(program, town, phones)
    practise(town)
    program.set_clock(MONDAY + timedelta(days=9))
    before = figures(town)
    change_leader(town)
    replace_phone(town)
    change_people(town, roster)
    change_tree(town)
    assert figures(town) == before
    program.stop()


def load_roster(program: Program, town: Town, roster: list[Person]) -> None:
    """The office's own spreadsheet: the dry run names what is wrong and asks what is unclear; then all goes in."""
    done = program.command("setup", "--organisation", COUNTY, "--login", "root", text=f"{PASSWORD}\n")
    assert done.returncode == 0, done.stderr
    admin = town.staff("root")
    (top,) = admin.ask("GET", "/organisations")["items"]
    damaged = [*roster]
    damaged[3] = Person(**{**vars(roster[3]), "phone": "1.99E+10"})
    damaged[40] = Person(**{**vars(roster[40]), "born": "1985.13"})
    # A couple that has one phone.
    damaged[8] = roster[8] = Person(**{**vars(roster[8]), "phone": roster[7].phone})
    path = f"/rosters/import?organisation_id={top['id']}&create_organisations=true"

    seen = settled(admin, admin.send("POST", f"{path}&dry_run=true", files=upload(damaged)).json())
    assert {(each["line"], each["code"]) for each in seen["rejected"]} == {
        (8, "scientific_phone"),
        (45, "invalid_date"),
    }
    assert "身份证号码" in seen["ignored_columns"]
    assert admin.ask("GET", "/members?limit=200")["items"] == []
    corrections = admin.send("GET", f"/rosters/imports/{seen['id']}/corrections.xlsx")
    cells = [
        str(cell)
        for row in openpyxl.load_workbook(io.BytesIO(corrections.content)).worksheets[0].values
        for cell in row
    ]
    assert any("科学计数法" in cell for cell in cells)

    seen = settled(admin, admin.send("POST", f"{path}&dry_run=true", files=upload(roster)).json())
    assert (seen["added"], seen["rejected"], seen["questions_count"]) == (len(roster) - 1, [], 1)
    (question,) = admin.ask("GET", f"/rosters/imports/{seen['id']}/lines?status=question")["items"]
    answer = {"answers": [{"line_id": question["id"], "member_id": None}]}
    admin.ask("PUT", f"/rosters/imports/{seen['id']}/answers", json=answer)
    applied = settled(admin, admin.send("POST", f"/rosters/imports/{seen['id']}/application").json())
    assert (applied["state"], applied["added"], applied["organisations_added"]) == ("applied", len(roster), 20)

    again = settled(admin, admin.send("POST", f"{path}&dry_run=true", files=upload(roster)).json())
    assert (again["added"], again["changed"], again["questions_count"]) == (0, 0, 0)
    town.organisations = {each["name"]: each["id"] for each in pages(admin, "/organisations")}
    assert set(BRANCHES) <= set(town.organisations)
    found = pages(admin, "/members")
    assert sorted(each["name"] for each in found) == sorted(person.clean for person in roster)


def upload(roster: list[Person]) -> dict[str, Any]:
    return {"file": ("花名册.xlsx", sheet(roster), XLSX)}


def settled(staff: Phone, seen: dict[str, Any]) -> dict[str, Any]:
    """The import once it is read, or applied."""
    assert "id" in seen, seen
    result: dict[str, Any] = eventually(
        lambda: next((now for now in [look(staff, seen["id"])] if now["state"] not in ("reading", "applying")), {})
    )
    assert result["state"] in ("checked", "applied"), result
    return result


def look(staff: Phone, import_id: int) -> dict[str, Any]:
    seen: dict[str, Any] = staff.ask("GET", f"/rosters/imports/{import_id}")
    return seen


def pages(staff: Phone, path: str) -> list[dict[str, Any]]:
    """All items of a list."""
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        mark = "&" if "?" in path else "?"
        page = staff.ask("GET", f"{path}{mark}limit=200{cursor}")
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = f"&cursor={page['next']}"


def appoint(town: Town) -> None:
    """Leaders of three branches, editor and reviewer of the county; a channel for messages, and the mini-program."""
    admin = town.staff("root")
    top = town.organisations[COUNTY]
    posts = (
        ("leader-1", "leader", FIRST), ("leader-2", "leader", SECOND), ("leader-3", "leader", THIRD),
        ("leader-new", None, FIRST), ("editor", "editor", COUNTY), ("reviewer", "reviewer", COUNTY),
        ("county", "leader", COUNTY),
    )  # fmt: skip
    for login, role, where in posts:
        organisation = town.organisations[where]
        body = {"organisation_id": organisation, "login": login, "name": login, "password": PASSWORD}
        account = admin.ask("POST", "/accounts", 201, json=body)
        if role:
            post = {"account_id": account["id"], "organisation_id": organisation, "role": role}
            admin.ask("POST", "/posts", 201, json=post)
    admin.ask("POST", "/channels", 201, json={"organisation_id": top, "adapter": "console", "name": "消息页"})
    wechat = {
        "organisation_id": top, "adapter": "wechat_miniprogram", "name": "小程序", "account": APPID,
        "secret": SECRET, "config": {"templates": TEMPLATES},
    }  # fmt: skip
    admin.ask("POST", "/channels", 201, json=wechat)
    fields = {each["template_id"]: list(each["fields"]) for each in TEMPLATES.values()}
    town.platform.post("/_control/apps", json={"appid": APPID, "secret": SECRET, "templates": fields})


def bind_from_paper(town: Town) -> dict[str, list[Phone]]:
    """Two leaders print their slips; three people of each branch type in what stands on the paper, and consent."""
    phones: dict[str, list[Phone]] = {}
    for login, branch in (("leader-1", FIRST), ("leader-2", SECOND)):
        leader = town.staff(login)
        organisation = town.organisations[branch]
        printed = leader.send("POST", f"/organisations/{organisation}/binding-slips.pdf", json={})
        assert printed.status_code == 200, printed.text
        assert printed.headers["content-type"] == "application/pdf"
        reader = PdfReader(io.BytesIO(printed.content))
        codes = [
            code.replace(" ", "")
            for page in reader.pages
            for code in re.findall(r"\b\d{4} \d{4}\b", page.extract_text())
        ]
        members = pages(leader, f"/organisations/{organisation}/members")
        assert len(set(codes)) == len(members)
        phones[branch] = [town.open_phone(f"{login} {number}") for number in range(3)]
        for phone, code in zip(phones[branch], codes, strict=False):
            phone.ask("POST", "/me/binding", 201, json={"invite_code": code})
            assert phone.send("GET", "/me").json()["code"] == "consent_needed"
            notice = phone.ask("GET", "/privacy-notice")
            phone.ask("PUT", "/me/consent", json={"version": notice["version"], "accepted": True})
            assert phone.ask("GET", "/me")["organisation"] == branch
    return phones


def study(program: Program, town: Town, phones: dict[str, list[Phone]]) -> None:
    """An issue of the county; two people of the first branch and one of the second read it to the end."""
    editor = town.staff("editor")
    top = town.organisations[COUNTY]
    path = next((ROOT / "content/library").glob("01-*/*.md"))
    files = {"file": (path.name, path.read_bytes(), "text/markdown")}
    lesson = editor.ask("POST", "/lessons", 201, files=files, data={"organisation_id": str(top)})["id"]
    body = {"organisation_id": top, "week": WEEK, "title": "每周学习参考", "lessons": [{"lesson_id": lesson}]}
    issue = editor.ask("POST", "/issues", 201, json=body)["id"]
    editor.ask("POST", f"/issues/{issue}/transitions", json={"to": "in_review"})
    town.staff("reviewer").ask("POST", f"/issues/{issue}/transitions", json={"to": "scheduled"})
    program.set_clock(MONDAY + timedelta(seconds=1))
    readers = [*phones[FIRST][:2], phones[SECOND][0]]
    assert eventually(lambda: all(reader.ask("GET", "/issues/current")["items"] for reader in readers))
    for reader in readers:
        for beat in range(30):
            step = {"position": 0.95, "heartbeat_id": f"b{beat}"}
            if reader.ask("PUT", f"/lessons/{lesson}/progress", json=step)["completed_at"]:
                break
            program.set_clock(program.now() + timedelta(seconds=45))
        else:
            raise AssertionError("the lesson was not finished")


def figures(town: Town) -> Figures:
    """What the county sees of that week, of each branch and of each person."""
    leader = town.staff("county")
    path = f"/organisations/{town.organisations[COUNTY]}/completion?week={WEEK}"
    whole = leader.ask("GET", path)
    assert whole["totals"]["completed"] == 3
    assert {row["organisation"]: row["completed"] for row in whole["items"] if row["completed"]} == {
        FIRST: 2,
        SECOND: 1,
    }
    return {"whole": whole, "people": pages(leader, f"{path}&by=member")}


def change_leader(town: Town) -> None:
    """The post changes hands at one moment; who led sees nothing any more, who leads sees the same figures."""
    admin = town.staff("root")
    organisation = town.organisations[FIRST]
    path = f"/organisations/{organisation}/completion?week={WEEK}"
    old, new = town.staff("leader-1"), town.staff("leader-new")
    shown = old.ask("GET", path)
    assert new.send("GET", path).status_code == 403
    (post,) = [each for each in pages(admin, f"/posts?organisation_id={organisation}") if each["role"] == "leader"]
    account = next(each["id"] for each in pages(admin, "/accounts") if each["login"] == "leader-new")
    handed = admin.ask("POST", f"/posts/{post['id']}/handover", 201, json={"to_account_id": account})
    assert handed["post"]["account_id"] == account
    assert old.send("GET", path).status_code == 403
    assert new.ask("GET", path) == shown


def replace_phone(town: Town) -> None:
    """A new phone: the leader resets, the old one is out at once, and what was read is still there."""
    old = town.open_phone("leader-1 0")
    me = old.ask("GET", "/me")
    done = old.ask("GET", "/issues")["items"]
    leader = town.staff("leader-new")
    leader.ask("DELETE", f"/members/{me['member_id']}/binding", 204)
    assert old.send("GET", "/me").status_code == 401
    body = {"member_ids": [me["member_id"]]}
    (slip,) = leader.ask("POST", f"/organisations/{town.organisations[FIRST]}/binding-slips", 201, json=body)["items"]
    new = town.open_phone("a new phone")
    new.ask("POST", "/me/binding", 201, json={"invite_code": slip["invite_code"]})
    assert new.ask("GET", "/me")["name"] == me["name"]
    assert new.ask("GET", "/issues")["items"] == done


def change_people(town: Town, roster: list[Person]) -> None:
    """One moves to another branch, one is transferred away, one is archived by mistake and comes back."""
    admin = town.staff("root")
    first = [person.clean for person in roster if person.branch == FIRST]
    found = {each["name"]: each["id"] for each in pages(admin, f"/members?organisation_id={town.organisations[FIRST]}")}
    assert set(first) == set(found)
    mover, leaver, mistaken = (found[name] for name in first[10:13])
    third = town.organisations[THIRD]
    moved = admin.ask("POST", f"/members/{mover}/moves", json={"organisation_id": third})
    assert moved["organisation"] == THIRD
    assert town.staff("leader-new").send("GET", f"/members/{mover}").status_code == 404
    assert town.staff("leader-3").ask("GET", f"/members/{mover}")["name"] == first[10]
    admin.ask("POST", f"/members/{leaver}/archive", json={"reason": "transferred"})
    admin.ask("POST", f"/members/{mistaken}/archive", json={"reason": "deceased"})
    admin.ask("POST", f"/members/{mistaken}/restoration", json={})
    names = {each["name"] for each in pages(admin, f"/members?organisation_id={town.organisations[FIRST]}")}
    assert names == set(first) - {first[10], first[11]}


def change_tree(town: Town) -> None:
    """Two branches become one, another comes under a general branch, and one is divided."""
    admin = town.staff("root")
    top, second, third = (town.organisations[name] for name in (COUNTY, SECOND, THIRD))
    admin.ask("POST", f"/organisations/{second}/merger", json={"into_id": third})
    assert town.staff("leader-2").send("GET", f"/organisations/{second}/completion?week={WEEK}").status_code == 403
    body = {"parent_id": top, "name": "教育系统党总支", "kind": "general_branch"}
    general = admin.ask("POST", "/organisations", 201, json=body)["id"]
    school = town.organisations[BRANCHES[11]]
    assert admin.ask("POST", f"/organisations/{school}/move", json={"parent_id": general})["parent_id"] == general
    pupils = [each["id"] for each in pages(admin, f"/members?organisation_id={school}")][:5]
    split = {"name": "第一中学青年党支部", "member_ids": pupils}
    new = admin.ask("POST", f"/organisations/{school}/split", 201, json=split)
    assert len(pages(admin, f"/members?organisation_id={new['id']}")) == 5


def practise(town: Town) -> None:
    """A practice organisation: people to try everything with, whom no figure counts."""
    admin = town.staff("root")
    top = town.organisations[COUNTY]
    before = figures(town)
    assert before["whole"]["totals"]["due"] > 0
    made = admin.ask("POST", f"/organisations/{top}/practice", 201, json={})
    leader = next(each for each in made["accounts"] if each["role"] == "leader")
    body = {"login": leader["login"], "password": leader["password"]}
    session = Phone(town.http).ask("POST", "/sessions/password", 201, json=body)
    trainee = Phone(town.http, session["token"])
    assert pages(trainee, "/members")
    assert figures(town) == before
