"""Text into SQL, for the few places where the engine takes no parameter."""


def quoted_identifier(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def quoted_text(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def as_parameter(text: str) -> str:
    """A String as `param_…` carries it: the engine reads parameters in its tab-separated escaping."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
