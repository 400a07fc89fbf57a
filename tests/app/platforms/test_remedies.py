"""Refusals in words: what to do first, the platform's own code behind it."""

from typing import Any

import pytest

from app.platforms import dingtalk, feishu, wechat_account, wecom
from app.platforms.errors import PlatformConfigurationError
from app.platforms.remedies import refusal_words

IP = "invalid ip 192.0.2.1, not in whitelist"


@pytest.mark.parametrize(
    ("adapter", "code", "detail", "words"),
    [
        ("wechat_miniprogram", "40164", IP, f"本系统的出口 IP 不在平台的白名单里，请在平台后台加上（40164 {IP}）"),
        (
            "wechat_service_account",
            "40037",
            "invalid template_id",
            "模板 ID 不对，请在平台后台复制后重新填写（40037 invalid template_id）",
        ),
        ("wecom", "60020", "not allow", "本系统的出口 IP 不在平台的白名单里，请在平台后台加上（60020 not allow）"),
        (
            "dingtalk",
            "40089",
            "不合法的corpid",
            "平台不认这个账号或密钥，请在平台后台核对后重新填写（40089 不合法的corpid）",
        ),
    ],
)
def test_a_known_code_says_what_to_do_at_the_platform(adapter: str, code: str, detail: str, words: str) -> None:
    assert refusal_words(adapter, code, detail) == words


def test_the_same_code_means_what_its_own_platform_means_by_it() -> None:
    assert "CorpID" in refusal_words("wecom", "40013", "invalid corpid")
    assert "AppID" in refusal_words("wechat_miniprogram", "40013", "invalid appid")


def test_what_speaks_chinese_is_said_as_it_is_with_one_full_stop_left_to_the_sentence_around() -> None:
    assert refusal_words("county", "bad_url", "网址有误，请重新填写。") == "网址有误，请重新填写（bad_url）"


def test_an_unknown_code_in_another_language_has_general_words_before_it() -> None:
    assert (
        refusal_words("county", "E7", "denied")
        == "平台不接受渠道的设置，请核对账号、密钥、IP 白名单和其他设置（E7 denied）"
    )


def test_a_token_that_dies_at_once_points_to_whoever_else_fetches_tokens() -> None:
    assert "另有程序" in refusal_words("feishu", "token", "the token is dead, and a new one was forced just now")


@pytest.mark.parametrize("text", ["Accès refusé", "the account’s key", ""])
def test_only_chinese_counts_as_chinese_and_nothing_said_leaves_the_code_alone(text: str) -> None:
    assert refusal_words("county", "E7", text).endswith(f"和其他设置（{f'E7 {text}'.strip()}）")


def test_a_long_text_leaves_room_for_the_code() -> None:
    assert refusal_words("county", "E7", "长" * 500).endswith("长（E7）")
    assert len(refusal_words("wecom", "60020", "x" * 500)) < 500


def test_a_dead_token_sends_nobody_to_reset_a_good_secret() -> None:
    for adapter in ("wechat_miniprogram", "wecom", "dingtalk"):
        assert "另有程序" in refusal_words(adapter, "42001", "access_token expired")
    assert "不要急于重置" in refusal_words("wechat_miniprogram", "40001", "invalid credential")


@pytest.mark.parametrize(
    ("adapter", "client"),
    [
        ("wechat_miniprogram", wechat_account),
        ("wechat_service_account", wechat_account),
        ("wecom", wecom),
        ("dingtalk", dingtalk),
        ("feishu", feishu),
    ],
)
def test_every_code_that_stops_a_channel_has_words_of_its_own(adapter: str, client: Any) -> None:
    stopping = [code for code, kind in client._CLASS_OF_CODE.items() if kind is PlatformConfigurationError]
    assert stopping
    assert [code for code in stopping if "其他设置" in refusal_words(adapter, str(code), "denied")] == []
