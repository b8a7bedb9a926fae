"""The ports of the sandboxes: those to which `hub init --sandbox` points a hub, and how to ask for others."""

from types import MappingProxyType

PORTS = MappingProxyType(
    {
        "portal": 18091,
        "portal-control": 18092,
        "population": 18093,
        "population-control": 18094,
        "emc": 18095,
        "emc-control": 18096,
    },
)
"""The ports by the name of their option, without `-port`."""

FREE_PORTS = tuple(word for name in PORTS for word in (f"--{name}-port", "0"))
"""The arguments of `python -m ops.sandbox` that let the system choose every port."""
