"""SaslHandshake (17) and SaslAuthenticate (36), where nobody has to prove anything, or has done so.

Who must is kept at the door, outside the world (`lab/live/guard.py`): so no password ever stands in a journal.
"""

from lab.kafka.broker.broker import Broker
from lab.kafka.broker.context import RequestContext, handles
from lab.kafka.protocol.errors import ErrorCode
from lab.kafka.protocol.messages.sasl import (
    SaslAuthenticateRequest,
    SaslAuthenticateResponse,
    SaslHandshakeRequest,
    SaslHandshakeResponse,
)


@handles(SaslHandshakeRequest)
def handshake(broker: Broker, request: SaslHandshakeRequest, context: RequestContext) -> SaslHandshakeResponse:
    """Not now."""
    return SaslHandshakeResponse(ErrorCode.ILLEGAL_SASL_STATE)


@handles(SaslAuthenticateRequest)
def authenticate(broker: Broker, request: SaslAuthenticateRequest, context: RequestContext) -> SaslAuthenticateResponse:
    """Not now, either."""
    return SaslAuthenticateResponse(
        ErrorCode.ILLEGAL_SASL_STATE, "SaslAuthenticate request received after successful authentication"
    )
