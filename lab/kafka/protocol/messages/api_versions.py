"""ApiVersions (18): what a broker can be asked, and in which versions; the first request on each connection."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.schema import ERROR, INT16, INT64, STRING, THROTTLE, Array, api, message, struct, unused, wire


@dataclass(slots=True)
class ApiVersionsRequest:
    """Who the client is; None: it does not say so yet."""

    client_software_name: str | None = None
    client_software_version: str | None = None


@dataclass(slots=True)
class FinalizedFeature:
    """A feature of the cluster, and the level at which it is."""

    name: str
    max_version_level: int
    min_version_level: int


@dataclass(slots=True)
class ApiVersionsResponse:
    """(API key, lowest and highest version) of each. In version 0 also the answer to a version that is not known."""

    error_code: ErrorCode
    api_keys: tuple[tuple[int, int, int], ...]
    supported_features: tuple[tuple[str, int, int], ...] = ()
    finalized_features_epoch: int = -1
    finalized_features: tuple[FinalizedFeature, ...] = ()


_KEY = struct(None, wire("api_key", INT16), wire("min_version", INT16), wire("max_version", INT16))
_SUPPORTED = struct(None, wire("name", STRING), wire("min_version", INT16), wire("max_version", INT16))
_FINALIZED = struct(
    FinalizedFeature, wire("name", STRING), wire("max_version_level", INT16), wire("min_version_level", INT16)
)
_VERSIONS = (
    wire("error_code", ERROR),
    wire("api_keys", Array(_KEY)),
    unused("throttle_time_ms", THROTTLE.kind, 0, "1+"),
    wire("supported_features", Array(_SUPPORTED), "3+", tag=0, default=()),
    wire("finalized_features_epoch", INT64, "3+", tag=1, default=-1),
    wire("finalized_features", Array(_FINALIZED), "3+", tag=2, default=()),
)


def _without_new_features(answer: ApiVersionsResponse) -> tuple[object, ...]:
    """Clients before version 4 take a feature that begins at 0 for nonsense (KIP-1022)."""
    supported = tuple(one for one in answer.supported_features if one[1] > 0)
    epoch, finalized = answer.finalized_features_epoch, answer.finalized_features
    return answer.error_code, answer.api_keys, supported, epoch, finalized


API_VERSIONS = api(
    18, "ApiVersions", "0-4", 3,
    message(
        ApiVersionsRequest,
        wire("client_software_name", STRING, "3+"),
        wire("client_software_version", STRING, "3+"),
    ),
    (
        message(ApiVersionsResponse, *_VERSIONS, versions="0-3", parts=_without_new_features),
        message(ApiVersionsResponse, *_VERSIONS, versions="4+"),
    ),
)  # fmt: skip
