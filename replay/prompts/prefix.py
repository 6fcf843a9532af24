"""The prompts: each begins with its own prefix, all prefixes equally long."""

from collections.abc import Mapping, Sequence

PREFIX_DIGITS = 9  # three groups of three: every tokenizer in use splits them alike
STRIDE = 618_033_989  # coprime to 10**9: neighbours differ from the first digit on, none comes twice


def unique_prefix(seed: int, request_id: int) -> str:
    """Three groups of digits, no two requests of a run the same: no prompt cache can help."""
    digits = f"{(seed + request_id * STRIDE) % 10**PREFIX_DIGITS:0{PREFIX_DIGITS}d}"
    return f"[{digits[:3]} {digits[3:6]} {digits[6:]}]"


def prompt(message: str, seed: int, request_id: int) -> str:
    # careful: the prefix must stand first, caches reuse whatever two prompts begin with
    return f"{unique_prefix(seed, request_id)} {message}"


def texts_of(messages: Sequence[str], seed: int, request_id: int) -> tuple[str, ...]:
    """A text for each message: no two of a run are the same, so that no cache helps."""
    return tuple(prompt(f"{i:04d} {message}", seed, request_id) for i, message in enumerate(messages))


def request_of(seed: int, digits: str) -> int | None:
    """The request whose unique prefix has these nine digits; None if they are not nine.

    Of nine digits that nobody sent it gives a number that no run reaches.
    """
    if len(digits) != PREFIX_DIGITS or not digits.isdecimal():
        return None
    return int((int(digits) - seed) * pow(STRIDE, -1, 10**PREFIX_DIGITS) % 10**PREFIX_DIGITS)


def with_prefix(
    before: Sequence[Mapping[str, str]], seed: int, request_id: int
) -> tuple[dict[str, str], ...]:
    """The messages of a chat, the first one with the prefix of this request."""
    messages = [dict(message) for message in before]
    if messages:
        messages[0]["content"] = prompt(messages[0]["content"], seed, request_id)
    return tuple(messages)
