"""ListOffsets (2): earliest, latest, the youngest record, or the first one at least so young."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.list_offsets import ListedOffset, ListOffsetsRequest, ListOffsetsResponse


@handles(ListOffsetsRequest)
def list_offsets(broker: Broker, request: ListOffsetsRequest, context: RequestContext) -> ListOffsetsResponse:
    """Answered by the leader of each partition."""
    if not request.isolation_level.known:
        wrong = ListedOffset(ErrorCode.UNKNOWN_SERVER_ERROR)
        return ListOffsetsResponse(dict.fromkeys(request.partitions, wrong))
    return broker.fetching.list_offsets(broker, request)
