"""SQL types of the format's documents for reader.py: their stored values, and these as the text that SQL shows."""
import decimal
import struct

TYPES = {1: "BOOLEAN", 2: "TINYINT", 3: "SMALLINT", 4: "INTEGER", 5: "BIGINT", 6: "HUGEINT", 7: "UTINYINT",
         8: "USMALLINT", 9: "UINTEGER", 10: "UBIGINT", 12: "REAL", 13: "DOUBLE", 14: "DECIMAL", 15: "VARCHAR",
         16: "BLOB", 17: "DATE", 18: "TIME", 19: "TIMESTAMP", 20: "INTERVAL"}
SIGNED = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DATE", "TIME", "TIMESTAMP"}
UNSIGNED = {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}
# How `struct` spells a value of each type; 16 bytes are an integer or an interval.
FORMS = {"BOOLEAN": "B", "TINYINT": "b", "SMALLINT": "h", "INTEGER": "i", "BIGINT": "q", "HUGEINT": "16s",
         "UTINYINT": "B", "USMALLINT": "H", "UINTEGER": "I", "UBIGINT": "Q", "REAL": "f", "DOUBLE": "d", "DATE": "i",
         "TIME": "q", "TIMESTAMP": "q", "INTERVAL": "16s"}


class Damaged(Exception):
    """The file is not what the documents say."""


def need(condition, what):
    if not condition:
        raise Damaged(what)


def integer(data):
    return int.from_bytes(data, "little", signed=True)


class Type:
    def __init__(self, number, precision, scale):
        need(number in TYPES, f"unknown type {number}")
        self.name, self.precision, self.scale = TYPES[number], precision, scale

    def __str__(self):
        return f"DECIMAL({self.precision},{self.scale})" if self.name == "DECIMAL" else self.name

    def form(self):
        if self.name == "DECIMAL":
            return "q" if self.precision <= 18 else "16s"
        return FORMS[self.name]

    def is_text(self):
        return self.name in ("VARCHAR", "BLOB")

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
        if self.name == "VARCHAR":
            return value.decode()
        if self.name == "BLOB":
            return "\\x" + value.hex()
        if self.name == "DATE":
            return "{}{}".format(*date_text(value))
        if self.name == "TIMESTAMP":
            day, micros = divmod(value, 86_400_000_000)
            date, era = date_text(day)
            return f"{date} {time_text(micros, 6)}{era}"
        if self.name == "TIME":
            return time_text(value, 6)
        if self.name == "INTERVAL":
            return interval_text(*value)
        if self.name in ("REAL", "DOUBLE"):
            return float_text(value, self.name == "REAL")
        return str(value)


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
