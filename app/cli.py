"""`zhijian`: every way to run the program."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from pydantic import ValidationError

from app import demo, importing
from app.db.embedded import FolderInUse
from app.db.engine import is_away
from app.db.migrate import migrate as upgrade
from app.errors import ProductError
from app.logs import configure_logs
from app.resources import open_database, open_service
from app.serving import PortTaken, serve
from app.settings import Settings
from app.web import create_api

UNDEFINED_TABLE = "42P01"
# SQLSTATE classes: wrong user or password, no such database.
NO_ENTRY = ("28", "3D")

cli = typer.Typer(no_args_is_help=True, add_completion=False, help="指尖课堂 Zhijian Classroom")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _refuse(error: ValidationError) -> NoReturn:
    lines = [f"  {'.'.join(map(str, each['loc'])) or 'settings'}: {each['msg']}" for each in error.errors()]
    _fail("设置有误，拒绝启动 (settings refused, see docs/deployment.md):\n" + "\n".join(lines))


def _settings() -> Settings:
    try:
        settings = Settings()
    except ValidationError as error:
        _refuse(error)
    configure_logs(settings.log_level, settings.log_file)
    return settings


def _fail_for_database(error: Exception) -> NoReturn:
    state = getattr(getattr(error, "orig", None), "sqlstate", None) or ""
    if state == UNDEFINED_TABLE:
        _fail("数据库尚未升级，请先运行 zhijian migrate。")
    if is_away(error) or state.startswith(NO_ENTRY):
        _fail(f"无法连接数据库，请确认它已启动，并核对 DATABASE_URL（或 ZHIJIAN_VAR 目录）后重试：{error}")
    raise error


def _run(coroutine: Any) -> None:
    try:
        uvloop.run(coroutine)
    except FolderInUse as error:
        _fail(f"该目录的内置数据库正由另一个进程使用，请先停止它：{error}")
    except PortTaken as error:
        _fail(f"端口已被占用：{error}。请换一个端口再试，例如 PORT=8001 make run")
    except ProductError as error:
        lines = ["  " + " ".join(str(part) for part in each.values() if part is not None) for each in error.errors]
        _fail("\n".join([error.shown_detail, *lines]))
    except ValidationError as error:
        _refuse(error)
    except Exception as error:
        _fail_for_database(error)


async def _serve(settings: Settings, *, api: bool, clock: bool, sender: bool, upgrading: bool) -> None:
    async with open_database(settings, serve=True) as url:
        if upgrading:
            await asyncio.to_thread(upgrade, settings.database_direct_url or url)
        async with open_service(settings, url) as service:
            await serve(service, url, api=api, clock=clock, sender=sender)


def _start(*, api: bool, clock: bool, sender: bool, upgrading: bool = False) -> None:
    _run(_serve(_settings(), api=api, clock=clock, sender=sender, upgrading=upgrading))


@cli.command()
def run() -> None:
    """Migrate, then serve API, scheduler and sender in one process: a small unit needs no more."""
    _start(api=True, clock=True, sender=True, upgrading=True)


@cli.command()
def api() -> None:
    """Serve the API."""
    _start(api=True, clock=False, sender=False)


@cli.command()
def scheduler() -> None:
    """Serve the scheduler; any number may run."""
    _start(api=False, clock=True, sender=False)


@cli.command()
def sender() -> None:
    """Serve a sender; any number may run."""
    _start(api=False, clock=False, sender=True)


@cli.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    settings = _settings()

    async def work() -> None:
        async with open_database(settings) as url:
            await asyncio.to_thread(upgrade, settings.database_direct_url or url)

    _run(work())


@cli.command(name="demo")
def demonstrate() -> None:
    """The demonstration: sample data, a fake WeChat platform, and everything in one process."""
    _run(demo.demonstrate())


@cli.command()
def setup(
    organisation: Annotated[str, typer.Option(help="Name of the top organisation, such as 某某县委")],
    login: Annotated[str, typer.Option(help="Login of the first administrator")],
    name: Annotated[str, typer.Option(help="Name of the first administrator")] = "管理员",
) -> None:
    """Create the top organisation and its first administrator; the password is read from standard input."""
    settings = _settings()
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=sys.stdin.isatty())

    async def work() -> None:
        async with open_database(settings) as url, open_service(settings, url) as service:
            await importing.set_up(service, organisation, login, name, password)

    _run(work())
    typer.echo("完成。请用该账号登录后继续。")


@cli.command(name="import")
def import_(
    path: Annotated[Path, typer.Argument(exists=True, help="A folder of weekly issues, a roster or question sheet")],
    organisation: Annotated[int | None, typer.Option(help="Id of the organisation; the top one by default")] = None,
    login: Annotated[str | None, typer.Option(help="Login of the editor who is the author")] = None,
    week: Annotated[str | None, typer.Option(help="ISO week of the first issue; next week by default")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only report")] = False,
) -> None:
    """Import a folder of weekly issues, an .xlsx roster or an .xlsx question sheet: all of it or nothing."""
    settings = _settings()
    accepted = True

    async def work() -> None:
        nonlocal accepted
        async with open_database(settings) as url, open_service(settings, url) as service:
            report = await importing.import_path(
                service, path, organisation_id=organisation, login=login, week=week, dry_run=dry_run
            )
        for line in report.lines:
            typer.echo(line)
        accepted = report.accepted

    _run(work())
    if not accepted:
        raise typer.Exit(1)


@cli.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    typer.echo(json.dumps(create_api().openapi(), ensure_ascii=False, indent=2, sort_keys=True))


def main() -> None:
    """The entry point of the `zhijian` command."""
    cli()
