"""Finds adapters by the dotted path that the configuration names: the only way the hub reaches them."""

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from hub.errors import ConfigInvalid
from hub.ports import Adapter
from hub.settings.problems import nearest
from schemas.model import ConfigModel


@dataclass(frozen=True, slots=True)
class AdapterModule:
    """What an adapter's module offers: the model of its settings, and `build(config, clock, transport=None)`."""

    config: type[ConfigModel]
    build: Callable[..., Adapter]


def find_adapter(dotted: str) -> AdapterModule:
    """Import an adapter's module. ConfigInvalid with the reason when there is none, or when it is no adapter."""
    try:
        module = importlib.import_module(dotted)
    except ModuleNotFoundError as error:
        if error.name and (dotted == error.name or dotted.startswith(f"{error.name}.")):
            raise ConfigInvalid(f"there is no module '{dotted}'" + nearest(dotted, _neighbours(dotted))) from None
        raise ConfigInvalid(f"'{dotted}' needs the module '{error.name}', which is not installed") from None
    except ImportError as error:
        raise ConfigInvalid(f"'{dotted}' cannot be imported: it fails on '{error.name}'") from None
    config, build = getattr(module, "CONFIG", None), getattr(module, "build", None)
    if not (isinstance(config, type) and issubclass(config, ConfigModel) and callable(build)):
        raise ConfigInvalid(f"'{dotted}' is no adapter: it offers no CONFIG and build")
    return AdapterModule(config, build)


def _neighbours(dotted: str) -> list[str]:
    """Return the modules that do stand where this one was looked for, two levels deep."""
    parent = dotted.rpartition(".")[0]
    while parent:
        try:
            folder = importlib.import_module(parent).__path__
        except (ImportError, AttributeError):
            parent = parent.rpartition(".")[0]
            continue
        return [module.name for module in pkgutil.iter_modules(folder, f"{parent}.")]
    return [module.name for module in pkgutil.iter_modules() if module.ispkg]
