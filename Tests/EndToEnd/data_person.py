"""Someone who only exchanges data, in a browser: data_person.js with its handles for tests."""

from __future__ import annotations

import pathlib

from waiting import until

SCRIPT = pathlib.Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


class DataPerson:
    """`page` is anything that evaluates JavaScript expressions: Playwright's page, `FirefoxTab`."""

    def __init__(self, page):
        self.page = page

    @staticmethod
    async def join(page, url: str, token: str) -> DataPerson:
        """The page must be one of the server's."""
        await page.evaluate(f"(() => {{ {SCRIPT} }})()")
        await page.evaluate(
            f"DataPerson.join('{url}', '{token}').then((person) => {{ globalThis.person = person; return null; }})"
        )
        return DataPerson(page)

    async def figures(self) -> dict:
        return await self.page.evaluate("person.figures()")

    async def flood(self, seconds: float) -> int:
        """Sends at full speed for so long; how many messages it has sent by then."""
        return await self.page.evaluate(f"person.flood({seconds})")

    async def got(self, count: int, seconds: float) -> dict:
        """All so far sent by the only other one arrived, once and in order."""

        async def all_arrived() -> bool:
            return (await self.figures())["received"] >= count

        await until(all_arrived, seconds, f"{count} messages, of {await self.figures()}")
        figures = await self.figures()
        assert figures["received"] == count and figures["outOfOrder"] == 0, figures
        return figures

    async def leave(self) -> None:
        await self.page.evaluate("person.leave()")
