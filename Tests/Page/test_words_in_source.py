"""The word tables against the source: no missing key, none left over, no text that escapes translation."""

import re

from conftest import PAGE

MODULES = {path.relative_to(PAGE).as_posix(): path.read_text(encoding="utf-8") for path in PAGE.rglob("*.js")}
KEY = re.compile(r"^    '([\w.-]+)':", re.MULTILINE)
# Families whose last part is a value of the state; the units check that each value has its words.
COMPOSED = ("fault.", "notice.", "source.", "connection.", "prejoin.camera", "prejoin.microphone")


def without_tables():
    return {name: text for name, text in MODULES.items() if not name.startswith("i18n/")}


def test_every_key_is_used():
    source = "\n".join(without_tables().values())
    unused = [
        key
        for key in KEY.findall(MODULES["i18n/en.js"])
        if f"'{key}'" not in source and not key.startswith(COMPOSED)
    ]
    assert unused == []


def test_every_used_key_exists():
    known = set(KEY.findall(MODULES["i18n/en.js"]))
    families = "|".join(sorted({key.split(".")[0] for key in known}))
    literal = re.compile(rf"'((?:{families})\.[\w.-]+)'")
    missing = {
        (name, key)
        for name, text in without_tables().items()
        for key in literal.findall(text)
        if key not in known and not key.endswith(".js")
    }
    assert missing == set()


def test_raised_codes_have_words():
    known = set(KEY.findall(MODULES["i18n/en.js"]))
    source = "\n".join(without_tables().values())
    for code in re.findall(r"notices\.info\('([\w-]+)'", source):
        assert f"notice.{code}" in known
    for code in re.findall(r"(?:code: |problem\(|lost\(|silence\(\w+, )'([\w-]+)'", source):
        assert f"fault.{code}.title" in known, code


def test_views_make_no_markup_from_text_and_no_style_attributes():
    forbidden = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|cssText|'style'|\beval\b")
    for name, text in MODULES.items():
        assert not forbidden.search(text), name
    assert "style=" not in (PAGE / "index.html").read_text(encoding="utf-8")


def test_modules_are_small_and_relative():
    for name, text in MODULES.items():
        assert text.count("\n") <= 300, name
        for specifier in re.findall(r"from '([^']+)'", text):
            assert specifier.startswith(("./", "../")) and specifier.endswith(".js"), (name, specifier)
