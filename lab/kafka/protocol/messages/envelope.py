"""Envelope (58): an administrator's request that a broker hands to the controller, and what may come back instead."""

from dataclasses import dataclass

from lab.kafka.protocol.errors import ErrorCode


@dataclass(slots=True)
class EnvelopeResponse:
    """The request was not looked at: NOT_CONTROLLER, or REQUEST_TIMED_OUT where no controller was found.

    The request itself travels without an envelope here, and so does an answer to it.
    """

    error_code: ErrorCode
