import pytest

from content.errors import ContentError
from content.yaml_text import YamlMap, read_yaml


def test_every_scalar_stays_the_text_that_was_written() -> None:
    text = "a: 2026-01-02\nb: yes\nc: 007\nd: ~\ne:\nf: '1'\n"
    assert read_yaml(text, max_depth=1).values == {
        "a": "2026-01-02", "b": "yes", "c": "007", "d": "", "e": "", "f": "1",
    }  # fmt: skip


def test_mappings_know_the_line_they_begin_on() -> None:
    root = read_yaml("a: 1\nb:\n  - c: x\n  - c: y\n", max_depth=3)
    assert root.line == 1
    assert root.values["b"] == [YamlMap(3, {"c": "x"}), YamlMap(4, {"c": "y"})]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: &x 1\nb: *x\n", "yaml_alias", 1),
        ("a: 1\nb: *x\n", "yaml_alias", 2),
        ("a: 1\nb: [1]\n", "yaml_too_deep", 2),
        ("a: 1\na: 2\n", "yaml_duplicate_key", 2),
        ("a: 1\nb: !!python/object:os.system x\n", "yaml_tag", 2),
        ("<<: x\n", "yaml_tag", 1),
        ("a: 'b\n", "invalid_yaml", 2),
        ("a: b: c\n", "invalid_yaml", 1),
        ("a: \x01\n", "invalid_yaml", None),
        ("- a\n", "yaml_not_mapping", 1),
        ("", "yaml_not_mapping", 1),
        ("a: 1\n---\nb: 2\n", "invalid_yaml", 2),
    ],
)
def test_what_yaml_can_do_besides_text_is_refused_with_its_line(text: str, code: str, line: int | None) -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml(text, max_depth=1)
    assert (caught.value.code, caught.value.line) == (code, line)


def test_lines_are_counted_from_where_the_text_begins_in_its_file() -> None:
    with pytest.raises(ContentError) as caught:
        read_yaml("a: 1\nb: [1]\n", max_depth=1, first_line=2)
    assert caught.value.line == 3
    assert caught.value.detail.startswith("第 3 行")


def test_a_key_that_is_a_list_is_refused() -> None:
    with pytest.raises(ContentError, match="yaml_tag"):
        read_yaml("? [a]\n: 1\n", max_depth=2)


def test_deep_nesting_is_refused_before_it_exhausts_the_stack() -> None:
    with pytest.raises(ContentError, match="yaml_too_deep"):
        read_yaml("a: " + "[" * 8000, max_depth=4)
