"""An address has one way to be written."""

import pytest

from analysis.errors import ScenarioError
from replay.scenario.base_url import normal_base_url


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("http://127.0.0.1:1234", "http://127.0.0.1:1234"),
        ("http://127.0.0.1:1234/", "http://127.0.0.1:1234"),
        ("http://127.0.0.1:1234/v1", "http://127.0.0.1:1234"),
        (" HTTP://Mac.local:1234/v1/ ", "http://mac.local:1234"),
        ("https://h:443/llm/v1", "https://h/llm"),
        ("http://h:80", "http://h"),
        ("http://[::1]:1234/v1", "http://[::1]:1234"),
    ],
)
def test_an_address_has_one_way_to_be_written(written: str, normal: str) -> None:
    assert normal_base_url(written) == normal
    assert normal_base_url(normal) == normal


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("10.0.0.5:1234", "'10.0.0.5:1234' has no scheme; write http://10.0.0.5:1234"),
        ("localhost:1234/v1", "'localhost:1234/v1' has no scheme; write http://localhost:1234"),
        ("ftp://h:1", "neither with http:// nor with https://"),
        ("http:h:1", "names no host"),
        ("http://", "names no host"),
        ("", "neither with http://"),
        ("http://h:0", "port 0"),
        ("http://h:65536", "cannot be read"),
        ("http://h:x", "cannot be read"),
        ("http://[::1", "cannot be read"),
        ("http://h:1\r\nX-Evil: 1", "control characters"),
        ("http://h:1/v1/chat/completions", "up to the port"),
        ("http://h:1?", "no '\\?' or '#'"),
    ],
)
def test_an_address_that_cannot_be_used_says_what_to_write(url: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message) as error:
        normal_base_url(url)
    assert "\n" not in str(error.value)
