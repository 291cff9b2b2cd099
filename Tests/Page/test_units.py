"""Unit tests of the page's modules, written in JavaScript (units/) and run in the browser."""

import re
from pathlib import Path

import pytest

UNITS = Path(__file__).resolve().parent / "units"
TEST_NAME = re.compile(r"^test\('((?:[^'\\]|\\.)+)'", re.MULTILINE)
CASES = [
    (file.name, name.replace("\\'", "'"))
    for file in sorted(UNITS.glob("*.test.js"))
    for name in TEST_NAME.findall(file.read_text(encoding="utf-8"))
]


@pytest.fixture(scope="module")
def bare_page(browser, origin):
    page = browser.new_page()
    # Any document of the origin will do; this one runs no script of its own.
    page.goto(f"{origin}/icon.svg")
    yield page
    page.close()


@pytest.mark.parametrize(("file", "name"), CASES)
def test_unit(bare_page, file, name):
    bare_page.evaluate(
        """async ([file, name]) => {
            const { run } = await import('/tests/units/testing.js');
            await import(`/tests/units/${file}`);
            await run(name);
        }""",
        [file, name],
    )


def test_names_are_unique():
    assert len(CASES) == len({name for _, name in CASES}) > 40
