"""ByTopicId: requests that call topics by their ids, in the versions of each API that do (KIP-516)."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import HANDLERS, HANG_UP, NO_REPLY, PENDING, RequestContext, handles
from lab.kafka.broker.naming import Naming, with_names
from lab.kafka.protocol.messages.by_topic_id import ByTopicId


@handles(ByTopicId)
def by_topic_id(broker: Broker, body: ByTopicId, context: RequestContext) -> object:
    """As any other request, but for the names."""
    naming = Naming(broker.image)
    request = with_names(body.request, naming, broker.sessions)
    answer = HANDLERS[type(request)](broker, request, context)
    if answer is NO_REPLY or answer is HANG_UP:
        return answer
    if answer is PENDING:
        broker.channels[context.sender].rephrased = naming
        return answer
    return naming.with_ids(answer)
