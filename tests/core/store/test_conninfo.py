"""Connection strings of PostgreSQL, with the password taken out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.store import conninfo
from tests.support.expect import raises


@pytest.mark.parametrize(
    ("text", "public", "password"),
    [
        ("", "", ""),
        ("dbname=a", "dbname=a", ""),
        (" dbname = a  host= b ", "dbname=a host=b", ""),
        ("password=x dbname=a", "dbname=a", "x"),
        ("password='x y' dbname=a", "dbname=a", "x y"),
        (r"dbname='a b' password='it\'s \\'", "dbname='a b'", "it's \\"),
        (r"dbname=a\ b user=''", "dbname='a b' user=''", ""),
        ("postgresql://", "", ""),
        ("postgres://db/a", "host=db dbname=a", ""),
        ("postgresql://u:p%40q@db:5433/a", "host=db port=5433 dbname=a user=u", "p@q"),
        ("postgresql://u:p@a:1,b:2/d", "host=a,b port=1,2 dbname=d user=u", "p"),
        ("postgresql://a,b:2/d", "host=a,b port=,2 dbname=d", ""),
        ("postgresql://a:1,b/d", "host=a,b port=1, dbname=d", ""),
        ("postgresql://a,b/d", "host=a,b dbname=d", ""),
        ("postgresql://[::1]:5/d?sslmode=require", "host=::1 port=5 dbname=d sslmode=require", ""),
        ("postgresql:///d?host=/run/pg&password=p", "host=/run/pg dbname=d", "p"),
    ],
)
def test_the_password_is_taken_out(text: str, public: str, password: str) -> None:
    assert conninfo.without_password(conninfo.to_keywords(text)) == (public, password)


@given(st.dictionaries(st.sampled_from(["dbname", "host", "user", "password"]), st.text()))
def test_any_values_come_back(values: dict[str, str]) -> None:
    text = conninfo.to_keywords(
        " ".join(
            "{}='{}'".format(keyword, value.replace("\\", "\\\\").replace("'", "\\'"))
            for keyword, value in values.items()
        )
    )
    assert conninfo.to_keywords(text) == text
    assert conninfo.without_password(text)[1] == values.get("password", "")


@pytest.mark.parametrize("text", ["hunter2", "dbname=a hunter2", "password='hunter2", "='hunter2'"])
def test_what_cannot_be_read_is_not_repeated(text: str) -> None:
    with raises(
        BadInput,
        "SIGNWATCH_STORE: expected ducklake:postgres: and then keyword=value pairs "
        "(dbname=signwatch host=db user=...) or postgresql://..., and what came cannot be read "
        "(not repeated here: it may hold a password)",
    ):
        conninfo.to_keywords(text)
