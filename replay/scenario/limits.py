"""What one value may be: the types of the keys, and the most that each takes.

The maxima are far beyond what a measurement needs. They are there so that a slip of the keyboard is one line
instead of a machine without memory: they are checked before memory is taken, also under `--dry-run`.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from analysis.files.plan import MOST_ROUNDS, MOST_USERS

FILE_BYTES: Final = 2_000_000  # a scenario file; YAML takes a minute for ten times as much
DEPTH: Final = 50  # lists and mappings in each other
REQUESTS: Final = 1_000_000  # of a whole plan
USERS: Final = MOST_USERS  # of a phase, `grow_to` included
SIMULATED_USERS: Final = 900  # one process serves them, by select(), which knows 1,024 files
ROUNDS: Final = MOST_ROUNDS  # of a phase
TARGETS: Final = 256
PHASES: Final = 100
SERVERS: Final = 256
SLOTS: Final = 10_000  # of one server; threads too
TOKENS: Final = 1_000_000  # of one answer
TEXTS: Final = 2_048  # of one request for embeddings, as OpenAI takes at most
PROMPT_CHARS: Final = 1_000_000
NAME_CHARS: Final = 200  # they become columns, file names and headings
MODEL_CHARS: Final = 4_096  # a model may be named by its path
URL_CHARS: Final = 2_000
COMMAND_CHARS: Final = 20_000  # a command that starts a server
READY_S: Final = 7_200.0  # until that server answers
SPACING_S: Final = 3_600.0
TIMEOUT_S: Final = 86_400.0  # a day
BUDGET_S: Final = 604_800.0  # a week
PRICE: Final = 1_000_000_000.0  # of a machine, in any currency
CURRENCY_CHARS: Final = 8
YEARS: Final = 100.0
WATTS: Final = 1_000_000.0
SIMULATED_S: Final = 3_600.0  # a time of a simulated server


def _no_bool(value: object) -> object:
    if isinstance(value, bool):  # careful: pydantic reads `users: yes` as 1
        raise ValueError(f"must be a number, not {str(value).lower()}")
    return value


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("is blank; write some text or take the key out")
    if not is_writable(text):
        raise ValueError("holds a character that UTF-8 cannot write (a lone surrogate); take it out")
    return text


def _usable_name(name: str) -> str:
    """Names become rows of Locust (`PHASE/TARGET`), class names and lines of a report."""
    if not name.isprintable() or "/" in name or name != name.strip():
        raise ValueError("must be printable, without '/' and without blanks at its ends; rename it")
    if not any(c.isalnum() for c in name):
        raise ValueError("must hold a letter or a digit; rename it")
    return name


def is_writable(text: str) -> bool:
    """Whether UTF-8, and so JSON, HTTP and a CSV file, can hold the text."""
    return not any("\ud800" <= c <= "\udfff" for c in text)


Whole = Annotated[int, BeforeValidator(_no_bool)]
Number = Annotated[float, BeforeValidator(_no_bool)]
Text = Annotated[str, AfterValidator(_not_blank)]
Name = Annotated[str, Field(max_length=NAME_CHARS), AfterValidator(_usable_name)]
Model = Annotated[str, Field(max_length=MODEL_CHARS), AfterValidator(_not_blank)]
Prompt = Annotated[str, Field(max_length=PROMPT_CHARS), AfterValidator(_not_blank)]
Seconds = Annotated[Number, Field(gt=0, le=SIMULATED_S)]
Count = Annotated[Whole, Field(ge=1, le=SLOTS)]


class Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
