"""The platforms: each speaks one wire format and knows only ports, errors and schemas."""
