"""SQL types of the format's documents for reader.py: their stored values, and these as the text that SQL shows."""
import decimal
import struct

TYPES = {0: "NULL", 1: "BOOLEAN", 2: "TINYINT", 3: "SMALLINT", 4: "INTEGER", 5: "BIGINT", 6: "HUGEINT", 7: "UTINYINT",
         8: "USMALLINT", 9: "UINTEGER", 10: "UBIGINT", 11: "UHUGEINT", 12: "REAL", 13: "DOUBLE", 14: "DECIMAL",
         15: "VARCHAR", 16: "BLOB", 17: "DATE", 18: "TIME", 19: "TIMESTAMP", 20: "INTERVAL", 21: "TIMESTAMPTZ",
         22: "TIMESTAMP_S", 23: "TIMESTAMP_MS", 24: "TIMESTAMP_NS", 25: "TIMETZ", 26: "UUID", 27: "JSON", 28: "BIT",
         29: "ANY", 32: "ENUM", 33: "LIST", 34: "ARRAY", 35: "STRUCT", 36: "MAP", 37: "UNION"}
# Digits of a second's fraction that a unit of each has.
TIMESTAMPS = {"TIMESTAMP": 6, "TIMESTAMPTZ": 6, "TIMESTAMP_S": 0, "TIMESTAMP_MS": 3, "TIMESTAMP_NS": 9}
SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DATE", "TIME", "TIMETZ", *TIMESTAMPS}
UNSIGNED = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "ENUM"}
NESTED = {"LIST", "ARRAY", "STRUCT", "MAP", "UNION"}
# What numbers are held less by, so that they are signed.
HALF = 1 << 127
MAX_OFFSET = 57_599
# How `struct` spells a value of each type; 16 bytes are an integer or an interval.
FORMS = {"BOOLEAN": "B", "TINYINT": "b", "SMALLINT": "h", "INTEGER": "i", "BIGINT": "q", "HUGEINT": "16s",
         "UTINYINT": "B", "USMALLINT": "H", "UINTEGER": "I", "UBIGINT": "Q", "REAL": "f", "DOUBLE": "d", "DATE": "i",
         "TIME": "q", "TIMETZ": "q", "INTERVAL": "16s", "UHUGEINT": "16s", "UUID": "16s",
         **dict.fromkeys(TIMESTAMPS, "q")}


class Damaged(Exception):
    """The file is not what the documents say."""


def need(condition, what):
    if not condition:
        raise Damaged(what)


def integer(data):
    return int.from_bytes(data, "little", signed=True)


class Type:
    """Of ENUM the labels, of a nested type the fields as (name, type): LIST and ARRAY have one, MAP key and value.

    A value of a LIST, ARRAY or STRUCT is a list, of a MAP a list of pairs, of a UNION the number of the member and its
    value; of others what decode() gives, or bytes."""

    def __init__(self, number, precision=0, scale=0, labels=(), fields=(), size=0):
        need(number in TYPES, f"unknown type {number}")
        self.number, self.name, self.precision, self.scale = number, TYPES[number], precision, scale
        self.labels, self.fields, self.size = labels, fields, size

    def __str__(self):
        if self.name == "DECIMAL":
            return f"DECIMAL({self.precision},{self.scale})"
        if self.name == "ENUM":
            return f"ENUM({', '.join(quoted(label) for label in self.labels)})"
        if self.name in ("LIST", "ARRAY"):
            return f"{self.fields[0][1]}[{self.size if self.name == 'ARRAY' else ''}]"
        fields = ", ".join(f"{'' if self.name == 'MAP' else name} {kind}".lstrip() for name, kind in self.fields)
        return f"{self.name}({fields})" if self.fields else self.name

    def form(self):
        if self.name == "DECIMAL":
            return "q" if self.precision <= 18 else "16s"
        if self.name == "ENUM":
            return "B" if len(self.labels) <= 256 else "H"
        return FORMS[self.name]

    def is_text(self):
        return self.name in ("VARCHAR", "BLOB", "JSON", "BIT", "ANY")

    def decode(self, data, count):
        """`count` fixed-width values."""
        form = self.form()
        if form != "16s":
            return struct.unpack_from(f"<{count}{form}", data)
        values = struct.unpack_from("16s" * count, data)
        return [struct.unpack("<iiq", value) if self.name == "INTERVAL" else integer(value) for value in values]

    def text(self, value):
        """A value as SQL shows it."""
        if self.name == "BOOLEAN":
            return "true" if value else "false"
        if self.name == "DECIMAL":
            return format(decimal.Decimal(value).scaleb(-self.scale, decimal.Context(prec=60)), "f")
        if self.name in ("VARCHAR", "JSON"):
            return value.decode()
        if self.name == "BLOB":
            return "\\x" + value.hex()
        if self.name == "DATE":
            return "{}{}".format(*date_text(value))
        if self.name in TIMESTAMPS:
            digits = TIMESTAMPS[self.name]
            day, time = divmod(value, 86_400 * 10 ** digits)
            date, era = date_text(day)
            return f"{date} {time_text(time, digits)}{'+00' if self.name == 'TIMESTAMPTZ' else ''}{era}"
        if self.name == "TIME":
            return time_text(value, 6)
        if self.name == "TIMETZ":
            west = value & 0x1FFFF
            return time_text((value >> 17) - west * 1_000_000, 6) + offset_text(MAX_OFFSET - west)
        if self.name == "UUID":
            digits = f"{value + HALF:032x}"
            return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
        if self.name == "BIT":
            return bit_digits(value)
        if self.name == "ANY":
            return any_text(value)
        if self.name == "ENUM":
            return self.labels[value]
        if self.name in NESTED:
            return nested_text(self, value)
        if self.name == "INTERVAL":
            return interval_text(*value)
        if self.name in ("REAL", "DOUBLE"):
            return float_text(value, self.name == "REAL")
        return str(value + HALF if self.name == "UHUGEINT" else value)


def any_text(value):
    """A dynamic value: a tag, then eight bytes of a number, or text or a blob."""
    need(value and value[0] in (1, 2, 3, 4) and (value[0] > 2 or len(value) == 9), "a dynamic value is malformed")
    if value[0] == 1:
        return str(integer(value[1:]))
    if value[0] == 2:
        return float_text(struct.unpack("<d", value[1:])[0], False)
    return value[1:].decode() if value[0] == 3 else "\\x" + value[1:].hex()


def bit_digits(held):
    """The digits of a BIT: seven in a byte, and in the last one as many as the byte behind it says."""
    if not held:
        return ""
    *full, last, used = held
    need(1 <= used <= 7, "a bit string is malformed")
    return "".join(f"{byte >> 1:07b}" for byte in full) + f"{last >> 1:07b}"[:used]


def quoted(text, escape=("'", "''")):
    return "'" + text.replace(*escape) + "'"


def nested_text(kind, value):
    if kind.name in ("LIST", "ARRAY"):
        return "[" + ", ".join(element_text(kind.fields[0][1], item) for item in value) + "]"
    if kind.name == "UNION":
        member, item = value
        return element_text(kind.fields[member][1], item)
    if kind.name == "MAP":
        (_, key), (_, item) = kind.fields
        return "{" + ", ".join(f"{element_text(key, k)}={element_text(item, v)}" for k, v in value) + "}"
    texts = [element_text(field, item) for (_, field), item in zip(kind.fields, value)]
    if not kind.fields[0][0]:
        return "(" + ", ".join(texts) + ")"
    names = [escaped(name) for name, _ in kind.fields]
    return "{" + ", ".join(f"{name}: {text}" for name, text in zip(names, texts)) + "}"


def escaped(text):
    return quoted(text.replace("\\", "\\\\"), ("'", "\\'"))


def element_text(kind, value):
    """Inside a nested value: in quotes where it would be read as something else."""
    if value is None:
        return "NULL"
    if kind.name in NESTED:
        return nested_text(kind, value)
    text = kind.text(value)
    is_plain = text and text == text.strip(" \t\n\v\f\r") and text.lower() != "null"
    return text if is_plain and not set(text) & set("\"'(),:=[\\]{}") else escaped(text)


def date_text(days):
    """Year, month and day of days since 1970-01-01, and what stands behind it all for years before 1."""
    era, day = divmod(days + 719468, 146097)
    year = (day - day // 1460 + day // 36524 - day // 146096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += 400 * era + (month >= 10)
    month += 3 if month < 10 else -9
    return f"{year if year > 0 else 1 - year:04}-{month:02}-{day + 1:02}", "" if year > 0 else " BC"


def time_text(units, digits):
    """Of micro- or nanoseconds."""
    seconds, rest = divmod(units, 10 ** digits)
    fraction = f".{rest:0{digits}}".rstrip("0") if rest else ""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{fraction}"


def offset_text(seconds):
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{'-' if seconds < 0 else '+'}{hours:02}"
    if rest:
        text += f":{rest // 60:02}"
    return text + (f":{rest % 60:02}" if rest % 60 else "")


def interval_text(months, days, nanos):
    years, months = abs(months) // 12 * (-1 if months < 0 else 1), abs(months) % 12 * (-1 if months < 0 else 1)
    words, was_negative = [], False
    for value, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if value:
            sign = "+" if value > 0 and was_negative else ""
            words.append(f"{sign}{value} {unit}{'' if value == 1 else 's'}")
            was_negative = value < 0
    if nanos or not words:
        sign = "-" if nanos < 0 else "+" if was_negative else ""
        words.append(sign + time_text(abs(nanos), 9))
    return " ".join(words)


def float_text(value, is_real):
    """The shortest digits that mean the value, with an exponent where PostgreSQL has one."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    shortest = repr(value)
    if is_real:
        shortest = next(text for text in (f"{value:.{n}g}" for n in range(1, 10))
                        if struct.unpack("<f", struct.pack("<f", float(text)))[0] == value)
    digits = decimal.Decimal(shortest)
    exponent = digits.adjusted() if digits else 0
    digits = digits.normalize()
    if -4 <= exponent < (6 if is_real else 15):
        return format(digits, "f")
    sign, figures, _ = digits.as_tuple()
    fraction = "".join(map(str, figures[1:]))
    return f"{'-' if sign else ''}{figures[0]}{'.' if fraction else ''}{fraction}e{exponent:+03}"
