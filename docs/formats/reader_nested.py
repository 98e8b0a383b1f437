"""Nested values for reader.py: as bytes (values.md), and as Arrow arrays in chunks (chunks.md)."""
import struct

import pyarrow as pa

from reader_bytes import Bytes
from reader_values import HALF, NESTED, Damaged, integer, need

END, VALUE, NULL = range(3)
ARROW_TYPES = {"b": pa.int8(), "h": pa.int16(), "i": pa.int32(), "q": pa.int64(), "B": pa.uint8(), "H": pa.uint16(),
               "I": pa.uint32(), "Q": pa.uint64(), "f": pa.float32(), "d": pa.float64(), "16s": pa.binary(16)}


def value_of_bytes(kind, data):
    """A value of a nested type that the log has."""
    data = Bytes(data)
    value = read_body(kind, data)
    need(data.done(), "a nested value has bytes behind it")
    return value


def read_part(kind, data):
    mark = data.u8()
    need(mark in (VALUE, NULL), "a nested value has no mark")
    return read_body(kind, data) if mark == VALUE else None


def read_body(kind, data):
    if kind.name == "LIST":
        items = []
        while mark := data.u8():
            need(mark <= NULL, "a nested value has no mark")
            items.append(read_body(kind.fields[0][1], data) if mark == VALUE else None)
        return items
    if kind.name == "MAP":
        (_, key), (_, item) = kind.fields
        entries = []
        while mark := data.u8():
            need(mark == VALUE, "a key of a map is NULL")
            entries.append((read_body(key, data), read_part(item, data)))
        return entries
    if kind.name == "ARRAY":
        return [read_part(kind.fields[0][1], data) for _ in range(kind.size)]
    if kind.name == "STRUCT":
        return [read_part(field, data) for _, field in kind.fields]
    if kind.name == "UNION":
        member = data.u8()
        need(member < len(kind.fields), "a union has no such member")
        return member, read_body(kind.fields[member][1], data)
    return read_scalar(kind, data)


def read_scalar(kind, data):
    if kind.is_text():
        return read_text(data)
    if kind.name == "INTERVAL":
        length, months, days = read_signed(data, 16), read_signed(data, 4), read_signed(data, 4)
        return months, days, length - (months * 30 + days) * 86_400 * 10 ** 9
    form = kind.form()
    if form in "fd":
        width = struct.calcsize(form)
        bits, sign = int.from_bytes(data.raw(width), "big"), 1 << 8 * width - 1
        bits = bits ^ sign if bits & sign else bits ^ 2 * sign - 1
        return struct.unpack(">" + form, bits.to_bytes(width, "big"))[0]
    if form in "BHIQ":
        return int.from_bytes(data.raw(struct.calcsize("<" + form)), "big")
    return read_signed(data, struct.calcsize("<" + form))


def read_signed(data, width):
    return int.from_bytes(data.raw(width), "big") - (1 << 8 * width - 1)


def read_text(data):
    text = bytearray()
    while True:
        byte = data.u8()
        if byte == 0:
            follows = data.u8()
            need(follows in (0, 255), "a nested text is malformed")
            if follows == 0:
                return bytes(text)
        text.append(byte)


def read_nested_chunk(kind, blob, num_rows):
    """The values of a nested chunk, None for NULL."""
    need(kind.name in NESTED, "a nested chunk has another type")
    try:
        schema = pa.schema([pa.field("values", arrow_type(kind))])
        batch = pa.ipc.read_record_batch(pa.py_buffer(blob), schema)
        batch.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise Damaged(f"a nested chunk is no Arrow data of its type: {error}") from error
    need(batch.num_rows == num_rows, "a nested chunk has not its rows")
    return values_of_array(kind, batch.column(0))


def arrow_type(kind):
    """One of the layout of the type's, in which Python shows each value that there may be."""
    fields = [arrow_type(field) for _, field in kind.fields]
    if kind.name == "LIST":
        return pa.list_(fields[0])
    if kind.name == "ARRAY":
        return pa.list_(fields[0], kind.size)
    if kind.name == "MAP":
        return pa.map_(*fields)
    if kind.name in ("STRUCT", "UNION"):
        fields = [pa.field(str(i), field) for i, field in enumerate(fields)]
        return pa.struct(fields) if kind.name == "STRUCT" else pa.dense_union(fields)
    if kind.name in ("NULL", "BOOLEAN"):
        return pa.null() if kind.name == "NULL" else pa.bool_()
    if kind.is_text():
        return pa.binary()
    return ARROW_TYPES["16s" if kind.name == "DECIMAL" else kind.form()]


def values_of_array(kind, array):
    if kind.name not in NESTED:
        return [None if value is None else value_of_scalar(kind, value) for value in array.to_pylist()]
    if kind.name == "UNION":
        members = [values_of_array(field, array.field(i)) for i, (_, field) in enumerate(kind.fields)]
        places = zip(array.type_codes.to_pylist(), array.offsets.to_pylist())
        return [None if members[member][at] is None else (member, members[member][at]) for member, at in places]
    if kind.name == "STRUCT":
        columns = [values_of_array(field, array.field(i)) for i, (_, field) in enumerate(kind.fields)]
        values = [list(row) for row in zip(*columns)]
    else:
        if kind.name == "MAP":
            items = list(zip(*(values_of_array(field, child)
                               for (_, field), child in zip(kind.fields, (array.keys, array.items)))))
        else:
            items = values_of_array(kind.fields[0][1], array.values)
        if kind.name == "ARRAY":
            ends = range(0, (len(array) + 1) * kind.size, kind.size)
        else:
            ends = array.offsets.to_pylist()
        values = [items[ends[i]:ends[i + 1]] for i in range(len(array))]
    return [value if valid else None for value, valid in zip(values, array.is_valid().to_pylist())]


def value_of_scalar(kind, value):
    """As it is held elsewhere."""
    if kind.name == "INTERVAL":
        return struct.unpack("<iiq", value)
    if kind.name == "UUID":
        return int.from_bytes(value, "big") - HALF
    if kind.name == "BIT":
        return held_bits(value)
    return integer(value) if kind.name == "DECIMAL" or not kind.is_text() and kind.form() == "16s" else value


def held_bits(packed):
    """From a byte with the number of unused bits of the last byte, and the bits."""
    need(packed and packed[0] <= 7, "a bit string is malformed")
    size = 8 * (len(packed) - 1)
    digits = f"{int.from_bytes(packed[1:], 'big'):0{size}b}"[:size - packed[0]] if size else ""
    groups = [digits[i:i + 7] for i in range(0, len(digits), 7)]
    held = bytes(int(group.ljust(7, "0"), 2) << 1 | (i + 1 < len(groups)) for i, group in enumerate(groups))
    return held + bytes([len(groups[-1])]) if groups else b""
