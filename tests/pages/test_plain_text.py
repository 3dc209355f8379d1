"""Pages draw words of strangers as plain text: every text that Streamlit gets is looked at."""

from pathlib import Path

import pytest

from tests.support.plain_text import foreign_texts

PAGES = Path(__file__).parents[2] / "pages"


def found(folder: Path, code: str) -> list[str]:
    (folder / "page.py").write_text(code)
    return [f"{each.call} {each.text}" for each in foreign_texts(folder)]


def test_pages_draw_no_foreign_words() -> None:
    assert [str(each) for each in foreign_texts(PAGES)] == []


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("st.markdown(capture.source)", "markdown capture.source"),
        ("st.caption(f'from {source}')", "caption f'from {source}'"),
        ("st.caption(f'from {source:>10}')", "caption f'from {source:>10}'"),
        ("column.button('x', help=note)", "button note"),
        ("st.error(str(error))", "error str(error)"),
        ("st.toast('a' + name)", "toast 'a' + name"),
        ("st.tabs(['a', name])", "tabs ['a', name]"),
        ("st.info('x' if good else name)", "info 'x' if good else name"),
        ("st.caption(', '.join(names))", "caption ', '.join(names)"),
        ("st.image(x, caption=name)", "image name"),
        ("st.progress(0.5, text=name)", "progress name"),
        ("st.metric('x', 1, name)", "metric name"),
        ("st.table({'a': name})", "table {'a': name}"),
        ("st.pills('x', names)", "pills names"),
        ("st.pills('x', n, format_func=lambda n: n)", "pills lambda n: n"),
        ("st.column_config.TextColumn(name)", "TextColumn name"),
        ("name = plain('a')\nname = b\nst.markdown(name)", "markdown name"),
        ("def f(name: str):\n    st.markdown(name)", "markdown name"),
        ("def f(name: Markdown): ...\nf(source)", "f source"),
        ("def f(a, *, name: Markdown): ...\nf(1, name=source)", "f source"),
        ("def f() -> Markdown:\n    return source", "f source"),
        ("show = st.error", "error st.error"),
        ("for name in names:\n    st.markdown(name)", "markdown name"),
        (
            "parts = ['a']\nparts.append(b)\nst.markdown(' '.join(parts))",
            "markdown ' '.join(parts)",
        ),
        ("try: ...\nexcept E as error:\n    st.info(f'{error}')", "info f'{error}'"),
    ],
)
def test_words_of_unknown_origin_are_found(code: str, problem: str, tmp_path: Path) -> None:
    assert found(tmp_path, code) == [problem]


@pytest.mark.parametrize(
    "code",
    [
        "st.markdown('**Fixed**')",
        "st.markdown(f'{count:,} of {when:%Y-%m-%d} and {share:.1%}')",
        "st.markdown(f'{plain(source)} {class_name(k)}')",
        "st.caption(TEXTS[kind])",
        "st.caption(TEXTS.get(kind, 'other'))",
        "def f(count: int | None):\n    st.markdown(f'{count}')",
        "def f(name: Markdown):\n    st.markdown(name)",
        "def f() -> Markdown:\n    return plain(x)\nst.markdown(f())",
        "name = plain('a')\nst.markdown(name)",
        "st.markdown(' '.join(plain(each) for each in names))",
        "for title, value in (('a', x), ('b', y)):\n    st.caption(title)",
        "st.pills('x', n, format_func=lambda n: f'{n:,}')",
        "st.selectbox('x', names)",
        "st.code(name)",
        "current().lab.info(name)",
    ],
)
def test_own_words_and_numbers_pass(code: str, tmp_path: Path) -> None:
    assert found(tmp_path, code) == []
