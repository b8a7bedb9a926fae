"""Read models that say what a test told them."""

from schemas.timeline import Overview, Timeline


class MemoryReadModels:
    """The `ReadModels` port over a dictionary of timelines."""

    def __init__(self) -> None:
        self.timelines: dict[str, Timeline] = {}
        self.numbers = Overview(accepted=0, platforms=())
        self.overviews_read = 0

    async def overview(self) -> Overview:
        """As the port; how often it was asked is counted."""
        self.overviews_read += 1
        return self.numbers

    async def timeline(self, ordering_key: str) -> Timeline | None:
        """As the port."""
        return self.timelines.get(ordering_key)

    async def first_offset(self, message_id: str) -> int | None:
        """As the port; nothing is projected from a log here."""
        return None

    async def sender_of(self, message_id: str) -> tuple[str, str] | None:
        """As the port."""
        for ordering_key, timeline in self.timelines.items():
            for line in timeline.messages:
                if line.message_id == message_id:
                    return line.sender_agency, ordering_key
        return None
