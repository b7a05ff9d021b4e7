"""Reads settings from TOML, environment variables, an address or a plain mapping; a misspelt key is named by its path."""

from __future__ import annotations

import difflib
import os
import tomllib
import typing
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn

from ..domain.errors import ConfigurationError
from ..domain.place import PrivacyPolicy
from .settings import Settings

ENVIRONMENT_PREFIX: Final = "TALKTIERS_"
_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"0", "false", "no", "off"})
_POLICIES: Final = typing.Literal["strict", "user"]
_IN_MEMORY_SECTIONS: Final = ("archive", "cache", "lexical", "summaries", "graph")


def load_settings(
    source: Settings | Mapping[str, object] | str | os.PathLike[str] | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The settings that a source names.

    Args:
        source: ready `Settings`; a mapping of the same shape; the path of a ``.toml`` file or of a database file;
            an address, ``sqlite:///bot.db`` or ``memory://``; ``None``: the defaults.
        environment: variables ``TALKTIERS_<SECTION>_<KEY>``, e.g. ``TALKTIERS_SQLITE_PATH``; they override a file's
            values and the defaults, not those of ready settings or of a mapping. ``None``: the process's own.

    Raises:
        ConfigurationError: a file that cannot be read, an unknown key or a value that does not fit; it names the path.
    """
    if isinstance(source, Settings):
        return source
    if isinstance(source, Mapping):
        return _structured(source)
    if source is not None and not isinstance(source, str | os.PathLike):
        raise ConfigurationError(
            f"the settings cannot be of type {type(source).__name__}: name a path or an address, or pass Settings or a mapping"
        )
    values = _read(source)
    variables = _from_environment(os.environ if environment is None else environment)
    _merge(values, variables)
    if source is None or not _is_toml(source):
        if source is not None:
            _merge(values, _from_address(os.fspath(source)))
        return _structured(values)
    try:
        return _structured(values)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"{os.fspath(source)}{' and the environment' if variables else ''}: {error}"
        ) from error


def _is_toml(source: str | os.PathLike[str]) -> bool:
    text = os.fspath(source)
    return "://" not in text and Path(text).suffix == ".toml"


def _read(source: str | os.PathLike[str] | None) -> dict[str, Any]:
    if source is None or not _is_toml(source):
        return {}
    path = Path(source)
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such file") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: is not valid TOML: {error}") from error


def _from_address(address: str) -> dict[str, Any]:
    """Settings that an address stands for; what has no scheme is the path of a database file."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return {"sqlite": {"path": address}}
    if scheme == "memory":
        return {section: {"backend": "in_memory"} for section in _IN_MEMORY_SECTIONS}
    if scheme != "sqlite":
        raise ConfigurationError(
            f"{scheme}:// is not an address that talktiers knows: use sqlite:///bot.db, memory:// or a .toml file"
        )
    # As SQLAlchemy writes them: three slashes before a relative path, four before an absolute one.
    path = urllib.parse.unquote(rest.removeprefix("/"))
    if not rest.startswith("/") or not path:
        raise ConfigurationError("the address has no path: write sqlite:///bot.db, or sqlite:////data/bot.db")
    return {"sqlite": {"path": path}}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, text in sorted(environment.items()):
        if not variable.startswith(ENVIRONMENT_PREFIX):
            continue
        path, field_type = _setting_of(variable)
        target = values
        for name in path[:-1]:
            target = target.setdefault(name, {})
        target[path[-1]] = _parsed(variable, text, field_type)
    return values


def _variables() -> dict[str, tuple[tuple[str, ...], Any]]:
    """Every variable with the path and type of its setting."""
    found: dict[str, tuple[tuple[str, ...], Any]] = {}

    def walk(cls: type[Any], path: tuple[str, ...]) -> None:
        hints = typing.get_type_hints(cls)
        for field in attrs.fields(cls):
            field_type, field_path = hints[field.name], (*path, field.name)
            if attrs.has(field_type):
                walk(field_type, field_path)
            else:
                found[ENVIRONMENT_PREFIX + "_".join(field_path).upper()] = (field_path, field_type)

    walk(Settings, ())
    return found


def _setting_of(variable: str) -> tuple[tuple[str, ...], Any]:
    known = _variables()
    if variable not in known:
        raise ConfigurationError(f"the environment variable {variable} names no setting{_hint(variable, known)}")
    return known[variable]


def _parsed(variable: str, text: str, field_type: Any) -> object:
    """A variable's text as its setting's type: explicit, since ``bool("false")`` is true and ``int(8.9)`` is 8."""
    try:
        if field_type is bool:
            lowered = text.strip().lower()
            if lowered not in _TRUE | _FALSE:
                raise ValueError(text)
            return lowered in _TRUE
        if field_type is int:
            return int(text)
        if field_type is float:
            return float(text)
    except ValueError:
        raise ConfigurationError(f"{variable}: {text!r} is not {_described(field_type)}") from None
    return text


def _merge(target: dict[str, Any], further: Mapping[str, Any]) -> None:
    for key, value in further.items():
        if isinstance(value, Mapping) and isinstance(target.get(key), dict):
            _merge(target[key], value)
        else:
            target[key] = value


def _structured(values: Mapping[str, object]) -> Settings:
    _check_keys(Settings, values, path="")
    try:
        return _converter().structure(values, Settings)
    except cattrs.BaseValidationError as error:
        raise ConfigurationError("; ".join(_reasons(error, path=""))) from error


def _check_keys(cls: type[Any], values: object, *, path: str) -> None:
    """Names an unknown key with its path and the nearest known one, which cattrs' own message does not."""
    if not isinstance(values, Mapping):
        raise ConfigurationError(f"{path.rstrip('.') or 'the settings'} must be a table of keys and values")
    hints = typing.get_type_hints(cls)
    for key, value in values.items():
        if key not in hints:
            raise ConfigurationError(f"{path}{key} is not a setting{_hint(str(key), hints)}")
        if attrs.has(hints[key]):
            _check_keys(hints[key], value, path=f"{path}{key}.")


def _hint(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f": did you mean {near[0]}?" if near else f"; known are {', '.join(sorted(known))}"


def _reasons(error: BaseException, *, path: str) -> list[str]:
    """One sentence a wrong value, each with the path of its setting."""
    if isinstance(error, BaseExceptionGroup):
        reasons: list[str] = []
        for inner in error.exceptions:
            notes = getattr(inner, "__notes__", [])
            name = next((note.name for note in notes if isinstance(note, cattrs.AttributeValidationNote)), "")
            reasons += _reasons(inner, path=f"{path}.{name}".strip("."))
        return reasons
    text = str(error)
    return [text if text.startswith(path) else f"{path}: {text}" if path else text]


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True)
    for kind in (bool, int, float, str):
        converter.register_structure_hook(kind, _strict(kind))
    converter.register_structure_hook_func(_is_literal, _choice)
    converter.register_structure_hook(PrivacyPolicy, lambda value, _: PrivacyPolicy(_choice(value, _POLICIES)))
    converter.register_structure_hook_factory(
        attrs.has, lambda cls: make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)
    )
    return converter


def _strict(kind: type) -> Callable[[object, object], object]:
    def structure(value: object, _: object) -> object:
        if kind is float and type(value) is int:
            return float(value)
        if type(value) is not kind:
            # What should be a text may be a secret, e.g. a password of digits without quotes: it is not repeated.
            shown = f"a value of type {type(value).__name__}" if kind is str else repr(value)
            raise ConfigurationError(f"{shown} is not {_described(kind)}")
        return value

    return structure


def _is_literal(kind: object) -> bool:
    return typing.get_origin(kind) is typing.Literal


def _choice(value: object, kind: Any) -> Any:
    choices = typing.get_args(kind)
    if value not in choices:
        raise ConfigurationError(f"{value!r} is not one of {', '.join(choices)}")
    return value


def _described(kind: object) -> str:
    names = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
    return names.get(typing.cast("type", kind), str(kind))


__all__ = ["ENVIRONMENT_PREFIX", "load_settings"]
