"""The contract of the SOAP door: `hub.wsdl`, `hub.xsd` and `problem.xsd` are the source, served as they are."""
