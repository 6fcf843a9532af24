"""What a scenario asks of whom: the keys of targets, request and the file as a whole."""

import re
from typing import Annotated, Any, Final, Literal

from pydantic import Field, field_validator, model_validator

from analysis.errors import ScenarioError
from replay.plan.how_many.settings import HowManySettings
from replay.scenario import limits
from replay.scenario.base_url import name_of_url, normal_base_url
from replay.scenario.limits import Frozen, Model, Name, Number, Prompt, Text, Whole
from replay.scenario.schema.own_server import OwnServer
from replay.scenario.schema.phase import KEYS_OF_PHASES, AnyPhase, Phase, PromptsPhase, Rounds
from replay.server_kinds import SERVER_KINDS

DEFAULT_TEST_MESSAGE: Final = "Write a very long story about the sea and its ships, day after day."
# What portlap itself puts into every request; `extra` would silently change the measurement.
OUR_OWN: Final = {
    "model": "write it as the target's `model`",
    "max_tokens": "write it as `request.max_tokens`",
    "temperature": "write it as `request.temperature`",
    "messages": "write the prompt as the target's `test_message`",
    "input": "write the number of texts as `request.embeddings`, the text as the target's `test_message`",
    "stream": "take it out: every answer is streamed",
    "stream_options": "take it out: usage is asked for where the server knows it",
}


class Target(Frozen):
    """One port and model that users are pinned to.

    Where the run starts the server, `model_copy(update={"base_url": …})` adds its address.
    """

    name: Name = ""  # if left out: host:port, or `server N`
    base_url: Annotated[str, Field(max_length=limits.URL_CHARS)] | None = None
    server: Annotated[Whole, Field(ge=0)] | None = None  # which of the scenario's `servers`, from 0
    model: Model | None = None  # None: the one that is loaded
    answers_as: Model | None = None  # the other name under which its answers come
    kind: Text | None = None  # of its server; None: found by asking
    test_message: Prompt = DEFAULT_TEST_MESSAGE
    messages_file: Text | None = None  # of its own prompts or chats; its path from the scenario's folder
    api_key_env: str | None = None  # the NAME of the variable; keys themselves are in no file
    before: tuple[dict[str, str], ...] = ()  # no key: messages before the last one, of `messages_file`

    @model_validator(mode="before")
    @classmethod
    def _name_by_default(cls, data: Any) -> Any:
        if not isinstance(data, dict) or data.get("name") is not None:
            return data
        url = data.get("base_url")
        return data | {"name": name_of_url(url) if url else f"server {data.get('server')}"}

    @field_validator("base_url")
    @classmethod
    def _base_url_is_normal(cls, url: str | None) -> str | None:
        try:
            return None if url is None else normal_base_url(url)
        except ScenarioError as error:
            raise ValueError(str(error)) from None

    @field_validator("kind")
    @classmethod
    def _is_known(cls, kind: str | None) -> str | None:
        if kind is not None and kind not in SERVER_KINDS:
            raise ValueError(f"must be one of {', '.join(SERVER_KINDS)}; or omit it: portlap recognises it")
        return kind

    @field_validator("api_key_env")
    @classmethod
    def _is_a_variable(cls, name: str | None) -> str | None:
        if name is not None and not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError("must be the NAME of an environment variable, as in MY_KEY; no key here")
        return name

    @property
    def own_message(self) -> str | None:
        """The text that the scenario itself states; None where it leaves it to us."""
        return None if self.test_message == DEFAULT_TEST_MESSAGE else self.test_message

    @model_validator(mode="after")
    def _one_address(self) -> "Target":
        if self.messages_file is not None and "test_message" in self.model_fields_set:
            raise ValueError("has both test_message and messages_file; keep one of them")
        if (self.base_url is None) == (self.server is None):
            both = "neither" if self.server is None else "both"
            raise ValueError(f"has {both} of base_url and server; give exactly one of them")
        return self


class RequestSettings(Frozen):
    """What every request asks for; `auto` lets the warm-up choose a length of about 2 s.

    With `embeddings` it asks for that many vectors, one for each text, in place of an answer of tokens.
    """

    max_tokens: int | Literal["auto"] = "auto"
    embeddings: Annotated[Whole, Field(ge=1, le=limits.TEXTS)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=100)] = 0
    timeout_s: Annotated[Number, Field(gt=0, le=limits.TIMEOUT_S)] = 600
    extra: dict[str, Any] = Field(default_factory=dict)

    @field_validator("max_tokens", mode="before")
    @classmethod
    def _auto_or_count(cls, value: object) -> object:
        text = str(value).strip()
        if text == "auto":
            return text
        if (
            isinstance(value, bool)
            or not re.fullmatch(r"\d{1,9}", text, re.ASCII)
            or not 2 <= int(text) <= limits.TOKENS
        ):
            # one token has no decode time, and nothing could overlap
            raise ValueError(f"must be 'auto' or a whole number from 2 to {limits.TOKENS:,}")
        return int(text)

    @field_validator("extra")
    @classmethod
    def _nothing_of_our_own(cls, extra: dict[str, Any]) -> dict[str, Any]:
        for key, remedy in OUR_OWN.items():
            if key in extra:
                raise ValueError(f"{key!r} is not for extra; {remedy}")
        return extra

    @property
    def length(self) -> int | Literal["auto"]:
        """How much a request asks for: tokens, or vectors."""
        return self.max_tokens if self.embeddings is None else self.embeddings

    @model_validator(mode="after")
    def _chats_or_embeddings(self) -> "RequestSettings":
        chats = [key for key in ("max_tokens", "temperature") if key in self.model_fields_set]
        if self.embeddings is not None and chats:
            raise ValueError(f"has {chats[0]} beside embeddings, which have none; take one of them out")
        return self


class Costs(Frozen):
    """What one machine costs, for the report."""

    machine: Annotated[Number, Field(gt=0, le=limits.PRICE)]
    currency: Annotated[str, Field(min_length=1, max_length=limits.CURRENCY_CHARS)] = "$"
    years: Annotated[Number, Field(gt=0, le=limits.YEARS)] = 3
    watts: Annotated[Number, Field(gt=0, le=limits.WATTS)] | None = None
    per_kwh: Annotated[Number, Field(gt=0, le=limits.PRICE)] | None = None

    @model_validator(mode="after")
    def _energy_has_both(self) -> "Costs":
        if (self.watts is None) != (self.per_kwh is None):
            raise ValueError("has only one of watts and per_kwh; energy needs both, or neither")
        return self


class Scenario(Frozen):
    """Everything a run sends. `raw` is the file before `${…}` is filled, for the manifest."""

    name: Text
    targets: Annotated[tuple[Target, ...], Field(min_length=1, max_length=limits.TARGETS)]
    request: RequestSettings = RequestSettings()
    phases: Annotated[tuple[AnyPhase, ...], Field(min_length=1, max_length=limits.PHASES)]
    budget_s: Annotated[Number, Field(ge=0, le=limits.BUDGET_S)] = 150  # 0: no limit
    servers: Annotated[tuple[OwnServer, ...], Field(max_length=limits.SERVERS)] = ()
    how_many: HowManySettings = HowManySettings()  # for --how-many; the phases are left out then
    costs: Costs | None = None
    time_scale: Annotated[Number, Field(gt=0, le=1)] = 1  # seconds here per second of simulated servers
    raw: dict[str, Any] = Field(default_factory=dict)

    @property
    def bursts(self) -> tuple[Phase, ...]:
        """The phases that are rounds, and matrices of them."""
        return tuple(p for p in self.phases if isinstance(p, Phase))

    @property
    def prompts(self) -> tuple[PromptsPhase, ...]:
        """The phases of the kinds stall, talk and right."""
        return tuple(p for p in self.phases if isinstance(p, PromptsPhase))


_MODELS: Final[dict[str, type[Frozen]]] = {
    "targets": Target, "request": RequestSettings, "rounds": Rounds, "servers": OwnServer,
    "how_many": HowManySettings, "costs": Costs,
}  # fmt: skip
KEYS: Final = (
    {"": tuple(key for key in Scenario.model_fields if key != "raw")}
    | {  # below each key
        key: tuple(field for field in model.model_fields if field != "before")
        for key, model in _MODELS.items()
    }
    | {"phases": KEYS_OF_PHASES}
)
