"""Everything that runs the hub: configuration, sandbox platforms, demonstration."""
