"""chunks.md for reader.py: the values of chunks, as numbers, bytes or intervals; None is NULL."""
import struct

import pyarrow as pa

from reader_bytes import Bytes
from reader_nested import read_nested_chunk
from reader_values import Damaged, Type, integer, need

ENCODINGS = ("flat", "constant", "dictionary", "narrow", "run-end", "text", "decimal", "nested")
FLAT, CONSTANT, DICTIONARY, NARROW, RUN_END, TEXT, DECIMAL, NESTED = range(8)
# Of codes, sizes and narrow integers, by `storage_width`.
STORED_FORMS = {1: "B", 2: "H", 4: "I", 8: "q"}
MAX_GROUP_ROWS = 131072
BLOCK_ROWS = 2048


def read_page(page):
    """The row groups of a descriptor page: each its numbers, and the descriptors of its columns and of its row ids."""
    need(page[:8] == b"LLKVDSCP" and len(page) >= 64, "a descriptor page has another magic")
    version, num_streams, *sizes = struct.unpack_from("<IIQQ", page, 8)
    need(version == 1 and num_streams == 2, "a descriptor page has another version")
    streams, at = [], 64
    for size in sizes:
        need(size <= len(page) - at, "a descriptor page is too short")
        streams.append(read_stream(page[at:at + size]))
        at += (size + 63) // 64 * 64
    groups, chunks = streams
    found, at = [], 0
    for group in groups:
        end = at + group["num_columns"]
        need(end + (not group["row_ids_are_dense"]) <= len(chunks), "a descriptor page has too few chunks")
        row_ids = None if group["row_ids_are_dense"] else chunks[end]
        found.append((group, chunks[at:end], row_ids))
        at = end + (row_ids is not None)
        for chunk in (*found[-1][1], *filter(None, [row_ids])):
            need(chunk["num_rows"] == group["num_rows"] <= MAX_GROUP_ROWS, "a chunk has not its row group's rows")
    need(at == len(chunks), "a descriptor page has too many chunks")
    return found


def read_stream(data):
    """Rows of an Arrow stream, as dictionaries."""
    try:
        return pa.ipc.open_stream(data).read_all().to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"a descriptor page has no Arrow stream: {error}") from error


def type_of(chunk):
    if chunk["type_description"] is None:
        return Type(chunk["type"] & 255, chunk["type"] >> 8 & 255, chunk["type"] >> 16 & 255)
    description = Bytes(chunk["type_description"])
    kind = description.type()
    need(description.done() and kind.number == chunk["type"], "a chunk's type is not as it is described")
    return kind


def read_chunk(pager, chunk):
    """The values of a chunk."""
    if chunk["encoding"] == CONSTANT:
        return [constant_of(type_of(chunk), chunk["constant"])] * chunk["num_rows"]
    need(chunk["encoding"] < len(ENCODINGS), f"unknown encoding {chunk['encoding']}")
    blob = pager.get(chunk["key"])
    need(len(blob) == chunk["size_bytes"], "a chunk has another size than its descriptor says")
    if chunk["encoding"] == NESTED:
        values = read_nested_chunk(type_of(chunk), blob, chunk["num_rows"])
        need(values.count(None) == chunk["num_nulls"], "a chunk's null count is wrong")
        return values
    values = Chunk(chunk, blob).values()
    if chunk["num_nulls"]:
        bits = int.from_bytes(Chunk(chunk, blob).buffer("validity"), "little")
        need(bits.bit_count() == len(values) - chunk["num_nulls"], "a chunk's null count is wrong")
        values = [value if bit == "1" else None for value, bit in zip(values, reversed(f"{bits:0{len(values)}b}"))]
    return values


def constant_of(kind, data):
    if data is None or kind.is_text():
        return data
    if kind.name in ("REAL", "DOUBLE"):
        return struct.unpack("<d", data)[0]
    return struct.unpack("<iiq", data) if kind.name == "INTERVAL" else integer(data)


class Chunk:
    def __init__(self, descriptor, blob):
        self.descriptor, self.blob = descriptor, blob
        self.kind = type_of(descriptor)
        self.num_rows, self.size = descriptor["num_rows"], descriptor["dictionary_size"]
        # The 64 bytes at the end belong to no buffer.
        self.end = len(blob) - 64

    def buffer(self, name):
        start, length = self.descriptor[name + "_offset"], self.descriptor[name + "_length"]
        need(start + length <= self.end, f"the buffer {name} lies outside of its chunk")
        return self.blob[start:start + length]

    def values(self):
        """Of NULL rows, anything."""
        encoding = self.descriptor["encoding"]
        if encoding == FLAT:
            return self.entries("data", "bytes", self.num_rows)
        if encoding == DICTIONARY:
            entries = self.entries("dictionary", "dictionary_bytes", self.size)
            codes = self.stored(self.num_rows)
            need(max(codes) < len(entries), "a chunk has codes outside its dictionary")
            return [entries[code] for code in codes]
        if encoding == NARROW:
            return [self.base() + number for number in self.stored(self.num_rows)]
        if encoding == RUN_END:
            return self.runs()
        if encoding == TEXT:
            return self.texts()
        power = 10 ** self.descriptor["scale"]
        need(power <= 10 ** 22, "a chunk has too great a scale")
        # Both are doubles before the division: integers divided by integers would be rounded once only.
        return [float(self.base() + number) / float(power) for number in self.stored(self.num_rows)]

    def base(self):
        """Two's complement of 64 bits."""
        return integer(self.descriptor["base"].to_bytes(8, "little"))

    def entries(self, data, texts, count):
        """Values of the type itself."""
        return self.strings(data, texts, count) if self.kind.is_text() else self.kind.decode(self.buffer(data), count)

    def stored(self, count):
        """Codes, sizes or narrow integers of the data buffer."""
        width = self.descriptor["storage_width"]
        if width == 0:
            return self.kind.decode(self.buffer("data"), count)
        need(width in STORED_FORMS, "a chunk's integers have an unknown width")
        return struct.unpack_from(f"<{count}{STORED_FORMS[width]}", self.buffer("data"))

    def strings(self, offsets, data, count):
        ends = struct.unpack_from(f"<{count + 1}i", self.buffer(offsets))
        data = self.buffer(data)
        ascend = ends[0] == 0 and ends[-1] == len(data) and list(ends) == sorted(ends)
        need(ascend, "a chunk's offsets are out of order")
        return [data[ends[i]:ends[i + 1]] for i in range(count)]

    def runs(self):
        ends = struct.unpack_from(f"<{self.size}i", self.buffer("dictionary"))
        values, start = [], 0
        for end, number in zip(ends, self.stored(self.size)):
            need(start < end <= self.num_rows, "a chunk's run ends are out of order")
            values += [self.base() + number] * (end - start)
            start = end
        need(start == self.num_rows, "a chunk's runs are not all its rows")
        return values

    def texts(self):
        table, *blocks = self.strings("dictionary", "dictionary_bytes", self.size)
        symbols = read_symbols(table)
        sizes = self.stored(self.num_rows)
        need(len(blocks) == (self.num_rows + BLOCK_ROWS - 1) // BLOCK_ROWS, "a chunk has not the blocks of its rows")
        values = []
        for number, block in enumerate(blocks):
            at = 0
            for size in sizes[number * BLOCK_ROWS:(number + 1) * BLOCK_ROWS]:
                values.append(decompress(symbols, block[at:at + size]))
                at += size
            need(at == len(block), "a block of text has not the sizes of its strings")
        return values


def read_symbols(table):
    """What each code from 0 to 254 stands for."""
    need(table and len(table) > table[0] <= 255, "a table of symbols is malformed")
    at = 1 + table[0]
    symbols = []
    for size in table[1:at]:
        need(1 <= size <= 8, "a symbol has an impossible size")
        symbols.append(table[at:at + size])
        at += size
    need(at == len(table), "a table of symbols is malformed")
    return symbols + [b""] * (255 - len(symbols))


def decompress(symbols, codes):
    text, at = bytearray(), 0
    while at < len(codes):
        if codes[at] == 255:
            # A byte that stands for itself; nothing where the string ends here.
            text += codes[at + 1:at + 2]
            at += 2
        else:
            text += symbols[codes[at]]
            at += 1
    return bytes(text)
