"""Scripts, formulas and paths in what people write: they come out as the text that they are."""

import io
from collections.abc import Iterator

import httpx
import openpyxl
import pytest
from sqlalchemy import select, update

from app.db.engine import transaction
from app.directory.models import Member, Organisation
from content.tables import Value, write_xlsx
from tests.app.library.desk import fields
from tests.security.targets import Targets, learning, library
from tests.world import World


@pytest.fixture
async def targets(world: World) -> Targets:
    """A maker of targets."""
    return await Targets.build(world)


# --- scripts in documents ----------------------------------------------------------------------------------------

SCRIPTS = """# 标题

<script>alert(1)</script><img src=x onerror=alert(2)>

[一](javascript:alert(3)) [二](JaVaScRiPt:alert(4)) [三](data:text/html;base64,PHNjcmlwdD4=) [四](vbscript:x)
[五](&#106;avascript:alert(5)) [六](//evil.example/x) ![七](data:image/svg+xml,<svg onload=alert(6)>)
![八](https://evil.example/pixel.png) ![九](javascript:alert(7)) <javascript:alert(8)>

[十]: javascript:alert(9)
[十]

<a href="javascript:alert(10)" onclick="alert(11)" style="position:fixed">字</a>
<iframe src="https://evil.example"></iframe><svg><script>alert(12)</script></svg>

| a |
|---|
| <b onmouseover=alert(13)>x</b> |
"""
HARMFUL = ("<script", "<img", "<iframe", "<svg", '<a href="javascript', '<a href="data', '<a href="//', "<b ")


def attributes(nodes: object) -> Iterator[tuple[str, str, str]]:
    """Each attribute of the nodes of a mini-program: element, name, value."""
    if isinstance(nodes, list):
        for node in nodes:
            yield from attributes(node)
    elif isinstance(nodes, dict):
        for name, value in nodes.get("attrs", {}).items():
            yield nodes["name"], name, str(value)
        yield from attributes(nodes.get("children", []))


def elements(nodes: object) -> Iterator[str]:
    """The names of the elements of the nodes."""
    if isinstance(nodes, list):
        for node in nodes:
            yield from elements(node)
    elif isinstance(nodes, dict):
        if "name" in nodes:
            yield nodes["name"]
        yield from elements(nodes.get("children", []))


async def test_a_script_in_markdown_comes_out_as_text(client: httpx.AsyncClient, world: World) -> None:
    editor = await world.staff(("editor", 10))
    for upload in (False, True):
        if upload:
            head = '---\ntitle: "<script>alert(0)</script>"\nsource: "<img src=x onerror=1>"\n---\n'
            files = {"file": ("../../<script>.md", (head + SCRIPTS).encode(), "text/html")}
            made = await client.post("/lessons", files=files, data={"organisation_id": "10"}, headers=editor.auth)
        else:
            body = fields(10, title="<script>alert(0)</script>", markdown=SCRIPTS)
            made = await client.post("/lessons", json=body, headers=editor.auth)
        assert made.status_code == 201, made.text
        shown = (await client.post(f"/lessons/{made.json()['id']}/preview", headers=editor.auth)).json()
        html = shown["html"].lower()
        assert not [harmful for harmful in HARMFUL if harmful in html]
        assert "&lt;script&gt;" in html, "it was there, as text"
        assert set(elements(shown["nodes"])) <= {"h1", "p", "a", "br", "table", "thead", "tbody", "tr", "th", "td"}
        assert {name for _, name, _ in attributes(shown["nodes"])} <= {"style"}
        assert not [value for _, _, value in attributes(shown["nodes"]) if "alert" in value or "fixed" in value]
    unsafe = await client.post("/lessons", json=fields(10, source_url="javascript:alert(1)"), headers=editor.auth)
    assert (unsafe.status_code, unsafe.json()["code"]) == (422, "invalid_url")


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "https://a@evil.example/",
        "https://a\\@b/",
        "ftp://x",
    ],
)
async def test_a_meeting_leads_to_the_web_and_to_where_it_says(
    client: httpx.AsyncClient, world: World, targets: Targets, link: str
) -> None:
    leader, meeting_id = await world.staff(("leader", 10)), await learning.meeting(targets, 10)
    answer = await client.patch(f"/meetings/{meeting_id}", json={"join_link": link}, headers=leader.auth)
    assert answer.status_code == 422


# --- exports and file names --------------------------------------------------------------------------------------

FORMULAS = ("=cmd()", "+1+1", "-2+3", "@SUM(1)", '=HYPERLINK("http://evil.example")', "\t=1", "＝1")


async def test_a_name_that_is_a_formula_is_a_name_in_the_export(
    client: httpx.AsyncClient, world: World, targets: Targets
) -> None:
    leader, administrator = await world.staff(("leader", 10)), await world.staff(("administrator", 10))
    for formula in FORMULAS:
        await world.member(100, name=formula)
    renamed = {"name": "=1+cmd|' /C calc'!A0"}
    assert (await client.patch("/organisations/101", json=renamed, headers=administrator.auth)).status_code == 200
    await library.current_issue(targets, 10)
    export = await client.get("/organisations/10/completion.xlsx", headers=leader.auth)
    assert export.status_code == 200
    book = openpyxl.load_workbook(io.BytesIO(export.content))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}, "no cell is a formula"
    texts = [str(cell.value) for cell in cells]
    assert [text for text in texts if "cmd()" in text], "the name is there"
    assert not [text for text in texts if text[:1] in "=+-@\t\r"], "not even for programs that guess from text"
    disposition = export.headers["content-disposition"]
    assert disposition.startswith("attachment;")
    assert disposition.isascii()


@pytest.mark.parametrize(
    "name", ['a"; filename="evil.exe', "a\r\nX-Evil: 1", "../../etc/passwd", "a/b\\c", "%0d%0aX: 1"]
)
async def test_an_organisations_name_does_not_leave_the_header_of_the_export(
    client: httpx.AsyncClient, world: World, targets: Targets, name: str
) -> None:
    leader = await world.staff(("leader", 10))
    async with transaction(world.service.sessions) as session:
        await session.execute(update(Organisation).where(Organisation.id == 10).values(name=name))
    await library.current_issue(targets, 10)
    export = await client.get("/organisations/10/completion.xlsx?week=2026-W47", headers=leader.auth)
    assert export.status_code == 200
    assert "x-evil" not in export.headers
    disposition = export.headers["content-disposition"]
    assert disposition.count('"') == 2
    assert not {"/", "\\", "\r", "\n"} & set(disposition)


@pytest.mark.parametrize(
    "path", ["/assets/..%2f..%2fsettings.py", "/assets/../web.py", "/assets/%2e%2e", "/assets/a.py"]
)
async def test_no_file_but_the_pages_own_is_served(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(httpx.URL("http://test", raw_path=path.encode()))
    assert answer.status_code in (404, 422)
    assert "import" not in answer.text


# As a name it is refused; as a tag it stays the text that it is; a formula in the file has no value to take.
@pytest.mark.parametrize(
    ("place", "kind", "outcome"),
    [("王甲", "s", (422, [])), ("王甲", "f", (422, [])), ("务工", "s", (201, [["=1+1"]])), ("务工", "f", (201, [[]]))],
)
async def test_a_formula_in_a_roster_is_text_and_never_calculated(
    client: httpx.AsyncClient, world: World, place: str, kind: str, outcome: tuple[int, list[list[str]]]
) -> None:
    leader = await world.staff(("leader", 10))
    sheet: list[list[Value]] = [["姓名", "所在党组织", "标签"], ["王甲", "一支部", "务工"]]
    book = openpyxl.load_workbook(io.BytesIO(write_xlsx({"党员": sheet})))
    (cell,) = (cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value == place)
    cell.value = "=1+1"
    cell.data_type = kind
    data = io.BytesIO()
    book.save(data)
    file = {"file": ("../../名册.xlsx", data.getvalue())}
    answer = await client.post("/rosters/import?organisation_id=10", files=file, headers=leader.auth)
    async with world.service.sessions() as session:
        tags = (await session.scalars(select(Member.tags))).all()
    assert (answer.status_code, tags) == outcome
