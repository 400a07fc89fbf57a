"""Each code that a client tells apart has the platform's own words in its fake."""

from collections.abc import Collection

import pytest

from app.platforms import aliyun_sms, dingtalk, feishu, wechat_account, wecom
from scheduler.fakes import aliyun_sms as fake_aliyun
from scheduler.fakes import dingtalk as fake_dingtalk
from scheduler.fakes import feishu as fake_feishu
from scheduler.fakes import wechat as fake_wechat
from scheduler.fakes import wecom as fake_wecom


@pytest.mark.parametrize(
    ("known", "worded"),
    [
        pytest.param(wechat_account._CLASS_OF_CODE, fake_wechat.ERRMSG, id="wechat"),
        pytest.param(wecom._CLASS_OF_CODE, fake_wecom.ERRMSG, id="wecom"),
        pytest.param(dingtalk._CLASS_OF_CODE, fake_dingtalk.ERRMSG, id="dingtalk"),
        pytest.param(feishu._CLASS_OF_CODE, fake_feishu.MSG, id="feishu"),
        pytest.param(aliyun_sms._CLASS_OF_CODE, fake_aliyun.TEXTS, id="aliyun"),
    ],
)
def test_no_code_comes_without_words(known: Collection[int | str], worded: Collection[int | str]) -> None:
    assert [code for code in known if code not in worded] == []
