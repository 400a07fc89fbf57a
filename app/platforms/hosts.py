"""Where a channel may point: no address that an administrator gives is called unless the operator allows its host."""

from app.platforms.errors import PlatformConfigurationError


def require_allowed(host: str, port: int, allowed: str, setting: str) -> None:
    """Raise PlatformConfigurationError unless `allowed` (`host` or `host:port`, separated by commas) names the host.

    A `host` without a port stands for every port of it. `setting` is the variable that the operator must change.
    """
    names = {name.strip().lower() for name in allowed.split(",")} - {""}
    if not {host.lower(), f"{host.lower()}:{port}"} & names:
        raise PlatformConfigurationError(
            "host_not_allowed", f"主机 {host[:100]}:{port} 不在允许的名单内，请系统管理人员将其加入 {setting}。"
        )


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, to which nothing needs to be encrypted."""
    return host.lower() in ("127.0.0.1", "localhost", "::1")
