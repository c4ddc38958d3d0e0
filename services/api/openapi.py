"""The OpenAPI document, exactly true: Litestar's account of the routes, with the Structs' schemas from msgspec.

Litestar 2.25 leaves out `additionalProperties: false`, calls every Decimal any string, writes whole limits as
1.0 and adds answers that never come. What is declared here is what the tests hold every answer to.
"""

import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, Reference, SecurityScheme

from services.api.problems import Problem

_WHY = {
    400: "The request does not fit; `field` names what",
    401: "No live API key",
    403: "This key may not do that",
    404: "No such thing that this key may see",
    409: "It does not fit what there is",
    413: "The body is too large",
    429: "Too fast: wait for Retry-After",
    500: "Our error",
    503: "The warehouse or the stream does not answer: wait for Retry-After",
}
_ALWAYS = (400, 401, 429, 500, 503)


def refusals(*statuses: int) -> Mapping[int, ResponseSpec]:
    """Declares how an operation may refuse, besides what every operation may answer."""
    return {
        status: ResponseSpec(Problem, description=_WHY[status], generate_examples=False)
        for status in (*statuses, *_ALWAYS)
    }


def build_config() -> OpenAPIConfig:
    """For Litestar; its own pages stay off, because they load scripts from elsewhere."""
    schemes: dict[str, SecurityScheme | Reference] = {
        "bearer": SecurityScheme(type="http", scheme="bearer", description="An API key: `hf_…`"),
        "api_key": SecurityScheme(type="apiKey", security_scheme_in="header", name="X-Api-Key"),
    }
    return OpenAPIConfig(
        title="Holdfast",
        version="1",
        description="Portfolios as events, totals and history. Money is exact decimal text; unknown is null, never 0.",
        security=[{"bearer": []}, {"api_key": []}],
        components=Components(security_schemes=schemes),
        use_handler_docstrings=True,
        render_plugins=[],
    )


def build_document(app: Litestar, dialect_paths: Mapping[str, Any], structs: Iterable[type[msgspec.Struct]]) -> bytes:
    """The document as JSON. `structs` are those of the native routes, by their class names unique."""
    document = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    schemas = document["components"]["schemas"]
    _, exact = msgspec.json.schema_components(list(structs), ref_template="#/components/schemas/{name}")
    schemas.update({name: schema for name, schema in exact.items() if name in schemas})
    document["paths"] = {path: item for path, item in document["paths"].items() if path.startswith("/v1/")}
    document["paths"].update(dialect_paths)
    document["components"]["securitySchemes"].update(
        {
            name.lower().replace("-", "_"): {"type": "apiKey", "in": "header", "name": name}
            for name in ("OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE")
        }
    )
    return msgspec.json.encode(_whole(document))


def structs_of(modules: Iterable[object]) -> list[type[msgspec.Struct]]:
    """The public Structs that these modules define, and Problem."""
    found = {
        name: kind
        for module in modules
        for name, kind in vars(module).items()
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and not name.startswith("_")
        and kind.__module__ == getattr(module, "__name__", "")
    }  # fmt: skip
    return [Problem, *found.values()]


def _whole(value: Any) -> Any:
    """1.0 as 1: a limit on integers is an integer."""
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
