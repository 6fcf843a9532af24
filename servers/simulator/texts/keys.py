"""The keys of a port whose answers have a text; without `knows` they are w0 w1 w2 …"""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError(f"must be a number, not {str(value).lower()}")
    return value


Share = Annotated[float, BeforeValidator(_no_bool), Field(ge=0, le=1)]
Whole = Annotated[int, BeforeValidator(_no_bool), Field(ge=1)]


class TextKeys(BaseModel):
    """Shares of the answers; the faults come only while `wrong_from` requests or more are open."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    knows: Share | None = None  # tells back the code that it is asked for
    knows_together: Share | None = None  # the same while `wrong_from` or more are open
    wrong_from: Whole = 1
    mixes_up: Share = 0.0  # answers what another open request has asked
    leaves_over: Share = 0.0  # answers what a request has asked that has ended
    garbles: Share = 0.0  # empty, with broken characters, or one piece again and again
    text_differs: Share = 0.0  # other words around the same code
