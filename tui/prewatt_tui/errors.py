"""Errors between the terminal and the platform, by the way out.

TerminalError           root of everything this package raises on purpose
    BadAddress          the address cannot be one of a platform
    Unreachable         nobody answers there, so nothing was sent
        NoAnswer        the request left, no answer came: whether it was carried out is not known
    NotThePlatform      somebody answers, but not as the platform does
    Refused             the platform does not take the request (sign-in, permission, limits, malformed)
        SignedOut       the session is over: sign in again
    Declined            the platform took the request and says no; carries each reason
    SecondPersonNeeded  the platform recorded the request; another operator has to agree
    BadInput            what was typed cannot be meant; nothing was sent
"""

from dataclasses import dataclass

from prewatt_tui.language import tr


class TerminalError(Exception):
    """Root of everything this package raises on purpose."""


class BadAddress(TerminalError):
    """An address that no platform can have."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__(f"{url!r} is not an address: it looks like http://127.0.0.1:8000")


class Unreachable(TerminalError):
    """No connection to `url`; the request was not sent."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(tr("nobody answers at {url}: {reason}", url=url, reason=reason))


class NoAnswer(Unreachable):
    """The request to `url` left and no answer came: it may or may not have been carried out."""


class NotThePlatform(TerminalError):
    """The server at `url` is not a prewatt platform."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(tr("{url} is not a prewatt platform: {reason}", url=url, reason=reason))


class Refused(TerminalError):
    """The platform refuses a whole request: `code` for programs, the message for people."""

    def __init__(self, code: str, message: str, request_id: str | None) -> None:
        self.code = code
        self.request_id = request_id
        super().__init__(
            message
            if request_id is None
            else tr("{message} (request {request_id})", message=message, request_id=request_id)
        )


class SignedOut(Refused):
    """The token is not valid any more."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of the platform for saying no."""

    code: str
    message: str
    path: tuple[str, ...]


class Declined(TerminalError):
    """The platform refused the request; `reasons` is never empty."""

    def __init__(self, reasons: tuple[Reason, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(reason.message for reason in reasons))

    @property
    def codes(self) -> frozenset[str]:
        """The codes of all reasons."""
        return frozenset(reason.code for reason in self.reasons)


class SecondPersonNeeded(TerminalError):
    """The request is recorded as a proposal; nothing is carried out until another operator agrees."""

    def __init__(self) -> None:
        super().__init__(tr("it waits for a second person: another operator makes the same request to agree"))


class BadInput(TerminalError):
    """The operator typed something that cannot be meant; the message says what would be right."""
