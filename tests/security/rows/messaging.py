"""Who may do what with channels, schedules, campaigns and callbacks."""

from tests.security.asks import by_id, described, nothing, organisation
from tests.security.asks import messaging as asks
from tests.security.rules import ADMINISTRATOR, EVERYBODY, LEADERS_AND_ADMINISTRATORS, MEMBERS, NO_TARGET, Row
from tests.security.targets import messaging as targets
from tests.security.targets import people

ROWS = (
    # --- channels, schedules, subscriptions ----------------------------------------------------------------------
    Row("GET /channels", ADMINISTRATOR, by_id("-", targets.channel), lists="id"),
    Row("POST /channels", ADMINISTRATOR, asks.new_channel, 201),
    Row("GET /channels/{channel_id}/preview", ADMINISTRATOR, by_id("channel_id", targets.channel)),
    Row("POST /channels/{channel_id}/check", ADMINISTRATOR, by_id("channel_id", targets.channel)),
    Row("GET /channel-kinds", ADMINISTRATOR, nothing, reach=NO_TARGET),
    Row("PATCH /channels/{channel_id}", ADMINISTRATOR, by_id("channel_id", targets.channel, {"enabled": False})),
    # Anyone may call, and the signature says whether it is the platform.
    Row("GET /callbacks/wechat/{appid}", EVERYBODY, asks.wechat_check, reach=NO_TARGET),
    Row("POST /callbacks/wechat/{appid}", EVERYBODY, asks.wechat_call, reach=NO_TARGET),
    Row("GET /callbacks/wecom/{corpid}", EVERYBODY, asks.wecom_check, reach=NO_TARGET),
    Row("POST /callbacks/wecom/{corpid}", EVERYBODY, asks.wecom_call, reach=NO_TARGET),
    Row("GET /members/{member_id}/addresses", LEADERS_AND_ADMINISTRATORS, by_id("member_id", people.member)),
    Row("PUT /members/{member_id}/addresses/{channel_id}", LEADERS_AND_ADMINISTRATORS, asks.address),
    Row("DELETE /members/{member_id}/addresses/{channel_id}", LEADERS_AND_ADMINISTRATORS, asks.address, 204),
    Row("GET /channels/{channel_id}/addresses.xlsx", ADMINISTRATOR, by_id("channel_id", targets.addressed)),
    Row("POST /channels/{channel_id}/addresses/import", ADMINISTRATOR, asks.address_sheet, 201),
    Row("GET /organisations/{organisation_id}/unreached", LEADERS_AND_ADMINISTRATORS, organisation),
    Row("GET /schedules", ADMINISTRATOR, by_id("-", targets.schedule), lists="id"),
    Row("POST /schedules", ADMINISTRATOR, described(**asks.SCHEDULE), 201),
    Row("PATCH /schedules/{schedule_id}", ADMINISTRATOR, by_id("schedule_id", targets.schedule, {"enabled": False})),
    Row("DELETE /schedules/{schedule_id}", ADMINISTRATOR, by_id("schedule_id", targets.schedule), 204),
    Row("POST /schedules/{schedule_id}/dry-runs", ADMINISTRATOR, by_id("schedule_id", targets.schedule), 202),
    Row("GET /schedules/{schedule_id}/dry-runs/{dry_run_id}", ADMINISTRATOR, asks.dry_run),
    Row("GET /schedules/{schedule_id}/dry-runs/{dry_run_id}/members", ADMINISTRATOR, asks.dry_run),
    Row("GET /organisations/{organisation_id}/anniversaries", ADMINISTRATOR, organisation),
    Row("POST /organisations/{organisation_id}/anniversaries", ADMINISTRATOR, asks.new_anniversary, 201),
    Row(
        "PATCH /anniversaries/{anniversary_id}",
        ADMINISTRATOR,
        by_id("anniversary_id", targets.anniversary, {"enabled": False}),
    ),
    Row("DELETE /anniversaries/{anniversary_id}", ADMINISTRATOR, by_id("anniversary_id", targets.anniversary), 204),
    Row("GET /campaigns", LEADERS_AND_ADMINISTRATORS, by_id("-", targets.campaign), lists="id"),
    Row("GET /campaigns/{campaign_id}", LEADERS_AND_ADMINISTRATORS, by_id("campaign_id", targets.campaign)),
    Row(
        "GET /campaigns/{campaign_id}/progress", LEADERS_AND_ADMINISTRATORS, by_id("campaign_id", targets.campaign_over)
    ),
    Row("POST /campaigns/{campaign_id}/pause", LEADERS_AND_ADMINISTRATORS, by_id("campaign_id", targets.campaign)),
    Row("POST /campaigns/{campaign_id}/resume", LEADERS_AND_ADMINISTRATORS, by_id("campaign_id", targets.campaign)),
    Row(
        "POST /campaigns/{campaign_id}/cancellation", LEADERS_AND_ADMINISTRATORS, by_id("campaign_id", targets.campaign)
    ),
    Row("GET /me/notices", MEMBERS, nothing, reach=NO_TARGET),
    Row("GET /members/{member_id}/notices", LEADERS_AND_ADMINISTRATORS, by_id("member_id", people.member)),
    Row("POST /subscriptions", MEMBERS, asks.subscription, 201, NO_TARGET),
)
