#!/usr/bin/env python3
"""Reads an LLKV database file by what file.md, tables.md, log.md and chunks.md say, and nothing else.

reader.py FILE        lists tables and views with their columns and numbers of rows
reader.py FILE TABLE  prints a table's rows as CSV, in no particular order

Needs pyarrow for descriptor pages. Checksums are not verified: the standard library has no XXH3.
"""
import csv
import datetime
import decimal
import io
import struct
import sys

import pyarrow as pa

TYPES = {1: "BOOLEAN", 2: "TINYINT", 3: "SMALLINT", 4: "INTEGER", 5: "BIGINT", 6: "HUGEINT", 7: "UTINYINT",
         8: "USMALLINT", 9: "UINTEGER", 10: "UBIGINT", 12: "REAL", 13: "DOUBLE", 14: "DECIMAL", 15: "VARCHAR",
         16: "BLOB", 17: "DATE", 18: "TIME", 19: "TIMESTAMP", 20: "INTERVAL"}
SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DATE", "TIME", "TIMESTAMP"}
UNSIGNED = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
WIDTHS = {"BOOLEAN": 1, "TINYINT": 1, "SMALLINT": 2, "INTEGER": 4, "BIGINT": 8, "HUGEINT": 16, "UTINYINT": 1,
          "USMALLINT": 2, "UINTEGER": 4, "UBIGINT": 8, "REAL": 4, "DOUBLE": 8, "DATE": 4, "TIME": 8, "TIMESTAMP": 8,
          "INTERVAL": 16}
PAGE_ROWS = 131072


class Type:
    def __init__(self, number, precision, scale):
        self.name, self.precision, self.scale = TYPES[number], precision, scale

    def width(self):
        if self.name == "DECIMAL":
            return 8 if self.precision <= 18 else 16
        return WIDTHS[self.name]

    def is_text(self):
        return self.name in ("VARCHAR", "BLOB")

    def value(self, raw):
        """A stored number or bytes as what SQL shows."""
        if raw is None:
            return None
        if self.name == "BOOLEAN":
            return bool(raw)
        if self.name == "DECIMAL":
            return decimal.Decimal(raw).scaleb(-self.scale, decimal.Context(prec=60))
        if self.name == "VARCHAR":
            return raw.decode()
        if self.name == "DATE":
            return datetime.date(1970, 1, 1) + datetime.timedelta(days=raw)
        if self.name == "TIMESTAMP":
            return datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=raw)
        if self.name == "TIME":
            return (datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=raw)).time()
        return raw

    def decode(self, data, count):
        """`count` fixed-width values."""
        width = self.width()
        if self.name == "REAL":
            return list(struct.unpack_from(f"<{count}f", data))
        if self.name == "DOUBLE":
            return list(struct.unpack_from(f"<{count}d", data))
        if self.name == "INTERVAL":
            return [struct.unpack_from("<iiq", data, 16 * i) for i in range(count)]
        signed = self.name in SIGNED or self.name in ("HUGEINT", "DECIMAL")
        return [int.from_bytes(data[width * i:width * (i + 1)], "little", signed=signed) for i in range(count)]


class Bytes:
    """Primitives of log.md."""

    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def done(self):
        return self.at >= len(self.data)

    def raw(self, count):
        self.at += count
        assert self.at <= len(self.data), "bytes end too early"
        return self.data[self.at - count:self.at]

    def u8(self):
        return self.raw(1)[0]

    def u32(self):
        return struct.unpack("<I", self.raw(4))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def signed(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def string(self):
        return self.raw(self.varint())

    def type(self):
        return Type(self.u8(), self.u8(), self.u8())

    def layout(self):
        assert self.u8() == 1, "layout version"
        layout = {"id": self.varint(), "columns": []}
        for _ in range(self.varint()):
            field, kind, name = self.varint(), self.type(), self.string().decode()
            layout["columns"].append((field, kind, name))
        layout["key"] = [self.varint() for _ in range(self.varint())]
        layout["key_name"] = self.string().decode()
        return layout


class Pager:
    """file.md: blobs by key, the root, and log records."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        slots = []
        for start in (0, 4096):
            slot = self.data[start:start + 128]
            if slot[:16] == b"LLKV database\n\x1a\0":
                version, = struct.unpack_from("<I", slot, 16)
                assert version == 1, "format version"
                slots.append((struct.unpack_from("<Q", slot, 64)[0], struct.unpack_from("<QQ", slot, 72)))
        assert slots, "no header slot"
        self.blobs = {}
        self.records = {}
        self.read_checkpoint(*max(slots)[1])

    def read_checkpoint(self, offset, length):
        numbers = struct.unpack_from("<15Q", self.data, offset)
        (_, lsn, chain, _, _, truncated, log_offset, root, _, height, _, _, num_segments, has_root, root_length) = numbers
        at = offset + 120
        segments = [struct.unpack_from("<QQQQQI", self.data, at + 48 * i) for i in range(num_segments)]
        at += 48 * num_segments
        self.root = self.data[at:at + root_length] if has_root else None
        if root:
            self.read_node(root, height - 1, 0)
        # Records that are kept from before the checkpoint: the last log segment that begins at or before the first.
        logs = [segment for segment in segments if segment[5] == 2]
        for segment in sorted(logs, key=lambda s: s[4]):
            if segment[4] <= lsn:
                self.read_log(segment, segment[0], segment[4], None, lsn, False)
        log = next(s for s in logs if s[0] <= log_offset < s[0] + s[1])
        self.read_log(log, log_offset, lsn + 1, chain, None, True)

    def read_node(self, offset, level, first):
        found, = struct.unpack_from("<Q", self.data, offset)
        assert found == level, "directory node"
        bits = int.from_bytes(self.data[offset + 8:offset + 24], "little")
        at = offset + 24
        for slot in range(128):
            if not bits >> slot & 1:
                continue
            place = struct.unpack_from("<QQ", self.data, at)
            at += 16
            key = first + (slot << 7 * level)
            if level == 0:
                self.blobs[key] = place
            else:
                self.read_node(place[0], level - 1, key)

    def read_log(self, segment, at, number, chain, last, apply):
        """Commits from `number` on; those after the checkpoint change blobs and root."""
        end = segment[0] + segment[1]
        while at + 64 <= end and (last is None or number <= last):
            magic, kind, _, key, length, checksum = struct.unpack_from("<IHHQQQ", self.data, at)
            if magic != 0x654B4C4C or key != number or kind not in (4, 5):
                return
            body = self.data[at + 64:at + 64 + length]
            previous, = struct.unpack_from("<Q", body)
            if chain is not None and previous != chain:
                return
            chain = checksum
            if kind == 5:
                start, size = struct.unpack_from("<QQ", body, 8)
                at, end = start, start + size
                continue
            self.read_commit(number, body, apply)
            number += 1
            at += 64 + (length + 63) // 64 * 64

    def read_commit(self, number, body, apply):
        (_, _, _, _, puts, frees, segments, flags, root_length, log_length) = struct.unpack_from("<4Q4I2Q", body)
        at = 64
        for _ in range(puts):
            key, offset, length, _ = struct.unpack_from("<4Q", body, at)
            at += 32
            if apply:
                self.blobs[key] = (offset, length)
        for _ in range(frees):
            if apply:
                del self.blobs[struct.unpack_from("<Q", body, at)[0]]
            at += 8
        at += 48 * segments
        if apply and flags & 1:
            self.root = body[at:at + root_length]
        at += root_length
        if flags & 2:
            self.records[number] = body[at:at + log_length]

    def get(self, key):
        offset, length = self.blobs[key]
        return self.data[offset:offset + length]


class Table:
    def __init__(self, layout):
        self.layout = layout
        # Values by row id.
        self.rows = {}

    def add_page(self, pager, page):
        streams, = struct.unpack_from("<I", page, 12)
        assert page[:8] == b"LLKVDSCP" and streams == 2, "descriptor page"
        sizes = struct.unpack_from("<QQ", page, 16)
        groups = pa.ipc.open_stream(page[64:64 + sizes[0]]).read_all().to_pylist()
        start = 64 + (sizes[0] + 63) // 64 * 64
        chunks = iter(pa.ipc.open_stream(page[start:start + sizes[1]]).read_all().to_pylist())
        firsts = []
        for group in groups:
            columns = {}
            for _ in range(group["num_columns"]):
                chunk = next(chunks)
                columns[chunk["field"]] = read_chunk(pager, chunk)
            count = group["num_rows"]
            if group["row_ids_are_dense"]:
                ids = range(group["first_row_id"], group["first_row_id"] + count)
            else:
                ids = read_chunk(pager, next(chunks))
            none = [None] * count
            values = zip(*(columns.get(field, none) for field, _, _ in self.layout["columns"]))
            firsts.append((group["first_row_id"], list(ids)))
            self.rows.update(zip(ids, values))
        return dict(firsts)

    def insert(self, payload):
        """Section 3 of log.md."""
        data = Bytes(payload)
        while not data.done():
            first, count = data.varint(), data.varint()
            columns = []
            for _, kind, _ in self.layout["columns"]:
                bitmap = data.raw((count + 7) // 8) if data.u8() else None
                column = []
                for i in range(count):
                    valid = bitmap is None or bitmap[i // 8] >> i % 8 & 1
                    column.append(read_logged(data, kind) if valid else None)
                columns.append(column)
            for i, row in enumerate(zip(*columns)):
                self.rows[first + i] = row

    def delete(self, payload):
        data = Bytes(payload)
        row = 0
        for _ in range(data.varint()):
            row += data.varint()
            del self.rows[row]


def read_logged(data, kind):
    if kind.name == "BOOLEAN":
        return data.u8()
    if kind.name in SIGNED or kind.name == "DECIMAL" and kind.precision <= 18:
        return data.signed()
    if kind.name in UNSIGNED:
        return data.varint()
    if kind.name in ("HUGEINT", "DECIMAL"):
        return data.signed() if data.u8() == 0 else int.from_bytes(data.raw(16), "little", signed=True)
    if kind.is_text():
        return data.string()
    return kind.decode(data.raw(kind.width()), 1)[0]


def read_chunk(pager, chunk):
    """The values of a chunk (chunks.md, 2), as raw numbers or bytes."""
    kind = Type(chunk["type"] & 255, chunk["type"] >> 8 & 255, chunk["type"] >> 16 & 255)
    count = chunk["num_rows"]
    if chunk["encoding"] == 1:
        constant = chunk["constant"]
        if constant is not None and not kind.is_text():
            if kind.name in ("REAL", "DOUBLE"):
                constant = struct.unpack("<d", constant)[0]
            elif kind.name == "INTERVAL":
                constant = struct.unpack("<iiq", constant)
            else:
                constant = int.from_bytes(constant, "little", signed=True)
        return [constant] * count
    blob = pager.get(chunk["key"])

    def buffer(name):
        return blob[chunk[name + "_offset"]:chunk[name + "_offset"] + chunk[name + "_length"]]

    def texts(offsets, data, number):
        ends = struct.unpack_from(f"<{number + 1}i", offsets)
        return [data[ends[i]:ends[i + 1]] for i in range(number)]

    data = buffer("data")
    width = chunk["storage_width"]
    if chunk["encoding"] == 0:
        values = texts(data, buffer("bytes"), count) if kind.is_text() else kind.decode(data, count)
    else:
        signed = width == 8
        numbers = [int.from_bytes(data[width * i:width * (i + 1)], "little", signed=signed) for i in range(count)]
        if chunk["encoding"] == 2:
            size = chunk["dictionary_size"]
            entries = (texts(buffer("dictionary"), buffer("dictionary_bytes"), size) if kind.is_text()
                       else kind.decode(buffer("dictionary"), size))
            values = [entries[code] for code in numbers]
        else:
            assert chunk["encoding"] == 3, "chunk encoding"
            base = chunk["base"] - (1 << 64) if chunk["base"] >> 63 and kind.name not in UNSIGNED else chunk["base"]
            values = [base + number for number in numbers]
    if chunk["num_nulls"]:
        validity = buffer("validity")
        values = [value if validity[i // 8] >> i % 8 & 1 else None for i, value in enumerate(values)]
    return values


def read_deletes(blob, count):
    data = Bytes(blob)
    assert data.varint() == count, "deletion vector"
    if data.u8() == 1:
        bits = int.from_bytes(data.raw((count + 63) // 64 * 8), "little")
        return [i for i in range(count) if bits >> i & 1]
    places, place = [], 0
    for _ in range(data.varint()):
        place += data.varint()
        places.append(place)
    return places


class Database:
    """tables.md: the last checkpoint, then the log after it."""

    def __init__(self, path):
        self.pager = Pager(path)
        self.tables = {}
        last_record = 0
        if self.pager.root is not None:
            root = Bytes(self.pager.root)
            assert root.raw(4) == b"LLKV" and root.u8() == 1, "root"
            _, last_record, _, _ = root.varint(), root.varint(), root.varint(), root.varint()
            for _ in range(root.varint()):
                table, key = root.varint(), root.varint()
                self.tables[table] = self.load(key)
        for number in sorted(self.pager.records):
            if number > last_record:
                self.replay(self.pager.records[number])
        self.names, self.views = self.read_catalog()

    def load(self, key):
        data = Bytes(self.pager.get(key))
        assert data.u8() == 1, "metadata version"
        table = Table(data.layout())
        data.varint(), data.varint()
        groups = {}
        for _ in range(data.varint()):
            groups.update(table.add_page(self.pager, self.pager.get(data.varint())))
        for _ in range(data.varint()):
            first, deletes = data.varint(), data.varint()
            ids = groups[first]
            for place in read_deletes(self.pager.get(deletes), len(ids)):
                del table.rows[ids[place]]
        return table

    def replay(self, record):
        data = Bytes(record)
        assert data.u8() == 1, "log record version"
        data.varint(), data.varint()
        dropped = []
        while not data.done():
            kind, owner = data.u8(), data.varint()
            payload = data.raw(data.u32())
            if kind == 1:
                self.tables[owner] = Table(Bytes(payload).layout())
            elif kind == 2:
                dropped.append(owner)
            elif kind == 3:
                self.tables[owner].insert(payload)
            elif kind == 4:
                self.tables[owner].delete(payload)
            elif kind == 5:
                attached = Bytes(payload)
                for _ in range(attached.varint()):
                    self.tables[owner].add_page(self.pager, attached.string())
        for table in dropped:
            del self.tables[table]

    def read_catalog(self):
        names, views = {}, []
        for object_id, kind, name, _ in self.tables[1].rows.values() if 1 in self.tables else []:
            if kind == 1:
                names[name.decode()] = object_id
            else:
                views.append(name.decode())
        return names, sorted(views)


def shown(value):
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    database = Database(sys.argv[1])
    if len(sys.argv) == 2:
        for name, table_id in sorted(database.names.items()):
            table = database.tables[table_id]
            columns = ", ".join(f"{column} {kind.name}" for _, kind, column in table.layout["columns"])
            print(f"{name} ({columns}): {len(table.rows)} rows")
        for view in database.views:
            print(f"{view}: view")
        return
    table = database.tables[database.names[sys.argv[2]]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column for _, _, column in table.layout["columns"]])
    kinds = [kind for _, kind, _ in table.layout["columns"]]
    for row in table.rows.values():
        writer.writerow([shown(kind.value(value)) for kind, value in zip(kinds, row)])
    sys.stdout.write(out.getvalue())


if __name__ == "__main__":
    main()
