"""Members, a channel and campaigns, put into the tables in a few statements."""

from sqlalchemy import select, text

from app.access.principals import SHIPPED_NOTICE
from app.db.engine import transaction
from app.db.vault import Vault, open_vault
from app.directory.models import Organisation
from app.messaging.models import Campaign
from app.messaging.service import Audience, announce
from app.platforms.models import Channel
from app.platforms.secrets import seal_secret
from app.settings import Settings
from bench.push.plant import Plant
from tests.scheduler.scene import ISSUE_EVENT, MEETING_EVENT

MEMBERS = text("""
INSERT INTO members (organisation_id, name, stage, roster, consent_version, created_at)
SELECT 1, '党员', 'full_member', 'in_service', :notice, :now FROM generate_series(1, :count)
""")
SECRET = "whsec_" + "YmVuY2gtcHVzaC1zZWNyZXQtMDEyMzQ1Njc4OQ=="


def _vault(plant: Plant) -> Vault:
    given = {name.removeprefix("ZHIJIAN_").lower(): value for name, value in plant.environment.items()}
    return open_vault(Settings.model_validate({"signing_key": given["signing_key"], "data_key": given["data_key"]}))


async def fill(plant: Plant, recipients: int) -> None:
    """The committee, with so many members who agree to be told."""
    async with transaction(plant.sessions) as session:
        session.add(Organisation(id=1, path="/1/", kind="committee", name="县委", created_at=plant.now))
        await session.flush()
        await session.execute(MEMBERS, {"notice": SHIPPED_NOTICE, "now": plant.now, "count": recipients})


async def add_channel(plant: Plant, url: str, rate: float) -> None:
    """A webhook channel to this address, with so many deliveries a second."""
    async with transaction(plant.sessions) as session:
        channel = Channel(
            organisation_id=1, adapter="webhook", name="网关", account="", enabled=True,
            config={"settings": {"url": url}, "rate": rate}, created_at=plant.now,
        )  # fmt: skip
        session.add(channel)
        await session.flush()
        seal_secret(_vault(plant), channel, SECRET)


async def announce_one(plant: Plant, kind: str) -> int:
    """A campaign to everybody, for the schedulers to plan; gives its id."""
    async with transaction(plant.sessions) as session:
        campaign = announce(
            session,
            kind,
            organisation_id=1,
            subject_id=1,
            event=dict(ISSUE_EVENT if kind == "weekly_issue" else MEETING_EVENT),
            audience=Audience(path="/1/"),
            expires_at=plant.now.replace(year=plant.now.year + 1),
            now=plant.now,
        )
        await session.flush()
        return campaign.id


async def is_done(plant: Plant, campaign_id: int) -> bool:
    """Whether every batch of the campaign is."""
    async with transaction(plant.sessions) as session:
        return await session.scalar(select(Campaign.state).where(Campaign.id == campaign_id)) == "done"
