"""YAML as a person writes it: plain text values with their lines, and nothing that YAML can do besides."""

from dataclasses import dataclass
from typing import TypeAlias

import yaml

from content.errors import ContentError

_PREFIX = "tag:yaml.org,2002:"
_SCALARS = {_PREFIX + name for name in ("str", "int", "float", "bool", "null", "timestamp")}


@dataclass(frozen=True)
class YamlMap:
    """A YAML mapping that begins on `line` (1-based)."""

    line: int
    values: dict[str, "YamlValue"]


YamlValue: TypeAlias = "str | list[YamlValue] | YamlMap"


def read_yaml(text: str, *, max_depth: int, first_line: int = 1) -> YamlMap:
    """Return the mapping that the text holds; every scalar stays the text that was written, null is "".

    `first_line` is where the text begins in its file. Aliases, anchors, tags, duplicate keys, non-mappings and nesting
    beyond `max_depth` raise ContentError with the line.
    """
    try:
        _check_events(text, max_depth, first_line)
        # Only composed, never constructed: no object is made from what the text says.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + first_line if error.problem_mark else None
        where = f"第 {line} 行附近" if line else ""
        raise ContentError("invalid_yaml", f"YAML 格式有误（{where}），请检查缩进、冒号和引号。", line=line) from None
    except yaml.YAMLError:
        raise ContentError("invalid_yaml", "YAML 含有不允许的字符，请删除后重试。") from None
    if not isinstance(root, yaml.MappingNode):
        raise ContentError("yaml_not_mapping", "YAML 应由“名称: 值”组成，请检查。", line=first_line)
    return _mapping(root, first_line)


def _check_events(text: str, max_depth: int, first_line: int) -> None:
    depth = 0
    # The event parser keeps its own stack, so that a deep document cannot exhaust ours before it is refused.
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = (event.start_mark.line if event.start_mark else 0) + first_line
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            detail = f"第 {line} 行：YAML 中不能使用锚点（&）和别名（*），请给文字加引号。"
            raise ContentError("yaml_alias", detail, line=line)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > max_depth:
                raise ContentError("yaml_too_deep", f"第 {line} 行：这里只能填写文字，不能嵌套列表或字段。", line=line)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _mapping(node: yaml.MappingNode, first_line: int) -> YamlMap:
    values: dict[str, YamlValue] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + first_line
        key = _value(key_node, first_line)
        if not isinstance(key, str):
            raise ContentError("yaml_tag", f"第 {line} 行：名称应为普通文字。", line=line)
        if key in values:
            raise ContentError("yaml_duplicate_key", f"第 {line} 行：「{key}」重复，请只保留一个。", line=line)
        values[key] = _value(value_node, first_line)
    return YamlMap(node.start_mark.line + first_line, values)


def _value(node: yaml.Node, first_line: int) -> YamlValue:
    if isinstance(node, yaml.MappingNode) and node.tag == _PREFIX + "map":
        return _mapping(node, first_line)
    if isinstance(node, yaml.SequenceNode) and node.tag == _PREFIX + "seq":
        return [_value(item, first_line) for item in node.value]
    if isinstance(node, yaml.ScalarNode) and node.tag in _SCALARS:
        return "" if node.tag == _PREFIX + "null" else str(node.value)
    line = node.start_mark.line + first_line
    raise ContentError("yaml_tag", f"第 {line} 行：YAML 中不能使用类型标记（!）或合并键（<<）。", line=line)
