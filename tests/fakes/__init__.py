"""Fakes of the ports, each as small as it can be."""
