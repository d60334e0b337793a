"""ByTopicId: requests that call topics by their ids, in the versions of each API that do (KIP-516)."""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import HANG_UP, NO_REPLY, PENDING, RequestContext, handles
from lab.kafka.broker.naming import Naming, with_names
from lab.kafka.protocol.messages.by_topic_id import ByTopicId


@handles(ByTopicId)
def by_topic_id(broker: Broker, body: ByTopicId, context: RequestContext) -> object:
    """As any other request, but for the names."""
    naming = Naming(broker.image)
    request = with_names(body.request, naming, broker.sessions)
    rephrased = broker.channels[context.sender].rephrased
    rephrased.append(naming)  # before: some handlers reply themselves
    answer = broker.answer(request, context)
    if answer is PENDING:
        return answer
    rephrased.pop()
    return answer if answer is NO_REPLY or answer is HANG_UP else naming.rephrase(answer)
