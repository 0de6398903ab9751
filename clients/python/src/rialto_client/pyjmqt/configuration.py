"""Files such as ``client.conf`` and ``server.conf``: lines of a name, ``=`` and a value."""

from __future__ import annotations

from typing import Dict, Optional, Union

Value = Union[int, str]


def read(path: Optional[str], defaults: Dict[str, Value]) -> Dict[str, Value]:
    """Returns the defaults with what the file says in their place; no path: the defaults. ``OSError``: it cannot be read."""
    values = dict(defaults)
    if path:
        with open(path, encoding="utf-8") as file:
            for line in file:
                name, is_setting, value = line.partition("=")
                if is_setting and not line.lstrip().startswith("#"):
                    values[name.strip()] = _value(value.strip())
    return values


def _value(text: str) -> Value:
    try:
        return int(text)
    except ValueError:
        return text.replace('"', "").replace("'", "")
