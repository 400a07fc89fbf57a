"""Every published example, called at a channel that was set up by the API alone."""

from dataclasses import replace
from typing import Any

import httpx
import pytest

from tests.app.messaging.callbacks.platform import set_up
from tests.app.platforms import callback_vectors as published
from tests.app.platforms.callback_vectors import Call
from tests.world import World

ADAPTERS: dict[str, dict[str, Any]] = {
    "wechat": {"adapter": "wechat_miniprogram"},
    "wecom": {"adapter": "wecom", "config": {"settings": {"agent_id": "218"}}},
}


async def ask(client: httpx.AsyncClient, call: Call, envelope: str, **changed: str) -> httpx.Response:
    """The example as its platform sends it; `changed` is another query."""
    platform = call.name.partition(" ")[0]
    url = f"/callbacks/{platform}/{call.receiver}"
    query = {"msg_signature": call.msg_signature, "timestamp": call.timestamp, "nonce": call.nonce, **changed}
    if call.name.endswith("address"):
        return await client.get(url, params={**query, "echostr": call.encrypted})
    body = (
        f"<xml><ToUserName><![CDATA[gh_10f6c3c3ac5a]]></ToUserName><Encrypt><![CDATA[{call.encrypted}]]></Encrypt></xml>"
        if envelope == "xml"
        else f'{{"ToUserName":"gh_97417a04a28d","Encrypt":"{call.encrypted}"}}'
    )
    return await client.post(url, params={"encrypt_type": "aes", **query}, content=body)


@pytest.mark.parametrize("envelope", ["xml", "json"])
@pytest.mark.parametrize("call", published.CALLS, ids=lambda call: call.name)
async def test_a_published_call_is_answered(client: httpx.AsyncClient, world: World, call: Call, envelope: str) -> None:
    adapter = ADAPTERS[call.name.partition(" ")[0]]
    await set_up(client, world, account=call.receiver, callback_token=call.token, callback_key=call.key, **adapter)
    answer = await ask(client, call, envelope)
    expected = call.message if call.name.endswith("address") else "success"
    assert (answer.status_code, answer.text) == (200, expected)
    wrong = await ask(client, call, envelope, timestamp=f"{int(call.timestamp) + 1}")
    assert (wrong.status_code, wrong.json()["code"]) == (403, "wrong_signature")


@pytest.mark.parametrize("call", published.CALLS, ids=lambda call: call.name)
async def test_a_published_call_for_another_account_is_refused(
    client: httpx.AsyncClient, world: World, call: Call
) -> None:
    other = replace(call, receiver="wx0000000000000000")
    adapter = ADAPTERS[call.name.partition(" ")[0]]
    await set_up(client, world, account=other.receiver, callback_token=call.token, callback_key=call.key, **adapter)
    answer = await ask(client, other, "xml")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_account")
