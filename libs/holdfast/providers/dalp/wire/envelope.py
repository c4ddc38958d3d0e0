"""What DALP's answers come in: {"data": …, "links": {"self": …}}, and for lists "meta" as well.

The count of a list is `meta.totalCount` in one description and `meta.total` in another; either is read, both are
written. A series has its points at `data.data`.
"""

from typing import Generic, TypeVar

from msgspec import Struct, field

from holdfast.providers.dalp.wire.reading import ShapeError, to_struct

DataT = TypeVar("DataT", bound=Struct)


class Links(Struct, frozen=True, kw_only=True):
    self_: str = field(name="self", default="")
    """Without `/api` and without the query."""


class CollectionLinks(Struct, frozen=True, kw_only=True):
    self_: str = field(name="self", default="")
    next: str | None = None
    prev: str | None = None


class PageMeta(Struct, frozen=True, kw_only=True, rename="camel"):
    total_count: int | None = None
    total: int | None = None
    offset: int | None = None
    limit: int | None = None

    @property
    def count(self) -> int | None:
        """Of all rows; None where nothing says it."""
        return self.total if self.total_count is None else self.total_count


class Resource(Struct, Generic[DataT], frozen=True, kw_only=True):
    data: DataT
    links: Links = Links()


class Collection(Struct, Generic[DataT], frozen=True, kw_only=True):
    data: tuple[DataT, ...]
    meta: PageMeta = PageMeta()
    links: CollectionLinks = CollectionLinks()


def to_resource(value: object, kind: type[DataT]) -> Resource[DataT]:
    """Raises ShapeError: without `data` it is not an empty answer but another one."""
    return to_struct(_with_data(value), Resource[kind])  # type: ignore[valid-type]


def to_collection(value: object, kind: type[DataT]) -> Collection[DataT]:
    """Raises ShapeError."""
    return to_struct(_with_data(value), Collection[kind])  # type: ignore[valid-type]


def _with_data(value: object) -> object:
    if not isinstance(value, dict) or "data" not in value:
        raise ShapeError("expected an object with data")
    return value
