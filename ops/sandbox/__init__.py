"""Sandbox platforms: strict servers that speak the wire of the national platforms, misbehave on command and keep a
ledger of effects. They hold invented data only and say SANDBOX wherever they speak.
"""
