"""Refusals in words: what to do first, the platform's own code behind it."""

import pytest

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
            "平台不认这个密钥，请在平台后台核对或重置后重新填写（40089 不合法的corpid）",
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
    assert refusal_words("county", "E7", "denied") == "平台不接受渠道的设置，请核对账号、密钥和模板（E7 denied）"


def test_a_token_that_dies_at_once_points_to_whoever_else_fetches_tokens() -> None:
    assert "另有程序" in refusal_words("feishu", "token", "the token is dead, and a new one was forced just now")
