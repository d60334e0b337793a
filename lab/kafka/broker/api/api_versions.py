"""ApiVersions (18): what this broker can be asked."""

from dataclasses import replace

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.apis import api_versions
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.api_versions import (
    ApiVersionsRequest,
    ApiVersionsResponse,
    FinalizedFeature,
)

LEGAL = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


@handles(ApiVersionsRequest)
def versions(broker: Broker, request: ApiVersionsRequest, context: RequestContext) -> ApiVersionsResponse:
    """What every broker says, and which features are on as far as this one has heard. A client that says who it is
    has to do so in letters and digits (KIP-511).
    """
    names = request.client_software_name, request.client_software_version
    if any(name is not None and not _legal(name) for name in names):
        return ApiVersionsResponse(ErrorCode.INVALID_REQUEST, ())
    return replace(
        api_versions(),
        supported_features=(("transaction.version", 0, 2),),
        finalized_features_epoch=broker.image.offset,
        finalized_features=(FinalizedFeature("transaction.version", broker.config.transaction_version, 0),),
    )


def _legal(name: str) -> bool:
    inner = name.strip("-.")
    return bool(name) and inner == name and all(sign in LEGAL or sign in "-." for sign in name)
