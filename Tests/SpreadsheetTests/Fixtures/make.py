"""Makes the workbooks beside it, and the seeds of the spreadsheet's fuzz target. Run it after a change and commit both.

`template.xlsx` is openpyxl's; `libreoffice.xlsx` is written as LibreOffice writes: streamed (sizes only in the directory),
absolute targets, every string shared with its spaces kept, attributes that nobody needs.
"""

from __future__ import annotations

import datetime
import io
import pathlib
import zipfile

import openpyxl
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

HERE = pathlib.Path(__file__).resolve().parent
SEEDS = HERE.parents[1] / "Fuzz/swift/spreadsheet/seeds"
COLUMNS = ["姓名", "帐号", "别名", "职务", "部门", "性别", "手机", "座机", "个人邮箱", "地址", "企业简称", "英文名"]


def template() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "成员"
    sheet["A1"] = "填写须知：\n1、不能增加、删除或修改列名"
    for column, name in enumerate(COLUMNS, 1):
        sheet.cell(10, column, name)
    rows = [
        ["张三", "zhang.san", "三哥", "工程师", "胡同/研发[EN:R&D];胡同/测试", "男", 13800000000],
        ["李四", "li-si", None, None, "胡同／市场；胡同／销售", "女", 1.38e10, None, "li.si@example.com"],
        ["王 <五>", "wang_5", None, None, "胡同", "男", "+85261234567", 1085551234.5, None, "a&b\n第二行"],
    ]
    for number, row in enumerate(rows, 11):
        for column, value in enumerate(row, 1):
            sheet.cell(number, column, value)
    sheet["A15"] = CellRichText("赵", TextBlock(InlineFont(b=True), "六"), " 😀")
    sheet["B15"] = True
    sheet["C15"] = datetime.date(2026, 11, 21)
    sheet["D15"] = "=1+1"
    sheet["L15"] = "Six"
    book.create_sheet("第二页")["A1"] = "不读"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


class Unseekable(io.RawIOBase):
    """A stream that cannot go back, so that zipfile writes lengths behind the data."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += data
        return len(data)


OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def libreoffice() -> bytes:
    strings = ["姓名", "帐号", " 两端有空格 ", "a_x005F_b"]
    shared = "".join(f'<si><t xml:space="preserve">{text}</t></si>' for text in strings)
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" Type="{OFFICE}/officeDocument" '
        f'Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        f'<Relationship Id="rId2" Type="{OFFICE}/worksheet" Target="/xl/worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId4" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr backupFile="false"/><sheets>'
        '<sheet name="Sheet1" sheetId="1" state="visible" r:id="rId2"/></sheets></workbook>',
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}" count="4" uniqueCount="4">{shared}</sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetPr filterMode="false"/><dimension ref="A2:D4"/>'
        '<cols><col collapsed="false" customWidth="false" hidden="false" min="1" max="1" style="1"/></cols><sheetData>'
        '<row r="2" customFormat="false" ht="12.8" hidden="false"><c r="A2" s="1" t="s"><v>0</v></c>'
        '<c r="C2" s="1" t="s"><v>1</v></c></row>'
        '<row r="4" customFormat="false" ht="12.8"><c r="A4" s="0" t="s"><v>2</v></c><c r="B4" s="2"/>'
        '<c r="C4" s="0" t="n"><v>13800000000</v></c><c r="D4" t="s"><v>3</v></c>'
        '<c r="E4" t="b"><v>0</v></c><c r="F4" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
        "</sheetData><printOptions/></worksheet>",
    }  # fmt: skip
    stream = Unseekable()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), HEAD + text, zipfile.ZIP_DEFLATED)
    return bytes(stream.data)


def main() -> None:
    workbooks = {"template": template(), "libreoffice": libreoffice()}
    for name, data in workbooks.items():
        (HERE / f"{name}.xlsx").write_bytes(data)
        # The first byte of a seed chooses the entrance: see SpreadsheetFuzz.swift.
        (SEEDS / name).write_bytes(b"\0" + data)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            (SEEDS / f"{name}-sheet").write_bytes(b"\1" + archive.read("xl/worksheets/sheet1.xml"))
            # openpyxl writes strings inline.
            if "xl/sharedStrings.xml" in archive.namelist():
                (SEEDS / f"{name}-strings").write_bytes(b"\2" + archive.read("xl/sharedStrings.xml"))
    table = '姓名,帐号,部门\r\n"张 ""三""",zhang.san,"研发;\n测试"\r\n\'+1,\'\'=2,=3\r\n'
    for encoding in ["utf-8-sig", "gb18030", "utf-16"]:
        (SEEDS / f"csv-{encoding}").write_bytes(b"\0" + table.encode(encoding))
    (SEEDS / "csv-tabs").write_bytes(b"\0" + table.replace(",", "\t").encode())
    cells = b'<row r="9"><c t="inlineStr"><is><r><t>a&amp;&#x4e2d;</t></r><rPh><t>z</t></rPh></is></c><c r="BL9"><v><![CDATA[1]]></v></c></row>'
    (SEEDS / "inline").write_bytes(b"\1<x:s xmlns:x='y'><!-- c --><?p i?><sheetData>" + cells + b"</sheetData></x:s>")


if __name__ == "__main__":
    main()
