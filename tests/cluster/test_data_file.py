"""Data files from outside: good rows, bad rows, and files that mean harm."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from lab.cluster import data_file
from lab.cluster.data_file import BadRow, DataRow, locate, read_rows
from lab.cluster.refused import Refused
from lab.cluster.spec import DataSpec

SECOND = 1_000_000
CSV = DataSpec("f.csv", key="id", value="text", timestamp="at")
JSON = DataSpec("f.jsonl", key="id", value="text", timestamp="at")


def written(folder: Path, content: str | bytes, name: str = "f.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(spec: DataSpec, path: Path) -> str:
    """The sentence; it is one, and short enough to be read."""
    with pytest.raises(Refused) as refused:
        read_rows(spec, path)
    said = str(refused.value)
    assert path.name in said
    assert "\n" not in said
    assert len(said) < 400
    return said


# --- what is good ---------------------------------------------------------------------------------


def test_csv_rows_come_in_order_of_time_and_from_zero(tmp_path: Path):
    path = written(tmp_path, "at,id,text\n1700000010,b,two\n1700000000,a,one\n")
    assert read_rows(CSV, path) == ((DataRow(0, b"a", b"one"), DataRow(10 * SECOND, b"b", b"two")), ())


def test_json_lines_say_the_same(tmp_path: Path):
    lines = '{"at": 1700000010, "id": "b", "text": "two"}\n\n{"at": "1700000000", "id": "a", "text": "one"}\n'
    rows, bad = read_rows(JSON, written(tmp_path, lines, "f.jsonl"))
    assert rows == (DataRow(0, b"a", b"one"), DataRow(10 * SECOND, b"b", b"two"))
    assert bad == ()


def test_without_columns_the_whole_row_is_the_value_and_all_come_at_once(tmp_path: Path):
    rows, _ = read_rows(DataSpec("f.csv"), written(tmp_path, "a,b\n1,ä\n2,y\n"))
    assert rows == (DataRow(0, None, '{"a":"1","b":"ä"}'.encode()), DataRow(0, None, b'{"a":"2","b":"y"}'))


@pytest.mark.parametrize(
    "stamp",
    ["1700000000", "1700000000000", "2023-11-14T22:13:20Z", "2023-11-14T22:13:20", "2023-11-14 23:13:20+01:00",
     " 1700000000 ", "2023-11-14T22:13:20.000000+00:00"],
)  # fmt: skip
def test_a_date_may_be_seconds_milliseconds_or_iso_8601(tmp_path: Path, stamp: str):
    path = written(tmp_path, f"at,id,text\n1699999999,a,before\n{stamp},b,then\n")
    rows, _ = read_rows(CSV, path)
    assert rows[1].at == SECOND


def test_null_is_no_key_and_what_is_no_text_is_json(tmp_path: Path):
    lines = '{"at": 1, "id": null, "text": {"n": [1, true]}}\n{"at": 2, "id": 7, "text": null}\n'
    rows, _ = read_rows(JSON, written(tmp_path, lines, "f.jsonl"))
    assert [(one.key, one.value) for one in rows] == [(None, b'{"n":[1,true]}'), (b"7", b"null")]


def test_a_mark_at_the_beginning_and_an_ending_in_capitals_do_no_harm(tmp_path: Path):
    path = written(tmp_path, b"\xef\xbb\xbfat,id,text\r\n1,a,one\r\n", "F.CSV")
    assert read_rows(CSV, path) == ((DataRow(0, b"a", b"one"),), ())


def test_a_quoted_field_may_hold_lines_and_commas(tmp_path: Path):
    rows, _ = read_rows(CSV, written(tmp_path, 'at,id,text\n1,a,"one, and\nanother"\n'))
    assert rows[0].value == b"one, and\nanother"


# --- what is bad ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1,a", "line 3: wanted 3 columns, found 2"),
        ("1,a,b,c", "line 3: wanted 3 columns, found 4"),
        ("soon,a,x", "line 3: wanted a timestamp of the years 1 to 9999, found 'soon'"),
        (",a,x", "line 3: wanted a timestamp of the years 1 to 9999, found ''"),
        ("--5,a,x", "found '--5'"),
        ("²,a,x", "found '²'"),
        ("9" * 5_000 + ",a,x", "found '999"),
        ("999999999999999,a,x", "found '999999999999999'"),
        ("-999999999999999,a,x", "found '-999999999999999'"),
        ("1.7e9,a,x", "found '1.7e9'"),
        ("2023-13-01,a,x", "found '2023-13-01'"),
        ('1,"a"b,x', "line 3: wanted CSV, found ',' expected after '\"'"),
        ("1,a," + "x" * 200_000, "line 3: wanted CSV, found field larger than field limit"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_or_skipped_and_told(tmp_path: Path, row: str, said: str):
    path = written(tmp_path, f"at,id,text\n1,a,one\n{row}\n2,b,two\n")
    assert said in refusal(CSV, path)
    skipping = DataSpec("f.csv", "id", "text", "at", bad_rows="skip")
    rows, bad = read_rows(skipping, path)
    assert [one.value for one in rows] == [b"one", b"two"]
    assert [one.line for one in bad] == [3]
    assert len(bad[0].reason) < 300


def test_a_quote_that_is_not_closed_is_no_row(tmp_path: Path):
    """It would take all lines that follow for its field."""
    path = written(tmp_path, 'at,id,text\n1,a,one\n2,b,"two\n3,c,three\n')
    assert "line 4: wanted CSV, found unexpected end of data" in refusal(CSV, path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: wanted JSON, found '{'"),
        ("[1, 2]", "line 2: wanted a JSON object, found [1, 2]"),
        ("null", "wanted a JSON object, found None"),
        ("[" * 100_000, "line 2: wanted JSON, found '[[["),
        ('{"at": ' + "9" * 5_000 + "}", "line 2: wanted JSON, found"),
        ('{"at": 2, "id": "b"}', "line 2: wanted a column 'text', found at, id"),
        ('{"at": true, "id": "b", "text": "x"}', "found 'True'"),
        ('{"at": NaN, "id": "b", "text": "x"}', "found 'nan'"),
        ('{"at": 2, "id": "\\ud800", "text": "x"}', "line 2: wanted Unicode text, found '\\ud800'"),
    ],
)
def test_a_bad_line_of_json_too(tmp_path: Path, line: str, said: str):
    path = written(tmp_path, f'{{"at": 1, "id": "a", "text": "one"}}\n{line}\n', "f.jsonl")
    assert said in refusal(JSON, path)
    rows, bad = read_rows(DataSpec("f.jsonl", "id", "text", "at", bad_rows="skip"), path)
    assert (len(rows), [one.line for one in bad]) == (1, [2])


@pytest.mark.parametrize("content", ["", "\n\n", "at,id,text\n", "at,id,text"])
def test_a_file_without_rows_is_refused(tmp_path: Path, content: str):
    assert "wanted at least one good row, found none" in refusal(CSV, written(tmp_path, content))


def test_a_file_with_only_bad_rows_is_refused_even_where_they_are_skipped(tmp_path: Path):
    skipping = DataSpec("f.csv", "id", "text", "at", bad_rows="skip")
    assert "wanted at least one good row" in refusal(skipping, written(tmp_path, "at,id,text\nx,y,z\n"))


def test_a_column_that_is_not_there_is_named_with_those_that_are(tmp_path: Path):
    path = written(tmp_path, "when,id,text\n1,a,one\n")
    assert "line 2: wanted a column 'at', found when, id, text" in refusal(CSV, path)
    wide = written(tmp_path, ",".join(f"column-{at}" for at in range(2_000)) + "\n" + "," * 1_999 + "\n")
    assert "found column-0, column-1" in refusal(CSV, wide)


def test_a_policy_for_bad_rows_that_does_not_exist(tmp_path: Path):
    spec = DataSpec("f.csv", bad_rows="mend")
    assert "wanted bad_rows refuse or skip, found 'mend'" in refusal(spec, written(tmp_path, "a\n1\n"))


def test_a_file_that_is_gone_or_a_folder_is_refused(tmp_path: Path):
    assert "wanted a file to read, found No such file" in refusal(CSV, tmp_path / "gone.csv")
    assert "wanted a file to read, found Is a directory" in refusal(CSV, tmp_path)


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path):
    path = written(tmp_path, "at,id,text\n")
    os.truncate(path, data_file.BYTES_MAX + 1)
    assert "wanted at most 200,000,000 bytes, found 200,000,001" in refusal(CSV, path)


def test_too_many_rows_are_refused_at_the_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(data_file, "ROWS_MAX", 2)
    path = written(tmp_path, "at,id,text\n" + "1,a,one\n" * 5)
    assert "wanted at most 2 rows, found more at line 4" in refusal(CSV, path)


def test_bytes_that_are_no_text_are_replaced_and_not_a_crash(tmp_path: Path):
    rows, bad = read_rows(CSV, written(tmp_path, b"at,id,text\n1,\xff\x00,\xc3\n"))
    assert (rows[0].key, rows[0].value, bad) == ("\ufffd\0".encode(), "\ufffd".encode(), ())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@given(
    content=st.binary(max_size=300),
    name=st.sampled_from(["f.csv", "f.jsonl"]),
    policy=st.sampled_from(["refuse", "skip"]),
)
@effort(max_examples=150, deadline=None)
def test_any_bytes_are_rows_or_refused(folder: Path, content: bytes, name: str, policy: str):
    path = written(folder, content, name)
    for spec in (DataSpec(name, bad_rows=policy), DataSpec(name, "a", "b", "c", bad_rows=policy)):
        try:
            rows, bad = read_rows(spec, path)
        except Refused:
            continue
        assert all(isinstance(one, DataRow) and one.at >= 0 for one in rows)
        assert all(isinstance(one, BadRow) for one in bad)


# --- where it may lie -----------------------------------------------------------------------------


def test_a_file_is_found_in_the_assets_or_beside_the_scenario(tmp_path: Path):
    assert locate("earthquakes.csv").name == "earthquakes.csv"
    own = written(tmp_path, "a\n1\n", "own.csv")
    assert locate("own.csv", tmp_path) == own.resolve()


@pytest.mark.parametrize(
    "path",
    ["../secret.csv", "inner/../../secret.csv", "/etc/passwd", "", ".", "inner", "gone.csv", "a\0b", "x" * 5_000, "~/x",
     "C:\\x", "link.csv"],
)  # fmt: skip
def test_nothing_outside_of_both_is_ever_found(tmp_path: Path, path: str):
    beside = tmp_path / "scenarios"
    (beside / "inner").mkdir(parents=True)
    secret = written(tmp_path, "a\n1\n", "secret.csv")
    (beside / "link.csv").symlink_to(secret)
    with pytest.raises(Refused) as refused:
        locate(path, beside)
    said = str(refused.value)
    assert said.startswith("wanted a data file in assets/data or beside the scenario, found '")
    assert "\n" not in said
    assert "\0" not in said
    assert len(said) < 250
