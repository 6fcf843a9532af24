"""A small part of `make fuzz`, the same in every run: no reader raises, whatever others wrote."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from scripts.fuzz.__main__ import READERS, fuzz


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_a_reader_ends_well_whatever_it_is_given(reader: Callable[[st.DataObject], None]) -> None:
    fuzz(reader, 100, 1)
