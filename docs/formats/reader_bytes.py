"""Primitives of log.md for reader.py, types among them."""
import struct

from reader_values import Type, need

ENUM, LIST, ARRAY, STRUCT, MAP, UNION = range(32, 38)
MAX_TYPE_DEPTH = 64


class Bytes:
    def __init__(self, data):
        self.data, self.at = data, 0

    def done(self):
        return self.at >= len(self.data)

    def raw(self, count):
        self.at += count
        need(self.at <= len(self.data), "bytes end too early")
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
            need(value < 1 << 64, "a varint is too long")
            if byte < 128:
                return value

    def signed(self):
        value = self.varint()
        return (value >> 1) ^ -(value & 1)

    def string(self):
        return self.raw(self.varint())

    def version(self, what, newest=1):
        need(1 <= self.u8() <= newest, f"{what} has another version")

    def type(self, depth=0):
        need(depth <= MAX_TYPE_DEPTH, "a type is too deep")
        number, precision, scale = self.u8(), self.u8(), self.u8()
        labels, fields, size = (), (), 0
        if number == ENUM:
            labels = [self.string().decode() for _ in range(self.varint())]
        elif number in (LIST, ARRAY):
            size = self.varint() if number == ARRAY else 0
            fields = [("element", self.type(depth + 1))]
        elif number in (STRUCT, UNION):
            fields = [(self.string().decode(), self.type(depth + 1)) for _ in range(self.varint())]
            need(fields, "a type has no fields")
        elif number == MAP:
            fields = [(name, self.type(depth + 1)) for name in ("key", "value")]
        return Type(number, precision, scale, labels, fields, size)
