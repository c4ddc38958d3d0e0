"""`holdfast dead`"""

from cyclopts import App

from holdfast.messaging import dead_letters
from services.cli import connections
from services.cli.output import USAGE, console, done, fail, print_json, show
from services.cli.registry import JsonFlag

app = App(name="dead", help="Messages that could not be worked off and wait for a person.")


@app.command(name="list")
async def list_letters(*, limit: int = 100, after: int = 0, json: JsonFlag = False) -> None:
    """Dead letters in the order of their death.

    Parameters
    ----------
    limit
        How many at most.
    after
        The last id that was seen: those behind it.
    """
    async with connections.nats() as connection:
        letters = await dead_letters.list_letters(connection.js, limit=limit, after=after)
    rows = [
        {
            "id": letter.sequence,
            "died_at": letter.death.died_at,
            "consumer": letter.death.consumer,
            "subject": letter.death.subject,
            "reason": letter.death.reason,
            "message": letter.death.message,
            "replays": letter.replays,
        }
        for letter in letters
    ]
    show(rows, ["id", "died_at", "consumer", "reason", "message", "replays"], as_json=json, empty="none: all is well")


@app.command(name="show")
async def show_letter(id: int, *, json: JsonFlag = False) -> None:  # noqa: A002
    """All that is known about one, and the message itself.

    Parameters
    ----------
    id
        As `holdfast dead list` shows it.
    """
    async with connections.nats() as connection:
        letter = await dead_letters.show(connection.js, id)
    if json:
        print_json({"id": letter.sequence, "death": letter.death, "payload": letter.payload.decode(errors="replace")})
        return
    for field in letter.death.__struct_fields__:
        console.print(f"[bold]{field:10}[/] {getattr(letter.death, field)}", highlight=False)
    console.print(letter.payload[:4000].decode(errors="replace"), highlight=False, markup=False, soft_wrap=True)


@app.command
async def replay(*ids: int) -> None:
    """Publish messages again, once what killed them is repaired.

    Parameters
    ----------
    ids
        As `holdfast dead list` shows them.
    """
    if not ids:
        fail("name at least one letter", code=USAGE, fix="holdfast dead list shows their ids")
    async with connections.nats() as connection:
        for one in ids:
            stored = await dead_letters.replay(connection.js, one)
            done(f"{one} is in {stored.stream} again, as {stored.sequence}")
