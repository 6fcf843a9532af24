"""What each slot of a port holds of past prompts, and which slot a prompt gets, as llama.cpp chooses it."""

from collections import deque
from collections.abc import Sequence
from typing import Final

SIMILARITY, AGE, STICKY = "similarity", "age", "sticky"
SLOT_CHOICES: Final = (SIMILARITY, AGE, STICKY)


class SlotCache:
    """State of one port. A prompt skips the prefill of what its slot or the host holds of its beginning."""

    def __init__(self, slots: int, choice: str, similarity: float, host: int) -> None:
        self._choice, self._similarity = choice, similarity
        self._held: list[Sequence[str]] = [()] * slots
        self._used = list(range(slots))  # the smallest was taken longest ago
        self._turn = slots
        self._busy: dict[int, int] = {}  # by request: its slot
        self._host: deque[Sequence[str]] = deque(maxlen=host)

    def take(self, request: int, prompt: Sequence[str]) -> float:
        """The share of the prompt that is there; the slot is busy until `free`. 0 if no slot is idle."""
        idle = [i for i in range(len(self._held)) if i not in self._busy.values()]
        if not idle or not prompt:
            return 0.0
        slot = self._chosen(idle, prompt)
        there = common(prompt, self._held[slot])
        if there < len(self._held[slot]):
            self._host.append(self._held[slot])  # it will be overwritten
        there = max([there, *(common(prompt, past) for past in self._host)])
        self._held[slot], self._used[slot] = prompt, self._turn
        self._turn += 1
        self._busy[request] = slot
        return min(there, len(prompt) - 1) / len(prompt)

    def free(self, request: int) -> None:
        self._busy.pop(request, None)

    def _chosen(self, idle: Sequence[int], prompt: Sequence[str]) -> int:
        oldest = min(idle, key=lambda i: self._used[i])
        if self._choice == AGE:
            return oldest
        alike = max(idle, key=lambda i: common(prompt, self._held[i]))
        there = common(prompt, self._held[alike])
        if self._choice == STICKY:
            return alike if there == len(self._held[alike]) > 0 else oldest
        return alike if there > self._similarity * len(prompt) else oldest


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """With how many equal words both begin."""
    differs = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(differs, min(len(one), len(other)))
