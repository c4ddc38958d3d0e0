"""Query parameters that no route has are refused: passed over, a slip in `known_at` would be answered with now."""

from collections import Counter
from functools import cache
from typing import Any

from litestar import Request
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from services.api.problems import ApiError


async def check_parameters(request: Request[Any, Any, Any]) -> None:
    """Before the route is asked. Raises ApiError naming the parameter."""
    given = Counter(name for name, _ in request.query_params.multi_items())
    if not given:
        return
    known = _known(request.route_handler)
    for name, times in given.items():
        if name not in known:
            names = f"There are {', '.join(known)}" if known else "There are none"
            raise ApiError(400, "parameter_unknown", f"no such parameter: {name[:60]!r}", field=name[:60], fix=names)
        if times > 1 and not known[name]:
            fix = "Give it once"
            raise ApiError(400, "parameter_repeated", f"{name} is given {times} times", field=name, fix=fix)


@cache
def _known(handler: BaseRouteHandler) -> dict[str, bool]:
    """Each that a route has, and whether it takes several."""
    return {
        field.kwarg_definition.name or name: any(one.is_non_string_collection for one in (field, *field.inner_types))
        for name, field in handler.parsed_fn_signature.parameters.items()
        if isinstance(field.kwarg_definition, QueryParameter)
    }
