"""The keys below `phases`: rounds and matrices, and the phases of the kinds stall, talk and right."""

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from analysis.files.plan import IN_TURN, TOGETHER, TalkOrder
from analysis.files.request_record import CHAIN_PHASE, WARMUP_PHASE
from replay.scenario import limits
from replay.scenario.limits import Frozen, Name, Number, Whole


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


MOST_SIZES = 16
ListOf = Field(min_length=1, max_length=MOST_SIZES)
Users = Annotated[Whole, Field(ge=1, le=limits.USERS)]
Size = Annotated[Whole, Field(ge=16, le=limits.TOKENS)]
Several = Annotated[tuple[Users, ...], ListOf, BeforeValidator(_as_list)]
Sizes = Annotated[tuple[Size, ...], ListOf, BeforeValidator(_as_list)]
Words = Annotated[Whole, Field(ge=0, le=limits.TOKENS)]
KINDS: Final = ("burst", "matrix", "stall", "talk", "right")
MOST_TURNS, LEAST_TURNS = 100, 3  # a turn is judged from the third on
LEAST_PAIRS, MOST_PAIRS, LEAST_ANSWER = 8, 240, 8  # of `right`
MOST_ASKED = 1_600  # of `right`, and twice as many in two looks: there are 3,464 codes and as many decoys


class _Named(Frozen):
    """What every phase has."""

    name: Name
    targets: Annotated[tuple[str, ...], Field(min_length=1)] | None = None  # None: all of them

    @field_validator("name")
    @classmethod
    def _not_reserved(cls, name: str) -> str:
        if name in (WARMUP_PHASE, CHAIN_PHASE):
            raise ValueError(f"{name!r} is a part of every run; choose another name")
        return name


class Rounds(Frozen):
    """How many rounds a phase has; between them the analysis may stop at a look."""

    min: Annotated[Whole, Field(ge=1, le=limits.ROUNDS)]
    max: Annotated[Whole, Field(ge=1, le=limits.ROUNDS)]

    @model_validator(mode="before")
    @classmethod
    def _from_one_number(cls, data: Any) -> Any:
        return data if isinstance(data, dict | Rounds) else {"min": data, "max": data}

    @model_validator(mode="after")
    def _in_order(self) -> "Rounds":
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}; swap them")
        return self


class Phase(_Named):
    """One block of rounds: `users` requests leave together, `rounds` times; or every pair of targets."""

    kind: Literal["burst", "matrix"] = "burst"
    users: Annotated[Whole, Field(le=limits.USERS)]
    # twice the users, and again, up to so many, while all of them overlap
    grow_to: Annotated[Whole, Field(le=limits.USERS)] | None = None
    rounds: Rounds
    spacing_s: Annotated[Number, Field(ge=0, le=limits.SPACING_S)] = 0
    workers: Annotated[Whole, Field(ge=1, le=limits.USERS)] | None = None
    prompt_tokens: Size | None = None  # of random words in place of the target's message
    max_tokens: Annotated[Whole, Field(ge=1, le=limits.TOKENS)] | None = None  # in place of the request's

    @field_validator("kind", mode="before")
    @classmethod
    def _is_known(cls, kind: object) -> object:
        if kind not in KINDS:
            raise ValueError(f"must be one of {', '.join(KINDS)}, not {kind!r}")
        return kind

    @model_validator(mode="before")
    @classmethod
    def _a_pair_is_two(cls, data: Any) -> Any:
        is_matrix = isinstance(data, dict) and data.get("kind") == "matrix"
        return {"users": 2} | data if is_matrix else data

    @field_validator("users")
    @classmethod
    def _can_overlap(cls, users: int) -> int:
        if users < 2:
            raise ValueError(
                f"must be at least 2, not {users}: one request cannot overlap; write users: 2"
                " (each target is measured alone between the rounds anyway)"
            )
        return users

    @model_validator(mode="after")
    def _keys_fit_the_kind(self) -> "Phase":
        if self.kind == "matrix":
            given = {"users": self.users != 2, "grow_to": self.grow_to, "spacing_s": self.spacing_s}
            for key in [key for key, value in (given | {"workers": self.workers}).items() if value]:
                raise ValueError(f"{key!r} is not for kind: matrix, whose pairs are two users; take it out")
        if self.grow_to is not None and self.grow_to < 2 * self.users:
            raise ValueError(
                f"grow_to {self.grow_to} must be at least twice the {self.users} users; "
                "raise it or take it out"
            )
        return self


class PromptsPhase(_Named):
    """A phase about the prompts that people send; at most one of a kind in a run."""

    kind: str


class StallPhase(PromptsPhase):
    """What a long prompt does to answers that run."""

    kind: Literal["stall"]
    prompt_tokens: Sizes = (256, 1000, 4000)
    runners: Several | None = None  # None: one, and one less than the slots
    rounds: Annotated[Whole, Field(ge=1, le=limits.ROUNDS)] = 3
    newcomer: str | None = None  # the target of the long prompt; None: the same


class TalkPhase(PromptsPhase):
    """Whether conversations keep what the server has read, alone and beside others."""

    kind: Literal["talk"]
    users: Several | None = None  # None: two, as many as slots, one more, and doubled until they are lost
    turns: Annotated[Whole, Field(ge=LEAST_TURNS, le=MOST_TURNS)] = 4
    first_words: Annotated[Words, Field(ge=1)] = 300
    words: Annotated[Words, Field(ge=1)] = 25
    system_words: Words = 0
    order: Annotated[tuple[TalkOrder, ...], Field(min_length=1)] = (IN_TURN, TOGETHER)
    strangers: Annotated[Whole, Field(ge=0, le=MOST_TURNS)] = 0
    rounds: Annotated[Whole, Field(ge=1, le=limits.ROUNDS)] = 2


class RightPhase(PromptsPhase):
    """Whether answers are as right together as alone."""

    kind: Literal["right"]
    users: Several = (2, 3, 4, 8)
    pairs: Annotated[Whole, Field(ge=LEAST_PAIRS, le=MOST_PAIRS)] = 48
    max_tokens: Annotated[Whole, Field(ge=LEAST_ANSWER, le=limits.TOKENS)] = 24
    churn: bool = True
    hang_up: Annotated[Number, Field(ge=0, le=1)] = 0

    @model_validator(mode="after")
    def _codes_suffice(self) -> "RightPhase":
        if max(self.users) > self.pairs:
            raise ValueError(
                f"{max(self.users)} users at once need as many pairs, not {self.pairs}; raise pairs"
            )
        asked = self.pairs * 5 // 2  # alone, and the churn
        asked += sum(-(-self.pairs // users) * users for users in self.users)  # full rounds
        if asked > MOST_ASKED:
            text = f"{asked:,} requests, at most {MOST_ASKED:,}: each carries a code of its own"
            raise ValueError(f"{text}; take fewer pairs or fewer numbers of users")
        return self


ROUNDS_KIND: Final = "burst"
OF_KIND: Final[dict[str, type[PromptsPhase]]] = {"stall": StallPhase, "talk": TalkPhase, "right": RightPhase}


def _tag(data: Any) -> str:
    kind = data.get("kind") if isinstance(data, dict) else getattr(data, "kind", None)
    return kind if isinstance(kind, str) and kind in OF_KIND else ROUNDS_KIND


AnyPhase = Annotated[
    Annotated[Phase, Tag(ROUNDS_KIND)]
    | Annotated[StallPhase, Tag("stall")]
    | Annotated[TalkPhase, Tag("talk")]
    | Annotated[RightPhase, Tag("right")],
    Discriminator(_tag),
]
TAGS: Final = (ROUNDS_KIND, *OF_KIND)
_ALL: Final[tuple[type[Frozen], ...]] = (Phase, *OF_KIND.values())
KEYS_OF_PHASES: Final = tuple(dict.fromkeys(key for model in _ALL for key in model.model_fields))
