import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from digitization.snippets import is_hit, snippet


def shown(text: str, query: str) -> str:
    return "".join(f"[{p.text}]" if p.hit else p.text for p in snippet(text, query))


def test_hits_are_marked_in_the_text_as_written() -> None:
    assert shown("Đồng chí Nguyễn Văn An", "nguyen an") == "Đồng chí [Nguyễn] Văn [An]"
    assert shown("Hoà bình", "hòa") == "[Hoà] bình"


def test_the_last_word_may_be_a_beginning() -> None:
    assert is_hit("Nguyễn", ["ngu"])
    assert not is_hit("Nguyễn", ["ngu", "van"])


def test_decomposed_text_is_found_too() -> None:
    text = unicodedata.normalize("NFD", "Trần Thị Bình")
    assert any(piece.hit for piece in snippet(text, "binh"))


def test_a_long_text_is_cut_around_where_the_hits_are_dense() -> None:
    text = "An " + "x " * 400 + "Nguyễn Văn An " + "y " * 400
    assert "[Nguyễn] [Văn] [An]" in shown(text, "nguyen van an")
    assert len(shown(text, "nguyen van an")) < 400


@given(st.text(), st.text())
def test_nothing_breaks_it(text: str, query: str) -> None:
    assert all(piece.text for piece in snippet(text, query))
