"""The demonstration: what `make run` shows. Sample data through the product's own services, and a fake WeChat."""

import asyncio
import base64
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import typer

from app.db.migrate import migrate
from app.demo_data import APPID, PEOPLE, PHONES, TEMPLATES, seed
from app.logs import configure_logs
from app.resources import open_database, open_service
from app.serving import serve
from app.settings import Settings

SECRETS = "demonstration.json"


@dataclass(frozen=True)
class Kept:
    """What the demonstration keeps beside its data: random keys, and a random password for all its accounts."""

    signing_key: str
    data_key: str
    wechat_secret: str
    password: str


def kept_secrets(var: Path) -> Kept:
    """The secrets of this demonstration: made at the first start, read at the next ones."""
    var.mkdir(parents=True, exist_ok=True)
    file = var / SECRETS
    if not file.exists():
        made = Kept(
            signing_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            data_key=base64.b64encode(secrets.token_bytes(32)).decode(),
            wechat_secret=secrets.token_hex(16),
            password="-".join(secrets.token_hex(2) for _ in range(3)),
        )
        descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            json.dump(made.__dict__, stream)
    return Kept(**json.loads(file.read_text()))


@asynccontextmanager
async def fake_wechat(kept: Kept) -> AsyncIterator[str]:
    """The fake platform as a process of its own, with our mini-program registered; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "scheduler.fakes.wechat", "--port", "0",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        if process.stdout is None:
            raise RuntimeError("the fake platform has no output")
        line = (await asyncio.wait_for(process.stdout.readline(), 30)).decode()
        address = line.removeprefix("listening on ").strip()
        async with httpx.AsyncClient() as http:
            templates = {each.template_id: sorted(each.fields) for each in TEMPLATES.values()}
            body = {"appid": APPID, "secret": kept.wechat_secret, "templates": templates}
            (await http.post(f"{address}/_control/apps", json=body)).raise_for_status()
        yield address
    finally:
        process.terminate()
        await process.wait()


async def demonstrate() -> None:
    """Starts everything, seeds what is not there yet, says what to try, and serves until Ctrl-C."""
    var = Path(os.environ.get("ZHIJIAN_VAR", "var"))
    kept = kept_secrets(var)
    typer.echo("指尖课堂 演示环境正在启动……")
    async with fake_wechat(kept) as platform:
        settings = Settings(
            # Its own database always: a real one that is in the environment is never served as a demonstration.
            DATABASE_URL=None,
            mode="demonstration",
            var=var,
            signing_key=kept.signing_key,
            data_key=kept.data_key,
            wechat_api=platform,
            fake_platform=platform,
            log_file=var / "zhijian.log",
        )
        configure_logs(settings.log_level, settings.log_file)
        async with open_database(settings, serve=True) as url:
            await asyncio.to_thread(migrate, url)
            async with open_service(settings, url) as service:
                await seed(service, kept.password, kept.wechat_secret)
                await serve(
                    service,
                    url,
                    api=True,
                    clock=True,
                    sender=True,
                    ready=lambda port: _welcome(settings, kept, platform, port),
                )
    typer.echo("已停止。数据保留在 " + str(var.resolve()))


def _welcome(settings: Settings, kept: Kept, platform: str, port: int) -> None:
    address = f"http://{settings.host}:{port}"
    lines = [
        "",
        f"指尖课堂 演示环境已就绪：{address}",
        "",
        "  工作人员（网页或 API 登录，密码均为 " + kept.password + "）",
    ]
    lines += [f"    {person.title:<8}{person.login}" for person in PEOPLE]
    lines += ["", "  党员（经本机的仿真微信平台登录）"]
    lines += [f"    {title:<8}微信 {phone}" for phone, title in PHONES.items()]
    lines += [
        "",
        f"  从这里开始：{address}/    消息页：{address}/demonstration/messages    接口文档：{address}/openapi.json",
        f"  仿真微信平台：{platform}    日志：{settings.log_file}",
        "  按 Ctrl-C 停止全部服务（含内置数据库）。",
        "",
    ]
    typer.echo("\n".join(lines))
