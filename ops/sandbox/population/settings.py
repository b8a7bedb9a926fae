"""What the sandbox population database expects. Whatever says "assumed" is not known of the real one."""

from pydantic import BaseModel, ConfigDict


class PopulationSettings(BaseModel):
    """Sandbox defaults; none of these values opens anything real."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    auth_url: str = "https://xacthuc.sandbox.example/validate"
    """`urlXacThuc`: never called, it only goes into the hash."""
    user: str = "hub-sandbox"
    secret: str = "SANDBOX-SECRET"
    api_key: str = "SANDBOX-API-KEY"
    client: str = "VN/GOV/000.00.00.H56/HUB-SANDBOX"
    """`X-Road-Client`."""

    path: str = "/037"
    """Assumed: the path of the service on the security server."""
    skew_max_s: float = 300.0
    """Assumed: how far the caller's clock may be off before 401."""
    refusal_status: int = 403
    """Assumed: HTTP status for a wrong `X-Road-Client` or `ApiKey`."""
    fault_status: int = 500
    """HTTP status of SOAP faults, after SOAP 1.1 section 6.2."""
    body_bytes_max: int = 64_000
    """Assumed."""
