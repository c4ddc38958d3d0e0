import pytest
from nats.js.api import AckPolicy, DiscardPolicy, RetentionPolicy

from holdfast.domain.jobs import LANES
from holdfast.events import CATALOG
from holdfast.messaging.connection import Connection
from holdfast.messaging.streams import (
    STREAMS,
    DriftError,
    MigrationError,
    NotMigratedError,
    consumer_named,
    migrate,
    verify,
    worker_consumers,
)


async def test_migrating_twice_changes_nothing_the_second_time(connection: Connection) -> None:
    first = await migrate(connection.js, ["acme", "okx"])
    assert {change.action for change in first} == {"create"}
    assert len(first) == 8 + 4 + 2 * 3  # streams and buckets, the aggregator's consumers, two providers' lanes
    assert await migrate(connection.js, ["acme", "okx"]) == []


async def test_a_dry_run_lists_everything_and_declares_nothing(connection: Connection) -> None:
    changes = await migrate(connection.js, ["acme"], dry_run=True)
    assert len(changes) == 15
    assert await connection.js.streams_info() == []


async def test_every_stream_of_the_catalog_is_declared_with_its_subjects(migrated: Connection) -> None:
    for kind in CATALOG:
        info = await migrated.js.stream_info(kind.stream)
        assert kind.wildcard in (info.config.subjects or [])


async def test_jobs_are_a_bounded_work_queue_that_refuses_rather_than_drops(migrated: Connection) -> None:
    config = (await migrated.js.stream_info("JOBS")).config
    assert config.retention == RetentionPolicy.WORK_QUEUE
    assert config.discard == DiscardPolicy.NEW
    assert config.max_bytes is not None
    assert config.max_bytes > 0


async def test_every_stream_is_bounded_in_bytes(migrated: Connection) -> None:
    sizes = [(await migrated.js.stream_info(stream.name)).config.max_bytes for stream in STREAMS]
    assert len(sizes) == 8
    assert all(size is not None and size > 0 for size in sizes)


async def test_no_consumer_gives_up_on_a_message_by_counting(migrated: Connection) -> None:
    for lane in LANES:
        config = (await migrated.js.consumer_info("JOBS", f"worker-acme-{lane}")).config
        assert config.max_deliver == -1
        assert config.ack_policy == AckPolicy.EXPLICIT
        assert config.filter_subject == f"jobs.{lane}.acme.*" or config.filter_subjects == [f"jobs.{lane}.acme.*"]


async def test_verify_names_what_is_missing_before_the_migration(connection: Connection) -> None:
    with pytest.raises(NotMigratedError, match=r"stream JOBS.*consumer worker-acme-now on JOBS.*holdfast migrate"):
        await verify(connection.js, streams=["JOBS"], consumers=worker_consumers(["acme"]))


async def test_verify_is_content_after_the_migration(migrated: Connection) -> None:
    await verify(migrated.js, streams=["JOBS", "EVENTS", "registry"], consumers=worker_consumers(["acme"]))


async def test_a_stream_edited_by_an_operator_is_drift_and_is_not_overwritten(migrated: Connection) -> None:
    config = (await migrated.js.stream_info("EVENTS")).config
    await migrated.js.update_stream(config.evolve(max_age=3600.0))
    with pytest.raises(DriftError, match=r"stream EVENTS: max_age 3600.0 → 2592000.0"):
        await verify(migrated.js, streams=["EVENTS"])
    assert (await migrated.js.stream_info("EVENTS")).config.max_age == 3600.0


async def test_migrate_repairs_drift_and_says_what_it_changed(migrated: Connection) -> None:
    config = (await migrated.js.stream_info("EVENTS")).config
    await migrated.js.update_stream(config.evolve(max_age=3600.0))
    changes = await migrate(migrated.js, ["acme"])
    assert [str(change) for change in changes] == ["update stream EVENTS: max_age 3600.0 → 2592000.0"]
    assert (await migrated.js.stream_info("EVENTS")).config.max_age == 2592000.0


async def test_an_operators_wider_bounds_are_no_drift_and_survive_a_migration(migrated: Connection) -> None:
    config = (await migrated.js.stream_info("FETCHES")).config
    wider = (config.max_bytes or 0) * 2
    await migrated.js.update_stream(config.evolve(max_bytes=wider, max_age=0))
    await verify(migrated.js, streams=["FETCHES"])
    assert await migrate(migrated.js, ["acme"]) == []
    assert (await migrated.js.stream_info("FETCHES")).config.max_bytes == wider


async def test_a_consumer_with_another_ack_wait_is_drift(migrated: Connection) -> None:
    config = (await migrated.js.consumer_info("EVENTS", "aggregator")).config
    config.ack_wait = 5
    await migrated.js.add_consumer("EVENTS", config)
    with pytest.raises(DriftError, match=r"consumer aggregator on EVENTS: ack_wait 5.0 → 60"):
        await verify(migrated.js, consumers=[consumer_named("aggregator")])
    changes = await migrate(migrated.js, ["acme"])
    assert [change.what for change in changes] == ["consumer aggregator on EVENTS"]
    await verify(migrated.js, consumers=[consumer_named("aggregator")])


async def test_what_cannot_be_changed_in_place_is_refused_with_the_servers_reason(connection: Connection) -> None:
    await connection.js.add_stream(name="JOBS", subjects=["jobs.>"], retention="limits")
    with pytest.raises(MigrationError, match=r"refused to update stream JOBS.*retention"):
        await migrate(connection.js, [])
