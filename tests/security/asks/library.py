"""What is asked for on the desk: lessons, issues, media, topics."""

from urllib.parse import parse_qsl

from content.tables import write_xlsx
from tests.app.library.desk import fields
from tests.security.asks import Ask, Make, by_id
from tests.security.targets import Targets, library, people
from tests.security.targets.library import PICTURE
from tests.world import Person


def issue_in(state: str, to: str | None = None) -> Make:
    """An issue in a state, and where it is to go."""

    async def make(targets: Targets, organisation_id: int) -> int:
        return await library.issue(targets, organisation_id, state)

    return by_id("issue_id", make, {"to": to})


async def new_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A lesson as fields."""
    return Ask(json=fields(organisation_id))


async def document_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A page in the place of what a draft shows."""
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.html"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    body = head + "<p>正文</p>\r\n--x--\r\n".encode()
    return Ask({"lesson_id": await library.lesson(targets, organisation_id)}, content=body, headers=headers)


async def picture_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A picture for the one place in a lesson that waits for it."""
    lesson_id, asset_id = await library.unillustrated(targets, organisation_id)
    return Ask({"lesson_id": lesson_id, "number": 1}, json={"asset_id": asset_id})


async def word_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A workbook with one word."""
    return Ask({"organisation_id": organisation_id}, file=write_xlsx({"词表": [["词语"], ["错词"]]}))


async def set_word_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A list that is there."""
    await library.word_list(targets, organisation_id)
    return Ask({"organisation_id": organisation_id})


async def new_asset(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A picture that is about to be uploaded."""
    return Ask(json={"organisation_id": organisation_id, "file_name": "党徽.png", "size": len(PICTURE)})


async def piece_of_asset(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """All of a picture in one piece."""
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
    return Ask({"asset_id": await library.asset(targets, organisation_id)}, content=PICTURE, headers=headers)


async def asset_file(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The signed address of a picture."""
    path, _, query = (await library.asset_url(targets, organisation_id)).partition("?")
    signed = dict(parse_qsl(query))
    return Ask({"name": path.rpartition("/")[2]}, query={**signed, "expires": int(signed["expires"])})


async def new_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An issue of a lesson of the organisation."""
    year, week, _ = targets.week().isocalendar()
    lessons = [{"lesson_id": await library.lesson(targets, organisation_id)}]
    body = {"organisation_id": organisation_id, "week": f"{year}-W{week:02d}", "title": "学习", "lessons": lessons}
    return Ask(json=body)


async def new_issue_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An issue of 10 with a lesson of the organisation."""
    ask = await new_issue(targets, organisation_id, actor)
    assert isinstance(ask.json, dict)
    return Ask(json={**ask.json, "organisation_id": 10})


async def current_issue(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The published issue of this week."""
    return Ask(shown=await library.current_issue(targets, organisation_id))


def change_of(kind: str) -> Make:
    """A change of an issue or of a lesson."""

    async def ask(targets: Targets, organisation_id: int, actor: Person) -> Ask:
        about, change = await library.change(targets, organisation_id, of_issue=kind == "issue")
        return Ask({f"{kind}_id": about, "change_id": change})

    return ask


async def version(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The version that members read."""
    return Ask({"lesson_id": await library.published_lesson(targets, organisation_id), "number": 1})


async def calendar(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The weeks of an organisation."""
    return Ask(query={"organisation_id": organisation_id})


async def new_plan(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A plan of an organisation under this one, which has none yet."""
    columns = [{"title": "时政", "weeks": "every"}]
    return Ask(
        json={
            "organisation_id": await people.child(targets, organisation_id),
            "title": "第{week}周",
            "columns": columns,
        }
    )


async def new_topic_of_lesson(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A topic of an organisation in reach, with a lesson of this one."""
    lesson_id = await library.lesson(targets, organisation_id)
    return Ask(json={"organisation_id": 10, "title": "应知应会", "lesson_ids": [lesson_id]})


async def found_published(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A word of a published lesson."""
    return Ask(query={"q": "支部委员会", "limit": 200}, shown=await library.published_lesson(targets, organisation_id))


async def found_draft(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A word of a lesson that nobody reads yet."""
    return Ask(query={"q": "支部委员会", "limit": 200}, shown=await library.lesson(targets, organisation_id))
