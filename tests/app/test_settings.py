"""The operator's settings: what is missing, weak or forbidden refuses to start."""

import base64
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings
from tests.conftest import DATA_KEY, SIGNING_KEY, make_settings

KEYS = {"ZHIJIAN_SIGNING_KEY": SIGNING_KEY, "ZHIJIAN_DATA_KEY": DATA_KEY}
Operator = Callable[..., Settings]


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> Operator:
    """Reads the settings of a machine on which just these variables are set."""

    def read(**environment: str) -> Settings:
        for name in os.environ:
            if name.startswith("ZHIJIAN_") or name in {"DATABASE_URL", "PORT"}:
                monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return Settings()

    return read


def messages(refusal: pytest.ExceptionInfo[ValidationError]) -> list[str]:
    """What the operator is told."""
    return [f"{'.'.join(map(str, each['loc']))} {each['msg']}" for each in refusal.value.errors()]


def test_the_two_keys_are_enough_to_start(operator: Operator) -> None:
    settings = operator(**KEYS)
    assert (settings.mode, settings.database_url, settings.host, settings.port) == (
        "production", None, "127.0.0.1", 8000,
    )  # fmt: skip
    assert settings.wechat_api == "https://api.weixin.qq.com"
    assert not settings.demonstration
    assert settings.signing_bytes == base64.b64decode(SIGNING_KEY)
    assert settings.data_bytes == base64.b64decode(DATA_KEY)


def test_variables_are_read_under_their_names(operator: Operator, tmp_path: Path) -> None:
    settings = operator(
        **KEYS, DATABASE_URL="postgresql://one", PORT="0", ZHIJIAN_HOST="0.0.0.0", ZHIJIAN_VAR=str(tmp_path)
    )
    assert (settings.database_url, settings.port, settings.host, settings.var) == (
        "postgresql://one", 0, "0.0.0.0", tmp_path,
    )  # fmt: skip


@pytest.mark.parametrize("missing", KEYS)
def test_a_missing_key_is_refused(operator: Operator, missing: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        operator(**{name: value for name, value in KEYS.items() if name != missing})
    assert messages(refusal) == [f"{missing.removeprefix('ZHIJIAN_').lower()} Field required"]


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "must be 32 random bytes"),
        ("not base64 at all!", "is not base64"),
        ("密钥密钥密钥密钥", "is not base64"),
        (base64.b64encode(bytes(range(31))).decode(), "must be 32 random bytes"),
        (base64.b64encode(bytes(range(33))).decode(), "must be 32 random bytes"),
        (base64.b64encode(b"A" * 32).decode(), "must be 32 random bytes"),
        (base64.b64encode(b"1234567" * 4 + b"1234").decode(), "must be 32 random bytes"),
    ],
)
def test_a_weak_key_is_refused_by_its_name(operator: Operator, name: str, value: str, reason: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        operator(**{**KEYS, name: value})
    (message,) = messages(refusal)
    assert f"{name} {reason}" in message


def test_equal_keys_are_refused(operator: Operator) -> None:
    with pytest.raises(ValidationError) as refusal:
        operator(ZHIJIAN_SIGNING_KEY=DATA_KEY, ZHIJIAN_DATA_KEY=DATA_KEY)
    assert "must differ" in messages(refusal)[0]


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"ZHIJIAN_TEST_CLOCK": "/tmp/clock"}, "ZHIJIAN_TEST_CLOCK"),
        ({"ZHIJIAN_TEST_CLOCK": "/tmp/clock", "ZHIJIAN_MODE": "demonstration"}, "ZHIJIAN_TEST_CLOCK"),
        ({"ZHIJIAN_FAKE_PLATFORM": "http://127.0.0.1:1"}, "ZHIJIAN_FAKE_PLATFORM"),
        *(
            ({f"ZHIJIAN_{name}_API": "http://api.example.cn"}, f"ZHIJIAN_{name}_API")
            for name in ("WECHAT", "WECOM", "DINGTALK", "FEISHU", "ALIYUN_SMS")
        ),
    ],
)
def test_what_only_tests_may_set_is_refused_elsewhere(
    operator: Operator, variables: dict[str, str], reason: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        operator(**KEYS, **variables)
    assert reason in messages(refusal)[0]


@pytest.mark.parametrize(("mode", "here"), [("production", False), ("demonstration", True)])
def test_this_machine_is_a_host_for_channels_outside_of_production_only(
    operator: Operator, mode: str, here: bool
) -> None:
    hosts = operator(**KEYS, ZHIJIAN_MODE=mode, ZHIJIAN_WEBHOOK_HOSTS="a.example.cn,b.example.cn:8443").platform_hosts
    assert hosts["webhook"].split(",")[:2] == ["a.example.cn", "b.example.cn:8443"]
    assert ("127.0.0.1" in hosts["webhook"], "127.0.0.1" in hosts["email"]) == (here, here)
    assert hosts["dingtalk"] == "https://oapi.dingtalk.com"


def test_the_address_of_the_service_is_https_or_left_out(operator: Operator) -> None:
    assert operator(**KEYS, ZHIJIAN_PUBLIC_URL="").public_url == ""
    assert operator(**KEYS, ZHIJIAN_PUBLIC_URL="https://a.example.cn").public_url == "https://a.example.cn"
    for wrong in ("http://a.example.cn", "a.example.cn", "https://a.example.cn/?code=", "https://" + "a" * 200):
        with pytest.raises(ValidationError):
            operator(**KEYS, ZHIJIAN_PUBLIC_URL=wrong)


def test_a_direct_address_says_that_the_other_leads_through_a_pooler(operator: Operator) -> None:
    pooled, direct = "postgresql://a@pooler/a", "postgresql://a@postgres/a"
    assert not operator(**KEYS, DATABASE_URL=direct, ZHIJIAN_DATABASE_DIRECT_URL="").pooled
    assert operator(**KEYS, DATABASE_URL=pooled, ZHIJIAN_DATABASE_DIRECT_URL=direct).pooled
    with pytest.raises(ValidationError) as refusal:
        operator(**KEYS, ZHIJIAN_DATABASE_DIRECT_URL=direct)
    assert "goes with DATABASE_URL" in messages(refusal)[0]
    with pytest.raises(ValidationError):
        operator(**KEYS, DATABASE_URL=pooled, ZHIJIAN_DATABASE_DIRECT_URL="mysql://a")


def test_the_bus_is_the_rows_unless_a_nats_address_is_set(operator: Operator) -> None:
    assert operator(**KEYS).bus_url == operator(**KEYS, BUS_URL="").bus_url == ""
    assert operator(**KEYS, BUS_URL="nats://nats:4222").bus_url == "nats://nats:4222"
    with pytest.raises(ValidationError):
        operator(**KEYS, BUS_URL="redis://nats:4222")


S3 = {
    "ZHIJIAN_S3_ENDPOINT": "https://s3.example.cn",
    "ZHIJIAN_S3_BUCKET": "media",
    "ZHIJIAN_S3_ACCESS_KEY": "access",
    "ZHIJIAN_S3_SECRET_KEY": "a secret of the store",
}


def test_media_are_kept_under_var_unless_a_folder_is_named(operator: Operator, tmp_path: Path) -> None:
    assert operator(**KEYS).media_folder == Path("var/media")
    assert operator(**KEYS, ZHIJIAN_VAR=str(tmp_path)).media_folder == tmp_path / "media"
    assert operator(**KEYS, ZHIJIAN_MEDIA=str(tmp_path / "m")).media_folder == tmp_path / "m"


def test_a_bucket_is_set_as_a_whole(operator: Operator) -> None:
    settings = operator(**KEYS, **S3)
    assert (settings.s3_bucket, settings.s3_region, settings.s3_bucket_in_host) == ("media", "us-east-1", False)
    assert "a secret of the store" not in repr(settings)
    assert operator(**KEYS, **dict.fromkeys(S3, "")).s3_bucket == "", "Compose passes what is not set as empty"
    for missing in S3:
        with pytest.raises(ValidationError) as refusal:
            operator(**KEYS, **{**S3, missing: ""})
        assert "go together" in messages(refusal)[0]


def test_a_bucket_without_https_is_for_tests(operator: Operator) -> None:
    plain = {**S3, "ZHIJIAN_S3_ENDPOINT": "http://127.0.0.1:9000"}
    with pytest.raises(ValidationError) as refusal:
        operator(**KEYS, **plain)
    assert "ZHIJIAN_S3_ENDPOINT must be an https address" in messages(refusal)[0]
    assert operator(**KEYS, **plain, ZHIJIAN_MODE="test").s3_endpoint == "http://127.0.0.1:9000"


def test_tests_and_the_demonstration_have_their_controls(operator: Operator, tmp_path: Path) -> None:
    fake = {"ZHIJIAN_FAKE_PLATFORM": "http://127.0.0.1:1", "ZHIJIAN_WECHAT_API": "http://127.0.0.1:1"}
    shown = operator(**KEYS, **fake, ZHIJIAN_MODE="demonstration")
    tested = operator(**KEYS, **fake, ZHIJIAN_MODE="test", ZHIJIAN_TEST_CLOCK=str(tmp_path / "clock"))
    assert shown.demonstration
    assert tested.demonstration
    assert (tested.test_clock, tested.fake_platform) == (tmp_path / "clock", "http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "-1"), ("PORT", "65536"), ("PORT", "abc"), ("ZHIJIAN_MODE", "debug"), ("ZHIJIAN_DATA_KEY_ID", "0"),
        ("ZHIJIAN_DATA_KEY_ID", "256"), ("ZHIJIAN_DATABASE_POOL", "0"), ("ZHIJIAN_METRICS_PORT", "0"),
        ("ZHIJIAN_SENDER_LEASE_SECONDS", "1"), ("ZHIJIAN_LOG_LEVEL", "loud"),
    ],
)  # fmt: skip
def test_a_value_out_of_bounds_is_refused(operator: Operator, name: str, value: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        operator(**KEYS, **{name: value})
    assert name.removeprefix("ZHIJIAN_").lower() in messages(refusal)[0].lower()


def test_settings_do_not_show_their_keys() -> None:
    settings = make_settings("postgresql://nowhere")
    assert SIGNING_KEY not in repr(settings)
    assert DATA_KEY not in repr(settings)
