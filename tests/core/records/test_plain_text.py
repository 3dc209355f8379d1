"""Words of strangers: what markup would take them for is escaped, what is not seen is shown."""

import pytest

from core.records.plain_text import common_mark, html, message, plain, short, table_field, visible


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("14 Stop, 80.5 % of 1,540 (12:30:05 UTC): high", None),
        ("snake_case.png of data/samples", None),
        ("99 (no sign of ours)", None),
        ("![s](x) [a](y)", r"!\[s\](x) \[a\](y)"),
        ("**b** _i_ ~~s~~ `c` $x$", r"\*\*b\*\* \_i\_ \~\~s\~\~ \`c\` \$x\$"),
        ("<img src=x> <!-- --> </b> 1 < 2", r"\<img src=x> \<!-- --> \</b> 1 < 2"),
        ("&lt; &#65; A&B A & B", r"\&lt; \&#65; A\&B A & B"),
        ("C:\\x", r"C\:\\x"),
        (":red[x] :name a:b", r"\:red\[x\] \:name a\:b"),
        ("ends:", r"ends\:"),
        ("ends!", r"ends\!"),
        ("ends<", r"ends\<"),
        ("# head", r"\# head"),
        ("> quote", r"\> quote"),
        ("(x)", r"\(x)"),
        ("1. one", r"1\. one"),
        ("12) one", r"12\) one"),
        ("1.5 one", None),
        ("a|b", r"a\|b"),
        (":smile:", r":color[\:]smile\:"),
        ("x::+1:", r"x:color[\:]:color[\:]+1\:"),
        (":material/home:", r":color[\:]material/home\:"),
        (":streamlit:", r":color[\:]streamlit\:"),
        ("http://x HTTPS://x", r":color[h]ttp\://x :color[H]TTPS\://x"),
        ("from:http://x", r"from:color[\:]:color[h]ttp\://x"),
        ("www.x.org", ":color[w]ww.x.org"),
        ("ann@example.org", r"ann:color[\@]example.org"),
        ("a -> b <- c <-> d", r"a :color[\-]> b :color[\<]- c :color[\<]:color[\-]> d"),
        ("a -- b >= c ~= d, e--f", r"a :color[\-]- b :color[\>]= c :color[\~]= d, e--f"),
        ("two\nlines", r"two\\nlines"),
        ("  spaces  ", "spaces"),
    ],
)
def test_markdown_draws_the_very_words(text: str, drawn: str | None) -> None:
    assert plain(text) == (text if drawn is None else drawn)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Größe 14 · “é” 停", None),
        ("a\x00\x1b[31m\x7f\r\t", r"a\x00\x1b[31m\x7f\r\t"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("zero\u200bwidth\ufeff\u2066", r"zero\u200bwidth\ufeff\u2066"),
        ("soft\u00adhyphen", r"soft\xadhyphen"),
        ("tag\U000e0041", r"tag\U000e0041"),
        ("filler\u3164", r"filler\u3164"),
        ("half \ud83d", r"half \ud83d"),
        ("line\u2028end", r"line\u2028end"),
    ],
)
def test_what_nobody_sees_is_shown(text: str, shown: str | None) -> None:
    assert visible(text) == (text if shown is None else shown)


def test_a_page_of_html_and_a_chart_know_no_tag() -> None:
    assert html("<a href='//x'>\u202e</a> & b") == (
        "&lt;a href=&#x27;//x&#x27;&gt;\\u202e&lt;/a&gt; &amp; b"
    )


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1", "@x", " =1", "\uff1d1"])
def test_no_spreadsheet_computes_a_field(text: str) -> None:
    assert table_field(text) == f"'{text}"


@pytest.mark.parametrize("text", ["cam 1", "a=b", "1-2", "", "'=1"])
def test_other_fields_stay(text: str) -> None:
    assert table_field(text) == text


def test_a_field_shows_what_nobody_sees() -> None:
    assert table_field("\t=1") == r"\t=1"


@pytest.mark.parametrize(
    ("text", "cut"),
    [("abcde", "abcde"), ("abcdef", "abcd…"), ("abc def", "abc…")],
)
def test_long_words_are_cut(text: str, cut: str) -> None:
    assert short(text, 5) == cut


def test_a_document_of_markdown_has_no_directives_of_streamlit() -> None:
    assert common_mark("[a](http://x) :smile: 1. | -> b") == (
        r"\[a\](http\://x) \:smile: 1. \| -> b"
    )


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("`low` must be in 0..9, got `x_y*`", None),
        ("got `a` ![s](x) `b`", r"got `a` !\[s\](x) `b`"),
        ("one ` alone, *b*", r"one \` alone, \*b\*"),
        ("``two`` `` ` ", r"\`\`two\`\` \`\` \` "),
        ("`a\nb`", r"`a\nb`"),
        ("` `", r"\` \`"),
        ("got `` ` ![s](x) ` ``", r"got \`\` ` ![s](x) ` \`\`"),
    ],
)
def test_a_sentence_keeps_its_code_and_nothing_else(text: str, drawn: str | None) -> None:
    assert message(text) == (text if drawn is None else drawn)
