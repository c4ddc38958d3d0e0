"""Recorded answers, damaged in the ways upstreams damage them: the material of the fuzz suite."""

import gzip
import json
from typing import Any

from hypothesis import strategies as st

from holdfast.providers.kit.recording import Case, Replay
from holdfast.providers.kit.session import Request
from holdfast.providers.kit.testing import ReplayUpstream, Reply, UnexpectedRequestError

BOMB = gzip.compress(b'{"code":"0","data":"' + b" " * 30_000_000 + b'"}', mtime=0)
RAW_NUMBERS = ("NaN", "-Infinity", "1e400", "1e-400", "9" * 5000, "-" + "9" * 70, "1.5", "-1", "0." + "1" * 60)
WRONG: tuple[Any, ...] = (
    None, True, 0, -1, 7, 2**70, "", "--", "x", "NaN", "1_000", "١٢", "1e400", "-5", "0x", "0xzz", " ", "\x00",
    "\u2028", [], [None], [[]], {}, {"a": {}}, [{}], "9" * 5000, "😀" * 400,
)  # fmt: skip

Path = tuple[str | int, ...]


class DamagedUpstream(ReplayUpstream):
    """Answers one recorded request with a damaged body, and what was never recorded with 404."""

    def __init__(self, case: Case, damaged: Replay, reply: Reply) -> None:
        super().__init__(case.exchanges)
        self._damaged = damaged
        self._damaged_reply = reply

    def _replay(self, asked: Request) -> Reply:
        before = list(self.unasked)
        try:
            reply = super()._replay(asked)
        except UnexpectedRequestError:
            return Reply(status=404)
        taken = next(replay for replay in before if not any(replay is left for left in self.unasked))
        return self._damaged_reply if taken is self._damaged else reply


@st.composite
def damages(draw: st.DrawFn, replay: Replay) -> Reply:
    """The response of a recorded exchange, damaged once or a few times."""
    response, body = replay.response, replay.response.body
    whole = draw(st.sampled_from(("json",) * 6 + ("truncated", "bomb", "nesting", "bytes", "status")))
    if whole == "truncated":
        body = body[: draw(st.integers(0, len(body)))]
    elif whole == "bomb":
        return Reply(status=response.status, headers={"content-encoding": "gzip"}, body=BOMB)
    elif whole == "nesting":
        body = b'{"data":' * 50_000 if draw(st.booleans()) else b"[" * 100_000 + b"]" * 100_000
    elif whole == "bytes":
        body = draw(st.binary(max_size=40)) + body[: draw(st.integers(0, len(body)))]
    elif whole == "status":
        return Reply(status=draw(st.sampled_from((204, 301, 400, 404, 418, 500, 503))), body=body)
    else:
        body = draw(_damaged_json(body))
    return Reply(status=response.status, headers=response.headers, body=body)


@st.composite
def _damaged_json(draw: st.DrawFn, body: bytes) -> bytes:
    try:
        tree = json.loads(body)
    except ValueError:
        return body[::-1]
    raw: dict[str, str] = {}
    for number in range(draw(st.integers(1, 3))):
        tree = _damaged(draw, tree, draw(_paths(tree)), f"@{number}@", raw)
    text = json.dumps(tree)
    for mark, spelled in raw.items():
        text = text.replace(f'"{mark}"', spelled)
    return text.encode()


@st.composite
def _paths(draw: st.DrawFn, tree: Any) -> Path:
    """From the root to some node, the deep ones included."""
    path: list[str | int] = []
    while isinstance(tree, dict | list) and tree and (not path or draw(st.integers(0, 5))):
        keys = list(tree) if isinstance(tree, dict) else list(range(len(tree)))
        path.append(draw(st.sampled_from(keys)))
        tree = tree[path[-1]]
    return tuple(path)


def _damaged(draw: st.DrawFn, tree: Any, path: Path, mark: str, raw: dict[str, str]) -> Any:
    if not path:
        return draw(st.sampled_from(WRONG))
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if len(path) > 1:
        copy[path[0]] = _damaged(draw, tree[path[0]], path[1:], mark, raw)
        return copy
    how = draw(st.sampled_from(("missing", "wrong", "number", "twice", "extra")))
    if how == "missing":
        del copy[path[0]]
    elif how == "number":
        copy[path[0]] = mark
        raw[mark] = draw(st.sampled_from(RAW_NUMBERS))
    elif how == "twice" and isinstance(copy, dict):
        raw[mark] = f'"twice", {json.dumps(path[0])}: null'
        copy[path[0]] = mark
    elif how == "extra" and isinstance(copy, dict):
        copy["neverHeardOf"] = draw(st.sampled_from(WRONG))
    else:
        copy[path[0]] = draw(st.sampled_from(WRONG))
    return copy
