"""The SOAP door: XML in, the same models and use cases as REST, XML out."""

from hub.ingress.soap.endpoint import PATH, soap_routes

__all__ = ["PATH", "soap_routes"]
