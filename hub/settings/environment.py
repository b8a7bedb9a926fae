"""The environment: the few variables that stand above `hub.yaml`."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from hub.settings.problems import Problems, nearest

PREFIX = "HUB_"


class Environment(BaseSettings):
    """What the hub reads from its environment; an empty variable counts as absent.

    `config` is the installation folder and `api_key` the key that `hub follow` shows to a running hub; the others
    replace keys of `hub.yaml`. A relative `home` counts from the working directory.
    """

    model_config = SettingsConfigDict(frozen=True, env_prefix=PREFIX, env_ignore_empty=True)

    config: str | None = None
    api_key: str | None = None
    home: str | None = None
    log: str | None = None
    store: str | None = None
    keys: str | None = None
    listen: str | None = None

    @classmethod
    def settings_customise_sources(cls, *_: Any, **sources: Any) -> tuple[Any, ...]:
        """Take what the constructor is given and nothing else: `read_environment` says which environment."""
        return (sources["init_settings"],)

    @property
    def overrides(self) -> dict[str, str]:
        """The keys of `hub.yaml` that the environment replaces."""
        return self.model_dump(exclude={"config", "api_key"}, exclude_none=True)


class _Source(EnvSettingsSource):
    """The library's reader of variables, over an environment that is handed in."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        super().__init__(Environment)

    def _load_env_vars(self) -> Mapping[str, str]:
        return {name.lower(): value for name, value in self._environ.items() if value or not self.env_ignore_empty}


def read_environment(environ: Mapping[str, str]) -> Environment:
    """Read the variables that the hub knows."""
    return Environment(**_Source(environ)())


def check_names(environ: Mapping[str, str], referenced: set[str], problems: Problems) -> None:
    """Report variables that look like the hub's and are not.

    One that resembles a name of the hub is a problem, because it is likely meant to do something. Any other is a
    warning: Kubernetes sets `HUB_PORT` and the like for a service called hub.
    """
    known = {PREFIX + name.upper() for name in Environment.model_fields}
    short = [name.removeprefix(PREFIX) for name in known]
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in known or name in referenced:
            continue
        if get_close_matches(name.removeprefix(PREFIX), short, n=1, cutoff=0.75):
            problems.add(name, (), "no such variable" + nearest(name, known))
        else:
            problems.warn(name, (), "the hub has no such variable")
