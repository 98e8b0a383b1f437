#!/usr/bin/env python3
"""Reads an LLKV database file by what file.md, tables.md, log.md, chunks.md and values.md say, and nothing else.

reader.py FILE           lists tables with their columns and numbers of rows, views and types
reader.py FILE TABLE     prints a table's rows as CSV, in no particular order
reader.py FILE --chunks  lists row groups, chunks, deletion vectors and rows of the log as they are stored
reader.py FILE --to DIR  lists as without it, and writes each table to DIR/TABLE.csv

Sees the newest commit, rows that only the log has included. Takes no lock: nobody may write meanwhile. What it uses is
verified; where that is damaged it says so and ends with status 1. It does not use index runs. Needs pyarrow for
descriptor pages and nested chunks.
"""
import pathlib
import struct
import sys

from reader_bytes import Bytes
from reader_chunks import ENCODINGS, read_chunk, read_page, type_of
from reader_nested import value_of_bytes
from reader_pager import Pager
from reader_values import NESTED, SIGNED, UNSIGNED, Damaged, integer, need

# What reading damaged bytes ends with: a rule that is broken, or numbers that no document allows.
DAMAGES = (Damaged, struct.error, ArithmeticError, LookupError, TypeError, ValueError)
PAGE_ROWS = 131072
# Kinds of objects in the catalog.
VIEW, TYPE, COLUMN_STORE, SEGMENT, SORT_INDEX = 2, 5, 16, 17, 18
MAX_RUN_ROWS = 2048


class Record(Bytes):
    """What records of the log and tables' metadata are made of."""

    def layout(self):
        self.version("a layout")
        layout = {"id": self.varint(), "columns": []}
        for _ in range(self.varint()):
            field, kind, name = self.varint(), self.type(), self.string().decode()
            layout["columns"].append((field, kind, name))
        layout["indexes"] = {}
        for _ in range(self.varint()):
            self.add_index(layout)
        return layout

    def add_index(self, layout):
        number, name, flags = self.varint(), self.string().decode(), self.u8()
        parts = [(self.varint(), self.u8()) for _ in range(self.varint())]
        need(number and number not in layout["indexes"], f"an index has the id {number}")
        need(flags in (0, 1, 3) and parts, f"index {number} has flags {flags} and {len(parts)} columns")
        need(all(column < len(layout["columns"]) and order <= 3 for column, order in parts), f"index {number} is damaged")
        layout["indexes"][number] = (name, flags, parts)

    def value(self, kind):
        """A value of a run of inserted rows."""
        if kind.name == "BOOLEAN":
            return self.u8()
        if kind.name in SIGNED or kind.name == "DECIMAL" and kind.precision <= 18:
            return self.signed()
        if kind.name in UNSIGNED:
            return self.varint()
        if kind.name in ("HUGEINT", "UHUGEINT", "UUID", "DECIMAL"):
            return self.signed() if self.u8() == 0 else integer(self.raw(16))
        if kind.is_text():
            return self.string()
        if kind.name in NESTED:
            return value_of_bytes(kind, self.string())
        return kind.decode(self.raw({"REAL": 4, "DOUBLE": 8, "INTERVAL": 16}[kind.name]), 1)[0]


class Table:
    def __init__(self, layout):
        self.layout = layout
        # Values by row id.
        self.rows = {}
        # What --chunks prints.
        self.parts = []

    def add_page(self, pager, page):
        """The row ids of each row group of a page, by the first."""
        names = {field: name for field, _, name in self.layout["columns"]}
        ids_of = {}
        for group, chunks, row_ids in read_page(page):
            count, first = group["num_rows"], group["first_row_id"]
            ids = list(read_chunk(pager, row_ids)) if row_ids else list(range(first, first + count))
            need(ids and (ids[0], ids[-1]) == (first, group["last_row_id"]), "a row group has other row ids than said")
            need(all(a < b for a, b in zip(ids, ids[1:])), "a row group's row ids do not ascend")
            need(not self.rows.keys() & ids, "a row id is there twice")
            columns = {chunk["field"]: read_chunk(pager, chunk) for chunk in chunks}
            none = [None] * count
            self.rows.update(zip(ids, zip(*(columns.get(field, none) for field, _, _ in self.layout["columns"]))))
            ids_of[first] = ids
            self.parts.append(f"row group {first}: {count} rows")
            self.parts += [describe(chunk, names.get(chunk["field"], "?")) for chunk in chunks]
            self.parts += [describe(row_ids, "(row ids)")] if row_ids else []
        return ids_of

    def insert(self, payload):
        """Section 3 of log.md."""
        data = Record(payload)
        while not data.done():
            first, count = data.varint(), data.varint()
            need(1 <= count <= MAX_RUN_ROWS and first % PAGE_ROWS + count <= PAGE_ROWS, "a run of rows is too long")
            columns = []
            for _, kind, _ in self.layout["columns"]:
                bitmap = data.raw((count + 7) // 8) if data.u8() else None
                column = []
                for i in range(count):
                    valid = bitmap is None or bitmap[i // 8] >> i % 8 & 1
                    column.append(data.value(kind) if valid else None)
                columns.append(column)
            for i, row in enumerate(zip(*columns)):
                need(first + i not in self.rows, "a row id is there twice")
                self.rows[first + i] = row
            self.parts.append(f"inserted by the log: {count} rows")

    def delete(self, row):
        need(self.rows.pop(row, None), f"row {row} is deleted and not there")

    def delete_places(self, ids, vector):
        """A deletion vector of tables.md."""
        data = Bytes(vector)
        need(data.varint() == len(ids), "a deletion vector has not its row group's rows")
        form = data.u8()
        need(form <= 1, "a deletion vector has an unknown form")
        if form == 1:
            bits = int.from_bytes(data.raw((len(ids) + 63) // 64 * 8), "little")
            need(bits >> len(ids) == 0, "a deletion vector has rows behind the last")
            places = [i for i in range(len(ids)) if bits >> i & 1]
        else:
            places, place = [], 0
            for _ in range(data.varint()):
                place += data.varint()
                need(place < len(ids), "a deletion vector has rows behind the last")
                places.append(place)
        for place in places:
            self.delete(ids[place])
        self.parts.append(f"deletion vector of row group {ids[0]}: {len(places)} rows, {('places', 'bitmap')[form]}")


def describe(chunk, name):
    return (f"  {name} {type_of(chunk)}: {ENCODINGS[chunk['encoding']]}, width {chunk['storage_width']}, "
            f"{chunk['num_nulls']} NULLs, {chunk['size_bytes']} bytes")


class Database:
    """tables.md: the last checkpoint, then the log after it."""

    def __init__(self, path):
        self.pager = Pager(path)
        self.tables = {}
        last_record = 0
        if self.pager.root is not None:
            root = Bytes(self.pager.root)
            need(root.raw(4) == b"LLKV", "the root has another magic")
            root.version("the root")
            _, last_record, _, _ = root.varint(), root.varint(), root.varint(), root.varint()
            for _ in range(root.varint()):
                table, key = root.varint(), root.varint()
                self.tables[table] = self.load(key)
        for number in sorted(self.pager.records):
            if number > last_record:
                self.replay(self.pager.records[number])
        self.names, self.others = self.read_catalog()

    def load(self, key):
        data = Record(self.pager.get(key))
        data.version("a table's metadata")
        table = Table(data.layout())
        _, living = data.varint(), data.varint()
        ids_of = {}
        for _ in range(data.varint()):
            page = data.varint()
            groups, end = [], 0
            for _ in range(data.varint()):
                first = end + data.varint()
                end = first + data.varint() + 1
                groups.append((first, end, data.varint()))
            found = table.add_page(self.pager, self.pager.get(page))
            need([(ids[0], ids[-1] + 1, len(ids)) for ids in found.values()] == groups, "a page has other row groups than its table says")
            ids_of.update(found)
        for _ in range(data.varint()):
            data.varint(), data.varint(), data.varint()
            if data.u8():
                data.string(), data.string()
            data.raw(256)
        for _ in range(data.varint()):
            first, deletes, count = data.varint(), data.varint(), data.varint()
            need(first in ids_of, "a deletion vector has no row group")
            before = len(table.rows)
            table.delete_places(ids_of[first], self.pager.get(deletes))
            need(before - len(table.rows) == count, "a deletion vector has another number of rows than its table says")
        need(len(table.rows) == living, f"a table has {len(table.rows)} rows and counts {living}")
        return table

    def replay(self, record):
        data = Bytes(record)
        data.version("a log record")
        data.varint(), data.varint()
        dropped = []
        while not data.done():
            kind, owner = data.u8(), data.varint()
            payload = data.raw(data.u32())
            if kind == 1:
                need(owner not in self.tables, f"table {owner} is created twice")
                self.tables[owner] = Table(Record(payload).layout())
                continue
            need(owner in self.tables and kind <= 7, f"a log record has a section {kind} of table {owner}")
            if kind == 2:
                dropped.append(owner)
            elif kind == 3:
                self.tables[owner].insert(payload)
            elif kind == 4:
                deleted, row = Bytes(payload), 0
                for _ in range(deleted.varint()):
                    row += deleted.varint()
                    self.tables[owner].delete(row)
            elif kind == 5:
                attached = Bytes(payload)
                for _ in range(attached.varint()):
                    self.tables[owner].add_page(self.pager, attached.string())
            elif kind == 6:
                Record(payload).add_index(self.tables[owner].layout)
            elif kind == 7:
                number = Bytes(payload).varint()
                need(number in self.tables[owner].layout["indexes"], f"index {number} is dropped and not there")
        for table in dropped:
            del self.tables[table]

    def read_catalog(self):
        """Tables by name, and what --to lists of views and types."""
        names, others = {}, []
        for object_id, kind, name, definition in self.tables[1].rows.values() if 1 in self.tables else []:
            name = name.decode()
            if kind in (1, SEGMENT, SORT_INDEX):
                need(object_id in self.tables, f"the catalog's table {object_id} is not there")
                names[name if kind == 1 else f"{name} {object_id}"] = self.tables[object_id]
            elif kind == TYPE:
                data = Bytes(definition)
                data.version("a catalog entry")
                need((data.varint(), data.string().decode()) == (object_id, name), "a type has another name or id")
                others.append(f"{name}: type {data.type()}")
            else:
                need(kind in (VIEW, COLUMN_STORE), f"the catalog has an object of kind {kind}")
                others += [f"{name}: view"] if kind == VIEW else []
        return names, sorted(others)


def field_of_csv(text):
    """NULL is empty, the empty string is not."""
    if text is None:
        return ""
    quoted = not text or any(mark in text for mark in ',"\r\n')
    return '"' + text.replace('"', '""') + '"' if quoted else text


def csv_of(table):
    kinds = [kind for _, kind, _ in table.layout["columns"]]
    yield ",".join(field_of_csv(name) for _, _, name in table.layout["columns"])
    for row in table.rows.values():
        yield ",".join(field_of_csv(None if value is None else kind.text(value)) for kind, value in zip(kinds, row))


def lines_of(database, arguments):
    if not arguments or arguments[0] == "--to":
        for name, table in sorted(database.names.items()):
            if arguments:
                with (pathlib.Path(arguments[1]) / f"{name}.csv").open("w", encoding="utf-8", newline="\n") as file:
                    file.writelines(line + "\n" for line in csv_of(table))
            columns = ", ".join(f"{column} {kind}" for _, kind, column in table.layout["columns"])
            yield f"{name} ({columns}): {len(table.rows)} rows"
        yield from database.others
    elif arguments == ["--chunks"]:
        for name, table in sorted(database.names.items()):
            yield from (f"{name}: {part}" for part in table.parts)
    else:
        need(arguments[0] in database.names, f"there is no table {arguments[0]}")
        yield from csv_of(database.names[arguments[0]])


def main():
    if len(sys.argv) not in (2, 3) and sys.argv[2:3] != ["--to"]:
        sys.exit(__doc__)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    try:
        for line in lines_of(Database(sys.argv[1]), sys.argv[2:]):
            print(line)
    except (*DAMAGES, OSError) as error:
        is_named = isinstance(error, (Damaged, OSError))
        sys.exit(f"{sys.argv[1]}: {error if is_named else f'damaged: {type(error).__name__}: {error}'}")


if __name__ == "__main__":
    main()
