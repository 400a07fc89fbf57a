"""All settings, read from the environment only; missing or weak secrets refuse to start."""

import base64
import binascii
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SECRET_BYTES = 32


class Settings(BaseSettings):
    """What the operator sets: variables are prefixed `ZHIJIAN_`, but for `DATABASE_URL`, `BUS_URL` and `PORT`.

    Raises `pydantic.ValidationError` where a value is missing, weak or forbidden in `mode`.
    """

    model_config = SettingsConfigDict(env_prefix="ZHIJIAN_", extra="ignore", frozen=True)

    mode: Literal["production", "demonstration", "test"] = "production"
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    # Set where DATABASE_URL leads through pgbouncer: the address past it, for LISTEN and migrations.
    database_direct_url: str = Field(default="", pattern=r"^(postgres(ql)?://.+)?$")
    # NATS JetStream between planner and senders; without it the batch rows and NOTIFY are the bus.
    bus_url: str = Field(default="", pattern=r"^((nats|tls)://\S+)?$", validation_alias="BUS_URL")
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535, validation_alias="PORT")
    var: Path = Path("var")
    # Two independent 32-byte keys in base64: one signs and indexes, the other encrypts what is kept about people.
    signing_key: SecretStr
    data_key: SecretStr
    data_key_id: int = Field(default=1, ge=1, le=255)
    # The API hosts of outside platforms.
    wechat_api: str = "https://api.weixin.qq.com"
    wecom_api: str = "https://qyapi.weixin.qq.com"
    dingtalk_api: str = "https://oapi.dingtalk.com"
    feishu_api: str = "https://open.feishu.cn"
    aliyun_sms_api: str = "https://dysmsapi.aliyuncs.com"
    # Where administrators may point a webhook or a mail channel: `host` or `host:port`, separated by commas.
    webhook_hosts: str = Field(default="", max_length=2000)
    mail_hosts: str = Field(default="", max_length=2000)
    # Where members' phones reach the service, for the QR of binding slips: https://study.example.cn
    public_url: str = Field(default="", max_length=200, pattern=r"^(https?://[^\s?#]+)?$")
    trusted_proxies: str = "127.0.0.1"
    database_pool: int = Field(default=10, ge=1, le=100)
    sender_lease_seconds: int = Field(default=30, ge=2, le=600)
    # Calls that one sender has in hand: as many deliveries are in doubt when it is killed.
    sender_calls: int = Field(default=20, ge=1, le=50)
    # How long a live stream goes on before its page asks again; a proxy in front may cut it off earlier.
    stream_seconds: int = Field(default=600, ge=1, le=3600)
    metrics_port: int | None = Field(default=None, ge=1, le=65535)
    log_file: Path | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    # Uploaded media: a folder, `media` under `var` where none is named, or a bucket of any S3-compatible store.
    media: Path | None = None
    s3_endpoint: str = Field(default="", max_length=200, pattern=r"^(https?://[^\s?#]+)?$")
    s3_bucket: str = Field(default="", max_length=63)
    s3_region: str = Field(default="us-east-1", max_length=50)
    s3_access_key: str = Field(default="", max_length=200)
    s3_secret_key: SecretStr = SecretStr("")
    # Stores that name the bucket in the host (Alibaba OSS) want it in the endpoint too: https://bucket.oss.example.com
    s3_bucket_in_host: bool = False
    # The largest upload of each kind, in MB.
    picture_mb: int = Field(default=20, ge=1, le=1024)
    audio_mb: int = Field(default=200, ge=1, le=10240)
    video_mb: int = Field(default=2048, ge=1, le=10240)
    # Test only: a file with the seconds by which the clock is moved, and the address of the fake platform's controls.
    test_clock: Path | None = None
    fake_platform: str | None = None

    @model_validator(mode="after")
    def _refuse_weak(self) -> Self:
        keys = {name: _key(getattr(self, name).get_secret_value(), name) for name in ("signing_key", "data_key")}
        if keys["signing_key"] == keys["data_key"]:
            raise ValueError("ZHIJIAN_SIGNING_KEY and ZHIJIAN_DATA_KEY must differ")
        if self.database_url is not None and not self.database_url.startswith(("postgresql://", "postgres://")):
            raise ValueError("DATABASE_URL must be a postgresql:// address")
        if self.database_direct_url and self.database_url is None:
            raise ValueError("ZHIJIAN_DATABASE_DIRECT_URL goes with DATABASE_URL")
        if self.test_clock is not None and self.mode != "test":
            raise ValueError("ZHIJIAN_TEST_CLOCK works with ZHIJIAN_MODE=test only")
        if self.fake_platform is not None and self.mode == "production":
            raise ValueError("ZHIJIAN_FAKE_PLATFORM is refused in production")
        for name in ("wechat_api", "wecom_api", "dingtalk_api", "feishu_api", "aliyun_sms_api"):
            if self.mode == "production" and not getattr(self, name).startswith("https://"):
                raise ValueError(f"ZHIJIAN_{name.upper()} must be an https address in production")
        if self.mode == "production" and self.public_url.startswith("http://"):
            raise ValueError("ZHIJIAN_PUBLIC_URL must be an https address in production")
        self._refuse_half_a_store()
        return self

    def _refuse_half_a_store(self) -> None:
        needed = (self.s3_endpoint, self.s3_bucket, self.s3_access_key, self.s3_secret_key.get_secret_value())
        if any(needed) and not all(needed):
            raise ValueError("ZHIJIAN_S3_ENDPOINT, _BUCKET, _ACCESS_KEY and _SECRET_KEY go together")
        if self.mode == "production" and self.s3_endpoint.startswith("http://"):
            raise ValueError("ZHIJIAN_S3_ENDPOINT must be an https address in production")

    @cached_property
    def signing_bytes(self) -> bytes:
        """The 32 bytes that sign and index."""
        return _key(self.signing_key.get_secret_value(), "signing_key")

    @cached_property
    def data_bytes(self) -> bytes:
        """The 32 bytes that encrypt."""
        return _key(self.data_key.get_secret_value(), "data_key")

    @property
    def pooled(self) -> bool:
        """Whether DATABASE_URL leads through pgbouncer, where two transactions may have two connections."""
        return bool(self.database_direct_url)

    @property
    def platform_hosts(self) -> dict[str, str]:
        """What adapters may reach: an address with its scheme by platform, or the hosts that a channel may name.

        Outside production this machine is among those, for fakes.
        """
        here = "" if self.mode == "production" else ",127.0.0.1,localhost"
        return {
            "wechat": self.wechat_api,
            "wecom": self.wecom_api,
            "dingtalk": self.dingtalk_api,
            "feishu": self.feishu_api,
            "aliyun_sms": self.aliyun_sms_api,
            "webhook": self.webhook_hosts + here,
            "email": self.mail_hosts + here,
        }

    @property
    def media_folder(self) -> Path:
        """Where uploaded media are kept, unless a bucket is set."""
        return self.media or self.var / "media"

    @property
    def demonstration(self) -> bool:
        """Whether the pages and controls of the demonstration are served."""
        return self.mode != "production"


def _key(text: str, name: str) -> bytes:
    variable = f"ZHIJIAN_{name.upper()}"
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError(f"{variable} is not base64") from error
    if len(key) != SECRET_BYTES or len(set(key)) < SECRET_BYTES // 4:
        raise ValueError(f"{variable} must be {SECRET_BYTES} random bytes in base64: openssl rand -base64 32")
    return key
