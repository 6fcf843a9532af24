"""What a program holds in memory: models, loaded on first use, and past prompts."""

from collections import deque
from collections.abc import Iterable, Sequence

from servers.queue_model.policy import Port
from servers.queue_model.slot_cache import SlotCache, common

MOST_SLOTS = 1000  # of a port without a limit


class Memory:
    """Of one port. The model used least recently makes room, unless a request still works with it."""

    def __init__(self, port: Port) -> None:
        self._port = port
        self._models: dict[str, float] = {}  # when each is or was loaded; used least recently first
        self._prompts: deque[tuple[str, Sequence[str]]] = deque(maxlen=port.cached_prompts)
        self._slots = _slots_of(port) if port.slot_choice else None

    def take(self, model: str, busy: Iterable[str], now_s: float) -> float | None:
        """When the model will be ready, loading it if need be; None if it must wait for the `busy` ones."""
        if model in self._models:
            ready_s = max(now_s, self._models.pop(model))
        else:
            used = set(busy) if len(self._models) >= self._port.models_in_memory else ()
            while len(self._models) >= self._port.models_in_memory:
                victim = next((m for m in self._models if m not in used), None)
                if victim is None:
                    return None
                del self._models[victim]
            ready_s = now_s + self._port.load_s
        self._models[model] = ready_s
        return ready_s

    def cached(self, request: int, model: str, prompt: Sequence[str]) -> float:
        """The share of the prompt that begins like a past one of that model: at most all but a word."""
        if not prompt:
            return 0.0
        if self._slots is not None:
            return self._slots.take(request, prompt)
        alike = max((common(prompt, past) for m, past in self._prompts if m == model), default=0)
        return min(alike, len(prompt) - 1) / len(prompt)

    def free(self, request: int) -> None:
        """It has ended, or its client has gone."""
        if self._slots is not None:
            self._slots.free(request)

    def remember(self, model: str, prompt: Sequence[str]) -> None:
        """After its prefill."""
        if prompt:
            self._prompts.append((model, prompt))


def _slots_of(port: Port) -> SlotCache:
    return SlotCache(int(min(port.slots, MOST_SLOTS)), port.slot_choice, port.similarity, port.host_cache)
