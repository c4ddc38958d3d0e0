"""Fetch now: `POST /v1/accounts/{id}/fetch` asks for it, `GET /v1/fetches/{job_id}` says what became of it."""

from typing import Annotated, Literal

from litestar import get, post
from litestar.params import PathParameter
from msgspec import Struct

from holdfast.events.jobs import FetchRequested
from holdfast.registry.schedules import requests_now
from services.api.callers import Asker
from services.api.native.registry.accounts import AccountPath, canonical
from services.api.openapi import refusals
from services.api.problems import ApiError
from services.api.queries import load_sql, read
from services.api.resources import Api
from services.api.vocabulary import Time

JobPath = Annotated[str, PathParameter(pattern="^[0-9a-f]{32}$", description="`job_id` of the answer to a fetch.")]
State = Literal["finished", "retrying", "failed"]


class RequestedJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    job_id: str
    provider: str
    feed: str
    scope: str
    status: str
    """The path that tells what became of it."""


class FetchAccepted(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One job for each source of the account that is not paused."""

    account: str
    requested_at: Time
    jobs: list[RequestedJob]


class Attempt(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: str
    feed: str
    target: str
    scope: str
    slot: Time
    lane: str
    started_at: Time
    finished_at: Time
    attempt: int
    outcome: str
    error: str | None
    message: str | None
    requests: int
    snapshots: int
    lines: int


class FetchStatus(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    job_id: str
    state: State
    attempts: list[Attempt]


@post(
    "/accounts/{account:str}/fetch",
    operation_id="fetch_account",
    status_code=202,
    responses=refusals(403, 404, 409),
)
async def fetch_account(api: Api, caller: Asker, account: AccountPath) -> FetchAccepted:
    """Fetch every source of the account, before anything that is merely due."""
    caller.may_write()
    found = caller.find_account(api.registry, canonical(account))
    jobs = requests_now(api.registry, caller.tenant, found.id, now=api.clock.now())
    if not jobs:
        raise ApiError(
            409,
            "sources_paused",
            "every source of this account is paused",
            field="account",
            fix="Look why at /v1/sources, correct it and resume them",
        )
    await api.publisher.publish_many(jobs)
    return FetchAccepted(account=found.id, requested_at=jobs[0].requested_at, jobs=[_to_requested(job) for job in jobs])


@get("/fetches/{job_id:str}", operation_id="show_fetch", responses=refusals(404))
async def show_fetch(api: Api, caller: Asker, job_id: JobPath) -> FetchStatus:
    """Every attempt so far. A job that no worker has tried yet is unknown here."""
    params = {"tenant": caller.tenant, "job_id": job_id}
    attempts = await read(api.warehouse, load_sql(__file__, "attempts"), params, Attempt)
    registry = api.registry
    seen = [one for one in attempts if caller.portfolio is None or caller.sees_account(registry, one.target)]
    if not seen:
        raise ApiError(
            404,
            "job_unknown",
            "no attempt of such a job is recorded",
            field="job_id",
            fix="If it was just asked for, it waits for its worker: ask again in a moment",
        )
    return FetchStatus(job_id=job_id, state=to_state(seen), attempts=seen)


def to_state(attempts: list[Attempt]) -> State:
    """A job that finished once is done, whatever a duplicate of it met later."""
    if any(one.outcome == "finished" for one in attempts):
        return "finished"
    return "retrying" if attempts[-1].outcome == "retry" else "failed"


def _to_requested(job: FetchRequested) -> RequestedJob:
    return RequestedJob(
        job_id=job.id, provider=job.provider, feed=job.feed, scope=job.scope, status=f"/v1/fetches/{job.id}"
    )


ROUTES = [fetch_account, show_fetch]
