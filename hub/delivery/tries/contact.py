"""What a try showed of the platform."""

from dataclasses import dataclass

from schemas.delivery import OutcomeClass

_REACHED = frozenset({OutcomeClass.DELIVERED, OutcomeClass.ALREADY_THERE, OutcomeClass.REFUSED_MESSAGE})


@dataclass(frozen=True, slots=True)
class Contact:
    """The last contact of a try; where there was none, None stands in its place, and nothing is known of the platform.

    `wait_s` is how long the platform asked to be left alone (Retry-After of RFC 9110, section 10.2.3); 0: it did not.
    """

    outcome: OutcomeClass
    wait_s: float = 0.0

    @property
    def reached(self) -> bool:
        """Whether the platform is well: it took something, or refused a message for its content."""
        return self.outcome in _REACHED


ANSWERED = Contact(OutcomeClass.ALREADY_THERE)
"""The contact of a platform that answered an inquiry: it is well."""
