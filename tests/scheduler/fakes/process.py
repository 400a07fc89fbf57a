"""Speaks to the control side of a fake platform, for every test that needs one."""

from typing import Any

from tests.scheduler.fakes.fake import Fake

APPID, SECRET, TEMPLATE = "wx0123456789abcdef", "a-secret-that-stays-secret", "weekly-issue"
SEND, TOKEN, LOGIN = "/cgi-bin/message/subscribe/send", "/cgi-bin/stable_token", "/sns/jscode2session"
NUMBER = "/wxa/business/getuserphonenumber"


class FakeWechat(Fake):
    """The fake as its operator and its phones see it."""

    async def set_up(self, **more: Any) -> None:
        await self.order("reset")
        templates = {TEMPLATE: ["thing1", "date2", "thing3"]}
        await self.order("apps", appid=APPID, secret=SECRET, templates=templates, **more)

    async def login(self, phone: str, **more: Any) -> tuple[str, str]:
        answer = await self.order("login", appid=APPID, phone=phone, **more)
        return answer["code"], answer["openid"]

    async def share_number(self, phone: str, number: str, **more: Any) -> str:
        """Tap the button getPhoneNumber, and give the code."""
        answer = await self.order("number", appid=APPID, phone=phone, number=number, **more)
        return str(answer["code"])

    async def accept(self, phone: str, times: int = 1) -> str:
        """Tap accept, and give the openid."""
        for _ in range(times):
            answer = await self.order("accept", appid=APPID, phone=phone, template_id=TEMPLATE)
        return str(answer["openid"])

    async def call(self, url: str, **more: Any) -> None:
        """Enter the address that is to be called, as an operator does in the console."""
        await self.order("callback", **{"appid": APPID, "url": url, **more})

    async def reject(self, phone: str, **more: Any) -> str:
        """Tap reject, and give the openid."""
        return str((await self.order("reject", appid=APPID, phone=phone, template_id=TEMPLATE, **more))["openid"])

    async def results(self) -> list[int]:
        """How often the result of each message was told, once all are."""
        return list((await self.http.get(f"{self.base}/_control/results", params={"appid": APPID})).json())

    async def balances(self) -> dict[str, int]:
        """How many messages each openid has accepted and not been sent, as WeChat counts."""
        query = {"appid": APPID, "template_id": TEMPLATE}
        return dict((await self.http.get(f"{self.base}/_control/balances", params=query)).json())

    async def sent(self) -> list[dict[str, Any]]:
        answer = await self.http.get(f"{self.base}/_control/sent", params={"appid": APPID})
        return list(answer.json())
