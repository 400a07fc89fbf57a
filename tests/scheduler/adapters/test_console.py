"""The console: every message is put into the inbox under the name of its delivery."""

from dataclasses import replace
from datetime import UTC, datetime

from structlog.testing import capture_logs

from app.db.engine import transaction
from app.messaging.render import render
from app.platforms import console as inbox
from app.resources import Service
from scheduler.adapters.base import ChannelInfo, Envelope, Status
from scheduler.adapters.console import build
from tests.scheduler.scene import MEETING_EVENT, Scene


async def test_a_message_is_put_into_the_inbox_and_a_repeat_of_it_is_only_counted(
    scene: Scene, service: Service
) -> None:
    console = build(ChannelInfo(1, "", "", {}), scene.sender().outside(1))
    message = render("meeting_notice", {**MEETING_EVENT, "meeting_password": "pass-2026"}, 7)
    with capture_logs() as logs:
        for keys in (["3:1", "3:2"], ["3:2"]):
            outcomes = await console.send([Envelope(key, int(key[-1]), "", message) for key in keys])
            assert [outcome.status for outcome in outcomes] == [Status.SENT] * len(keys)
    assert [entry["key"] for entry in logs] == ["3:1", "3:2", "3:2"]
    assert "pass-2026" in message.body
    assert not any(word in str(logs) for word in ("pass-2026", "meeting.example"))
    async with transaction(service.sessions) as session:
        shown = await inbox.list_messages(session, before=None, limit=10)
        older = await inbox.list_messages(session, before=shown[0].id, limit=10)
    assert [(each.key, each.times) for each in shown] == [("3:2", 2), ("3:1", 1)]
    assert [each.key for each in older] == ["3:1"]
    assert shown[0].link == "https://meeting.example/j/1"
    assert shown[0].member_id == 2
    assert shown[0].at == datetime(2026, 11, 16, 2, tzinfo=UTC)


async def test_an_inbox_that_is_away_is_tried_again_as_a_repeat_there_shows_nothing_twice(scene: Scene) -> None:
    puts: list[str] = []

    async def put(envelope: Envelope) -> None:
        puts.append(envelope.key)
        if envelope.key == "3:1":
            raise ConnectionError

    console = build(ChannelInfo(1, "", "", {}), replace(scene.sender().outside(1), put_on_console=put))
    message = render("meeting_notice", MEETING_EVENT, 7)
    outcomes = await console.send([Envelope(key, 1, "", message) for key in ("3:1", "3:2")])
    assert [outcome.status for outcome in outcomes] == [Status.RETRY, Status.SENT]
    assert puts == ["3:1", "3:2"]
