"""What may change in a published type: additions. Everything else is a new type (`.v2`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def breaking(old: Schema, new: Schema) -> list[str]:
    """Where records or readers that fitted `old` no longer fit `new`, as `path: what`; empty when only added to."""
    return sorted(set(_compare("", old, old, new, new)))


def _resolved(root: Schema, node: Schema) -> Schema:
    while "$ref" in node:
        node = root["$defs"][node["$ref"].rsplit("/", 1)[-1]]
    return node


def _compare(path: str, old_root: Schema, old: Schema, new_root: Schema, new: Schema) -> Iterator[str]:
    old, new = _resolved(old_root, old), _resolved(new_root, new)
    for name in sorted(set(new.get("required", ())) - set(old.get("required", ()))):
        yield f"{path}/{name}: required now; records written before lack it"
    for name in sorted(set(old.get("required", ())) - set(new.get("required", ()))):
        yield f"{path}/{name}: no longer required; readers rely on it"
    for name, node in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{path}/{name}: removed; readers rely on it"
        else:
            yield from _compare(f"{path}/{name}", old_root, node, new_root, new["properties"][name])
    for value in old.get("enum", ()):
        if "enum" in new and value not in new["enum"]:
            yield f"{path}: the value {value!r} was removed; records hold it"
    if "enum" in new and "enum" not in old and "const" not in old:
        yield f"{path}: only certain values now"
    for limit in (*UPPER, *LOWER):
        sign = 1 if limit in UPPER else -1
        if limit in new and (limit not in old or sign * new[limit] < sign * old[limit]):
            yield f"{path}: {limit} is narrower; records written before may not fit"
    if new.get("pattern") != old.get("pattern") and "pattern" in new:
        yield f"{path}: another pattern; records written before may not fit"
    yield from _compare_kinds(path, old_root, old, new_root, new)


def _compare_kinds(path: str, old_root: Schema, old: Schema, new_root: Schema, new: Schema) -> Iterator[str]:
    before, after = _kinds(old_root, old), _kinds(new_root, new)
    for kind in sorted(set(before) - set(after)):
        yield f"{path}: {kind} is no longer accepted; records hold it"
    for kind in set(before) & set(after):
        if before[kind] is not old or after[kind] is not new:
            yield from _compare(path, old_root, before[kind], new_root, after[kind])
    if "items" in old and "items" in new:
        yield from _compare(f"{path}/*", old_root, old["items"], new_root, new["items"])
    values = "additionalProperties"
    if isinstance(old.get(values), Mapping) and isinstance(new.get(values), Mapping):
        yield from _compare(f"{path}/*", old_root, old[values], new_root, new[values])


def _kind(node: Schema) -> str:
    return str(node.get("type", "string" if "enum" in node or "const" in node else "any"))


def _kinds(root: Schema, node: Schema) -> dict[str, Schema]:
    """JSON types that a node accepts, each with the schema that holds for it."""
    if "anyOf" not in node:
        return {_kind(node): node}
    found: dict[str, Schema] = {}
    for option in node["anyOf"]:
        resolved = _resolved(root, option)
        found[_kind(resolved)] = resolved
    return found
