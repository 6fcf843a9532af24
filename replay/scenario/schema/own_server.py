"""A server that the run starts and stops itself: the keys below `servers`."""

from typing import Annotated, Any, Final, Literal

from pydantic import Field, model_validator

from replay.scenario import limits
from replay.scenario.limits import Count, Frozen, Model, Number, Seconds, Text, Whole

ONLY_FOR: Final = {  # keys of `servers` by their kind
    "simulator": ("policy", "ttft_s", "tpot_s", "speed", "farm"),
    "command": ("command", "ready_within_s"),
    "llamacpp": ("oversubscribe",),
}


class OwnServer(Frozen):
    """A server that the run starts and stops itself."""

    kind: Literal["llamacpp", "simulator", "command"]
    port: Annotated[Whole, Field(ge=0, le=65535)] = 0  # 0: a free one
    slots: Count = 1
    threads: Count = 1
    model: Model | None = None
    oversubscribe: bool = False  # more threads in all than cores
    command: Annotated[str, Field(max_length=limits.COMMAND_CHARS)] | None = None
    ready_within_s: Annotated[Number, Field(gt=0, le=limits.READY_S)] | None = None
    policy: Text | None = None
    ttft_s: Seconds | None = None
    tpot_s: Annotated[Number, Field(ge=0, le=limits.SIMULATED_S)] | None = None
    speed: Annotated[Number, Field(gt=0)] | None = None
    farm: Text | dict[str, Any] | None = None  # its keys, or its file's path from the scenario's folder

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "OwnServer":
        for kind, keys in ONLY_FOR.items():
            strange = [key for key in keys if key in self.model_fields_set]
            if self.kind != kind and strange:
                raise ValueError(f"{strange[0]} is for kind: {kind}; take it out or change the kind")
        if self.farm and (beside := sorted(self.model_fields_set - {"kind", "farm"})):
            raise ValueError(f"{beside[0]} belongs into the farm; take it out here")
        return self

    @model_validator(mode="after")
    def _command_says_all(self) -> "OwnServer":
        if self.kind != "command":
            return self
        if self.command is None:
            raise ValueError("has no command; write e.g. `command: llama-server -m X.gguf --port {port}`")
        if not self.port and "{port}" not in self.command:
            raise ValueError("its command has no {port}; write it there, or give the port it listens at")
        for key in ("slots", "threads", "model"):
            if key in self.model_fields_set and f"{{{key}}}" not in self.command:
                raise ValueError(f"{key} is not in its command; write {{{key}}} there, or take it out")
        return self
