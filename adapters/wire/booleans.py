"""Yes and no as platforms write them: each platform has its own pair of words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BooleanCodec:
    """One platform's pair of words."""

    yes: str
    no: str

    def write(self, value: bool) -> str:
        """Return the word."""
        return self.yes if value else self.no

    def read(self, word: object) -> bool:
        """Read a word, whatever its case, or the JSON value that stands for it. ValueError("boolean") for others."""
        if isinstance(word, bool):
            return word
        text = str(word).strip().casefold()
        if text == self.yes.casefold():
            return True
        if text == self.no.casefold():
            return False
        raise ValueError("boolean")


TRUE_FALSE = BooleanCodec("True", "False")
ONE_ZERO = BooleanCodec("1", "0")
YES_NO = BooleanCodec("Y", "N")
