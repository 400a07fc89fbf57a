"""Organisations, people and those who keep them, to be reached for."""

import json
from datetime import timedelta

from sqlalchemy import select, update

from app.access import audit
from app.db.engine import transaction
from app.directory.models import Account, BindingRequest, BindingSlip, Organisation, Post
from app.organisations.imports.models import ImportLine, RosterImport
from app.organisations.imports.reading import seal_place
from app.organisations.service import next_ids
from tests.security.targets import Targets
from tests.world import Person


async def child(targets: Targets, organisation_id: int, *, archived: bool = False) -> int:
    """A new organisation under this one, with nobody in it."""
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        parent = await session.get_one(Organisation, organisation_id)
        (child_id,) = await next_ids(session, "organisations", 1)
        session.add(
            Organisation(
                id=child_id,
                parent_id=parent.id,
                path=f"{parent.path}{child_id}/",
                kind="group" if parent.kind == "branch" else "branch",
                name=f"下级{targets.number()}",
                created_at=now,
                archived_at=now if archived else None,
            )
        )
    return child_id


async def committee(targets: Targets, organisation_id: int) -> int:
    """A new committee under this organisation, so that anything may stand under it."""
    committee_id = await child(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        (await session.get_one(Organisation, committee_id)).kind = "committee"
    return committee_id


async def with_practice(targets: Targets, organisation_id: int) -> int:
    """A new committee with a practice organisation."""
    committee_id = await committee(targets, organisation_id)
    practice_id = await child(targets, committee_id)
    async with transaction(targets.service.sessions) as session:
        (await session.get_one(Organisation, practice_id)).practice = True
    return committee_id


async def archived_child(targets: Targets, organisation_id: int) -> int:
    """An organisation under this one that was archived a moment ago."""
    return await child(targets, organisation_id, archived=True)


async def member(targets: Targets, organisation_id: int) -> int:
    """A member of the roster."""
    return await targets.world.member(organisation_id)


async def archived_member(targets: Targets, organisation_id: int) -> int:
    """A member who was taken off the roster a moment ago."""
    now = targets.service.clock()
    return await targets.world.member(organisation_id, archived_at=now, archive_reason="transferred")


async def roster_import(targets: Targets, organisation_id: int, state: str = "checked") -> int:
    """An import without lines."""
    now = targets.service.clock()
    values = {"organisation_id": organisation_id, "actor": "system", "file_name": "名册.xlsx", "digest": b"-"}
    values |= {"adds_organisations": False, "create_organisations": False, "state": state}
    values |= {"columns": {}, "counts": {}, "organisations": [], "created_at": now, "heartbeat_at": now}
    async with transaction(targets.service.sessions) as session:
        record = RosterImport(**values, checked_at=now, applied_at=now if state == "applied" else None)
        session.add(record)
        await session.flush()
        return record.id


async def applied_import(targets: Targets, organisation_id: int) -> int:
    """An import that has changed nothing."""
    return await roster_import(targets, organisation_id, "applied")


async def asking_import(targets: Targets, organisation_id: int) -> tuple[int, int]:
    """An import, and its line with a question."""
    import_id = await roster_import(targets, organisation_id)
    async with transaction(targets.service.sessions) as session:
        (line_id,) = await next_ids(session, "roster_lines", 1)
        texts = json.dumps({"raw": {"name": "甲"}, "phone": ""})
        values = {"id": line_id, "import_id": import_id, "sheet": "", "line": 2, "readable": False}
        values |= {"status": "question", "code": "same_name", "question": "same_name", "reason": "同名"}
        values |= {"sealed": targets.service.vault.encrypt(texts, seal_place(line_id))}
        session.add(ImportLine(**values, name="甲", name_key="甲", organisation="", superior=""))
        return import_id, line_id


async def slip(targets: Targets, organisation_id: int) -> str:
    """The code of a living slip for a new member."""
    member_id = await targets.world.member(organisation_id)
    code = f"{targets.number():08d}"
    now = targets.service.clock()
    async with transaction(targets.service.sessions) as session:
        session.add(
            BindingSlip(
                code_digest=targets.service.vault.digest("binding slip", code),
                member_id=member_id,
                issued_by=targets.author.id,
                created_at=now,
                expires_at=now + timedelta(days=1),
            )
        )
    return code


async def binding_request(targets: Targets, organisation_id: int) -> int:
    """What a new WeChat user asks for: a member who has a phone already."""
    member = await targets.world.signed_in_member(organisation_id)
    applicant = await targets.world.unbound_wechat()
    async with transaction(targets.service.sessions) as session:
        request = BindingRequest(
            wechat_user_id=applicant.id,
            member_id=member.id,
            reason="already_bound",
            state="open",
            created_at=targets.service.clock(),
        )
        session.add(request)
        await session.flush()
        return request.id


async def set_password(targets: Targets, account: Person, password_hash: str) -> None:
    """Gives an account a password."""
    async with transaction(targets.service.sessions) as session:
        (await session.get_one(Account, account.id)).password_hash = password_hash


async def account(targets: Targets, organisation_id: int, role: str = "editor") -> Person:
    """An account that the organisation manages, with a post there and a session."""
    return await targets.world.staff((role, organisation_id), login=f"target-{targets.number()}")


async def account_id(targets: Targets, organisation_id: int) -> int:
    """A new account that the organisation manages."""
    return (await account(targets, organisation_id)).id


async def post(targets: Targets, organisation_id: int) -> int:
    """The post of a new account."""
    holder = await account(targets, organisation_id)
    async with targets.service.sessions() as session:
        return (await session.scalars(select(Post.id).where(Post.account_id == holder.id))).one()


async def end_posts(targets: Targets, account: Person) -> None:
    """Ends all posts of an account as of now."""
    async with transaction(targets.service.sessions) as session:
        await session.execute(
            update(Post).where(Post.account_id == account.id).values(until_at=targets.service.clock())
        )


async def login(targets: Targets, password_hash: str) -> str:
    """The login of an account with a password."""
    login = f"login-{targets.number()}"
    async with transaction(targets.service.sessions) as session:
        session.add(
            Account(
                login=login,
                name=login,
                password_hash=password_hash,
                organisation_id=10,
                created_at=targets.service.clock(),
            )
        )
    return login


async def audit_entry(targets: Targets, organisation_id: int) -> int:
    """An object id that one entry of the audit log of the organisation names."""
    number = targets.number()
    async with transaction(targets.service.sessions) as session:
        audit.record(
            session, "system", "target.made", "target", number,
            now=targets.service.clock(), organisation_id=organisation_id,
        )  # fmt: skip
    return number
