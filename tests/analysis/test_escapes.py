"""Text from outside stays text in a terminal, in Markdown and in a spreadsheet."""

import io
import json
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from rich.console import Console
from rich.text import Text

from analysis.console import printed
from analysis.escapes import for_cell, for_json, for_markdown, from_cell, visible, visible_in

NASTY = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[l](javascript:alert(1))"),
    *("![i](http://h/x)", "# H1", "> quoted", "- item", "1. item", "2) item", "a|b", "`code`", "**b**"),
    *("_i_", "~~s~~", "&lt;b&gt;", "[l]: http://h", "[l][m]", "<http://h>", "---", "===", "- - -", "a\\|b"),
    *("\\<b>", "x\n# H1", "\n\n<b>", "```"),
)
HARMLESS = re.compile(r"</?(?:p|ul|ol|li|em|strong|code|pre|blockquote|hr|br|h\d)(?: /)?>")
PLAIN_TOKENS = {"inline", "text", "paragraph_open", "paragraph_close", "softbreak", "text_special"}


@pytest.mark.parametrize("text", NASTY)
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(for_markdown(text))
    inner = [child for token in tokens for child in token.children or ()]
    assert {t.type for t in (*tokens, *inner)} <= PLAIN_TOKENS
    assert "".join(t.content for t in inner) == visible(text)


@given(st.text(), st.sampled_from(NASTY))
def test_no_text_makes_a_tag_or_a_link_in_markdown(text: str, nasty: str) -> None:
    for written in (text, text + nasty, nasty + text):
        html = MarkdownIt("commonmark").render(for_markdown(written))
        assert "<" not in HARMLESS.sub("", html), html


@given(st.text())
@example("=1")
@example("'=1")
@example("''-x")
@example(" +1")
def test_a_reader_undoes_what_a_cell_adds(text: str) -> None:
    assert from_cell(for_cell(text)) == text
    assert for_cell(text)[:1] not in ("=", "+", "-", "@")


@given(st.text())
def test_no_control_character_reaches_a_terminal(text: str) -> None:
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self) -> bool:
            return True

    def draw(console: Console) -> None:
        console.print(Text(f"\x1b]0;t\x07\x1b[2J{text}", "bold"))

    for stream in (Terminal(), io.StringIO()):
        written = printed(draw, stream).replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\n", "")
        assert visible(written) == written or "\x1b[" in text
        assert "\x1b]" not in written and "\x07" not in written and "\x1b[2J" not in written


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_stays_the_same_without_control_characters(document: object) -> None:
    written = for_json(json.dumps(document, indent=1, ensure_ascii=False))
    assert json.loads(written) == document
    assert all(c.isprintable() or c == "\n" for c in written)


def test_blanks_and_letters_of_all_languages_stay() -> None:
    for text in ("日　本", "naïve café", "a\u00a0b", "🏳"):
        assert visible(text) == text
    assert visible("\x1b\u202e\n\u200b\ud800") == "\\x1b\\u202e\\n\\u200b\\ud800"


def test_a_document_nested_without_end_is_refused() -> None:
    document: list = []
    for _ in range(500):
        document = [document]
    with pytest.raises(ValueError, match="nested more than 100 deep"):
        visible_in(document)
    assert visible_in({"a\x1b": ["\x07", 1, None]}) == {"a\\x1b": ["\\x07", 1, None]}
