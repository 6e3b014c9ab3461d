"""New scalars in quotes, on one line, and what is escaped in double ones."""

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def quote(value: str) -> str:
    """In double quotes; in single ones where that spares backslashes."""
    if value.isprintable() and ('"' in value or "\\" in value):
        return "'" + value.replace("'", "''") + "'"
    return double_quote(value)


def double_quote(value: str) -> str:
    """As YAML and JSON both read it, but for unprintable characters beyond the basic plane, which JSON cannot escape so."""
    return '"' + "".join(map(escape, value)) + '"'


def escape(char: str) -> str:
    """As it stands between double quotes."""
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    return f"\\u{ord(char):04x}" if ord(char) < 1 << 16 else f"\\U{ord(char):08x}"
