"""ApiVersions (18): what this broker can be asked."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.apis import api_versions
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import ApiVersionsRequest, ApiVersionsResponse

LEGAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@handles(ApiVersionsRequest)
def versions(broker: Broker, request: ApiVersionsRequest, context: RequestContext) -> ApiVersionsResponse:
    """The same from every broker. A client that says who it is has to do so in letters and digits (KIP-511)."""
    names = request.client_software_name, request.client_software_version
    if any(names) and not all(_legal(name) for name in names):
        return api_versions(ErrorCode.INVALID_REQUEST)
    return api_versions()


def _legal(name: str) -> bool:
    inner = name.strip("-.")
    return bool(name) and inner == name and all(sign in LEGAL or sign in "-." for sign in name)
