"""How much one query may ask for, measured before anything is run.

Cost counts fields, fragments unfolded; what stands below a series counts two hundred times, and each `portfolio`
is a question to the warehouse and counts a thousand.
"""

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)
from msgspec import Struct

from holdfast.providers.bitpanda.wire import MOST_POINTS

MOST_TOKENS = 2_000
MOST_DEPTH = 16
"""The documented queries are 8 deep, the usual introspection query 13 to 15."""
MOST_COST = 25_000
PORTFOLIO_COST = 1_000


class Measure(Struct, frozen=True):
    depth: int = 0
    cost: int = 0


def parse_within_limits(query: str) -> DocumentNode:
    """Raises GraphQLError for what is not GraphQL, and for what is too long, too deep or too much."""
    try:
        document = parse(query, max_tokens=MOST_TOKENS, no_location=False)
        _refuse_excess(_Measuring(document))
    except RecursionError as error:
        raise _excess(f"more than {MOST_DEPTH} levels deep") from error
    return document


def _refuse_excess(measuring: "_Measuring") -> None:
    for measure in measuring.operations():
        if measure.depth > MOST_DEPTH:
            raise _excess(f"{measure.depth} levels deep, the limit is {MOST_DEPTH}")
        if measure.cost > MOST_COST:
            raise _excess(f"of cost {measure.cost}, the limit is {MOST_COST}")


def _excess(what: str) -> GraphQLError:
    return GraphQLError(f"The query is {what}", extensions={"code": "QUERY_TOO_COMPLEX"})


class _Measuring:
    """Each fragment is measured once, however often it is spread."""

    def __init__(self, document: DocumentNode) -> None:
        self._operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self._measured: dict[str, Measure | None] = {}

    def operations(self) -> list[Measure]:
        return [self._selections(operation.selection_set) for operation in self._operations]

    def _selections(self, selections: SelectionSetNode | None) -> Measure:
        parts = [self._selection(one) for one in (selections.selections if selections else ())]
        return Measure(max((part.depth for part in parts), default=0), sum(part.cost for part in parts))

    def _selection(self, node: object) -> Measure:
        if isinstance(node, FieldNode):
            return self._field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        return self._selections(node.selection_set) if isinstance(node, InlineFragmentNode) else Measure()

    def _field(self, node: FieldNode) -> Measure:
        below = self._selections(node.selection_set)
        if node.name.value != "portfolio":
            return Measure(below.depth + 1, below.cost + 1)
        is_series = any(argument.name.value == "timePeriod" for argument in node.arguments or ())
        times = MOST_POINTS if is_series else 1
        return Measure(below.depth + 1, below.cost * times + PORTFOLIO_COST)

    def _fragment(self, name: str) -> Measure:
        """One that spreads itself counts nothing here: validation refuses it."""
        if name not in self._measured:
            self._measured[name] = None
            fragment = self._fragments.get(name)
            self._measured[name] = self._selections(fragment.selection_set if fragment else None)
        return self._measured[name] or Measure()
