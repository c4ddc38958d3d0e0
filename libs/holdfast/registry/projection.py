"""From KV entries, in the order of their revisions, to the RegistryState they add up to."""

from typing import Any

from holdfast.messaging.kv import Entry
from holdfast.observability.logs import logger
from holdfast.registry.codec import MalformedRecordError, decode
from holdfast.registry.kv_keys import KINDS, KvKeyError, in_mapping, parse_key
from holdfast.registry.records import Kind, Record
from holdfast.registry.state import RegistryState, mapping_of, to_state

_log = logger(__name__)


class Projection:
    """Applies entries one after the other; `state` is what they add up to.

    An entry that is no record is logged and left out: the last good record of its key stays, since
    a slip of an operator's hand must not erase a portfolio. `earlier` is what was known before a
    rebuild, where a last good record may be found that the bucket's history has forgotten.
    """

    def __init__(self, earlier: RegistryState | None = None) -> None:
        self._records: dict[Kind, dict[Any, Record]] = {kind: {} for kind in KINDS}
        self._earlier = earlier or RegistryState()
        self._removed: set[str] = set()
        self._revision = 0
        self._state: RegistryState | None = None

    @property
    def revision(self) -> int:
        return self._revision

    @property
    def state(self) -> RegistryState:
        if self._state is None:
            self._state = to_state(self._revision, self._records)
        return self._state

    def seen(self, revision: int) -> None:
        """Everything up to `revision` was applied, also what left no entry behind."""
        if revision > self._revision:
            self._revision, self._state = revision, None

    def apply(self, entry: Entry) -> None:
        """An entry that was already applied changes nothing."""
        if entry.revision <= self._revision:
            return
        self.seen(entry.revision)
        if entry.value is None:
            self._remove(entry.key)
            return
        try:
            record = decode(entry.key, entry.value)
        except MalformedRecordError as error:
            _log.error("registry_record_malformed", key=entry.key, revision=entry.revision, problem=str(error))
            self._keep_last_good(entry.key)
            return
        kind, identity = parse_key(entry.key)
        self._records[kind][in_mapping(identity)] = record

    def _remove(self, key: str) -> None:
        try:
            kind, identity = parse_key(key)
        except KvKeyError:
            return  # never was a record
        self._removed.add(key)
        self._records[kind].pop(in_mapping(identity), None)

    def _keep_last_good(self, key: str) -> None:
        try:
            kind, identity = parse_key(key)
        except KvKeyError:
            return
        last = mapping_of(self._earlier, kind).get(in_mapping(identity))
        if last is not None and key not in self._removed:
            self._records[kind].setdefault(in_mapping(identity), last)
