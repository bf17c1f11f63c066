"""Errors that a user or a client can meet, each with a stable code."""

from typing import ClassVar


class BridgeError(Exception):
    """Base of all errors with a code; the text is one sentence for people."""

    code: ClassVar[str] = "internal"
    retry: ClassVar[bool] = False


class ConfigError(BridgeError):
    """The configuration is wrong; the text names file, section and key."""

    code = "config"


class NotReachableError(BridgeError):
    """A neighbour (Asterisk, groupware, database) did not answer in time or at all."""

    code = "unavailable"
    retry = True


class RefusedError(BridgeError):
    """A neighbour answered, and the answer was no."""

    code = "refused"


class BadRequestError(BridgeError):
    """The request is not of the form it must have."""

    code = "bad_request"


class UnknownOpError(BridgeError):
    """The operation does not exist."""

    code = "unknown_op"


class UnauthorisedError(BridgeError):
    """Nobody is signed in, or the token is wrong, expired or revoked."""

    code = "unauthorised"


class NotAllowedError(BridgeError):
    """The person is known and may not do this."""

    code = "not_allowed"


class NotFoundError(BridgeError):
    """The thing does not exist, or not for this person."""

    code = "not_found"


class GoneError(BridgeError):
    """The thing existed and is over."""

    code = "gone"


class BusyError(BridgeError):
    """The thing is in use."""

    code = "busy"


class LateError(BridgeError):
    """It was begun, and nobody knows yet whether it was done."""

    code = "timeout"
    retry = True


class UnconfirmedError(BridgeError):
    """It is done only where the person has confirmed that it is meant."""

    code = "unconfirmed"


class RateLimitedError(BridgeError):
    """Too often; try again after `retry_after` seconds."""

    code = "rate_limited"
    retry = True

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
