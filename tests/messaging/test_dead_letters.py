import pytest
from nats.js.api import DeliverPolicy

from holdfast.messaging.connection import Connection
from holdfast.messaging.dead_letters import DeadLetterError, Death, bury, list_letters, parse_death, replay, show
from holdfast.messaging.publishing import Publisher
from tests.messaging.samples import AT, FixedClock, a_job


def a_death(sequence: int = 1, **changes: object) -> Death:
    fields: dict[str, object] = {
        "reason": "UnexpectedResponse",
        "message": "no `data`",
        "stream": "JOBS",
        "consumer": "worker-acme-due",
        "sequence": sequence,
        "subject": "jobs.due.acme.balances",
        "died_at": AT,
    }
    return Death(**{**fields, **changes})  # type: ignore[arg-type]


async def test_a_dead_letter_keeps_the_payload_and_says_where_it_came_from(migrated: Connection) -> None:
    death = a_death(7, status=200, sha256="c" * 64, excerpt="{}", deliveries=2)
    stored = await bury(migrated.js, death, b"\x00not json")
    letter = await show(migrated.js, stored.sequence)
    assert (letter.death, letter.payload, letter.replays) == (death, b"\x00not json", 0)


async def test_burying_the_same_message_again_is_the_same_letter(migrated: Connection) -> None:
    await bury(migrated.js, a_death(), b"x")
    assert (await bury(migrated.js, a_death(), b"x")).duplicate
    assert len(await list_letters(migrated.js)) == 1


async def test_a_payload_at_the_limit_still_fits_with_a_hostile_excerpt(migrated: Connection) -> None:
    death = a_death(message="\r\n\x00é" * 9000, excerpt='"\\\r\n' * 9000, headers={"ce-id": "x" * 9000})
    await bury(migrated.js, death, b"x" * migrated.payload_limit)
    (letter,) = await list_letters(migrated.js)
    assert len(letter.payload) == migrated.payload_limit
    assert letter.death.excerpt.isascii()
    assert letter.death.excerpt.isprintable()


async def test_a_replay_goes_to_the_original_subject_under_a_new_id_and_marks_the_letter(migrated: Connection) -> None:
    job = a_job(1)
    await Publisher(migrated.js, producer="scheduler", clock=FixedClock()).publish(job)
    original = await migrated.js.get_msg("JOBS", seq=1)
    await migrated.js.purge_stream("JOBS")
    buried = await bury(migrated.js, a_death(headers=dict(original.headers or {})), original.data or b"")

    replayed = await replay(migrated.js, buried.sequence)

    again = await migrated.js.get_msg("JOBS", seq=replayed.sequence)
    headers = again.headers or {}
    assert (again.subject, again.data) == ("jobs.due.acme.balances", original.data)
    assert not replayed.duplicate, "the original's id is still known to the stream"
    assert headers["Nats-Msg-Id"] != job.id
    assert headers["ce-id"] == job.id
    assert headers["Holdfast-Replay-Of"] == f"DEAD/{buried.sequence}"
    assert (await show(migrated.js, buried.sequence)).replays == 1


async def test_marks_of_replays_are_neither_listed_nor_shown_nor_given_to_the_aggregator(migrated: Connection) -> None:
    buried = await bury(migrated.js, a_death(), b"x")
    await replay(migrated.js, buried.sequence)
    assert [letter.sequence for letter in await list_letters(migrated.js)] == [buried.sequence]
    with pytest.raises(DeadLetterError, match="mark of a replay"):
        await show(migrated.js, buried.sequence + 1)
    info = await migrated.js.consumer_info("DEAD", "aggregator-dead")
    assert info.config.deliver_policy == DeliverPolicy.ALL
    assert info.num_pending == 1


async def test_an_unknown_letter_is_a_clear_error(migrated: Connection) -> None:
    with pytest.raises(DeadLetterError, match=r"no dead letter 99: see `holdfast dead list`"):
        await replay(migrated.js, 99)


def test_a_message_without_its_death_is_an_error_that_names_the_header() -> None:
    with pytest.raises(DeadLetterError, match="Holdfast-Dead"):
        parse_death({})
