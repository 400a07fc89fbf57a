"""What is asked for of sign-in, organisations, people, posts and rosters."""

from app.access.principals import SHIPPED_NOTICE
from tests.app.organisations.people import workbook
from tests.security.asks import PASSWORD, PASSWORD_HASH, Ask
from tests.security.targets import Targets, people
from tests.world import APPID, Person


async def password_sign_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A sign-in with the right password."""
    return Ask(json={"login": await people.login(targets, PASSWORD_HASH), "password": PASSWORD})


async def wechat_sign_in(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A sign-in to a mini-program."""
    return Ask(json={"app": APPID, "code": "code"})


async def member_of_mine(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The member that the actor is, or for whoever is none a number."""
    return Ask(json={"member_id": actor.id})


async def slip(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The code of a living slip."""
    return Ask(json={"invite_code": await people.slip(targets, organisation_id)})


async def slips(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """Slips for the members of an organisation."""
    await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, json={})


async def sheets(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The same on paper, for those who have a slip as well."""
    await people.member(targets, organisation_id)
    return Ask({"organisation_id": organisation_id}, json={"reprint": True})


async def own_password(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A new password of the actor, who has one."""
    await people.set_password(targets, actor, PASSWORD_HASH)
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
    return Ask({"organisation_id": await people.child(targets, organisation_id)}, json=body)


async def audit_entry(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An entry of the audit log."""
    return Ask(shown=await people.audit_entry(targets, organisation_id))


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
    child_id = await people.child(targets, organisation_id)
    return Ask({"organisation_id": child_id}, json={"parent_id": organisation_id})


async def moved_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation in reach, to stand under this one."""
    child_id = await people.child(targets, _within_reach(organisation_id))
    return Ask({"organisation_id": child_id}, json={"parent_id": organisation_id})


async def merged_from(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation under this one, to be merged into one in reach."""
    into = await people.child(targets, _within_reach(organisation_id))
    return Ask({"organisation_id": await people.child(targets, organisation_id)}, json={"into_id": into})


async def merged_into(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation in reach, to be merged into one under this one."""
    into = await people.child(targets, organisation_id)
    return Ask({"organisation_id": await people.child(targets, _within_reach(organisation_id))}, json={"into_id": into})


async def split(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation under this one, of which one member gets an organisation of their own."""
    child_id = await people.child(targets, organisation_id)
    members = [await people.member(targets, child_id)]
    return Ask({"organisation_id": child_id}, json={"name": f"新组织{targets.number()}", "member_ids": members})


async def split_itself(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """The organisation itself, to give up a member."""
    members = [await people.member(targets, organisation_id)]
    return Ask({"organisation_id": organisation_id}, json={"name": f"新组织{targets.number()}", "member_ids": members})


async def archived(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An organisation that is there no longer, in the list of those."""
    child_id = await people.archived_child(targets, organisation_id)
    return Ask(query={"archived": "true", "limit": 200}, shown=child_id)


async def member_in_list(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member, looked for in the list of organisation 10."""
    return Ask({"organisation_id": 10}, shown=await people.member(targets, organisation_id))


async def move_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A member of 10 who is to belong to the organisation."""
    return Ask({"member_id": await people.member(targets, 10)}, json={"organisation_id": organisation_id})


async def new_account(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """An account that the organisation is to manage."""
    login = f"new-{targets.number()}"
    return Ask(json={"organisation_id": organisation_id, "login": login, "name": "新人", "password": PASSWORD})


async def appointment(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in the organisation for an account of 10."""
    account = await people.account(targets, 10)
    return Ask(json={"account_id": account.id, "organisation_id": organisation_id, "role": "reviewer"})


async def appointment_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in 10 for an account of the organisation."""
    account = await people.account(targets, organisation_id)
    return Ask(json={"account_id": account.id, "organisation_id": 10, "role": "reviewer"})


async def handover_of(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in the organisation, for an account of 10."""
    account = await people.account(targets, 10, "reviewer")
    return Ask({"post_id": await people.post(targets, organisation_id)}, json={"to_account_id": account.id})


async def handover_to(targets: Targets, organisation_id: int, actor: Person) -> Ask:
    """A post in 10 for an account of the organisation, which has another role."""
    account = await people.account(targets, organisation_id, "reviewer")
    return Ask({"post_id": await people.post(targets, 10)}, json={"to_account_id": account.id})


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
    import_id, line_id = await people.asking_import(targets, organisation_id)
    return Ask({"import_id": import_id}, json={"answers": [{"line_id": line_id, "member_id": None}]})
