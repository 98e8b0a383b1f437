"""Values of three engines as one Python value each, and whether two results are the same."""
import datetime
import decimal
import math
import re

RELATIVE_TOLERANCE = 1e-9
INTERVAL_UNITS = {"year": 360, "mon": 30, "day": 1}


def parse_interval(text):
    """LLKV's text of an interval; months count as 30 days, as in Python's values of DuckDB's intervals."""
    days, seconds = 0, decimal.Decimal(0)
    for number, unit in re.findall(r"(-?\d+) (year|mon|day)", text):
        days += int(number) * INTERVAL_UNITS[unit]
    clock = re.search(r"(-?)(\d+):(\d\d):(\d\d(?:\.\d+)?)", text)
    if clock:
        seconds = int(clock[2]) * 3600 + int(clock[3]) * 60 + decimal.Decimal(clock[4])
        seconds = -seconds if clock[1] else seconds
    return datetime.timedelta(days=days, microseconds=int(seconds * 1000000))


def typed(text, type_name):
    """The value of LLKV's text, for a column that has DuckDB's type."""
    if text is None:
        return None
    if type_name == "BOOLEAN" or isinstance(text, bool):
        return text
    if type_name in ("DOUBLE", "FLOAT", "REAL"):
        return float(text)
    if type_name.startswith("DECIMAL"):
        return decimal.Decimal(text)
    if type_name.endswith("INT") or type_name.endswith("INTEGER"):
        return int(text)
    if type_name == "DATE":
        return datetime.date.fromisoformat(text)
    if type_name == "TIMESTAMP":
        return datetime.datetime.fromisoformat(padded_fraction(text))
    if type_name == "TIME":
        return datetime.time.fromisoformat(padded_fraction(text))
    if type_name == "INTERVAL":
        return parse_interval(text)
    return text


def padded_fraction(text):
    """Python reads three or six digits behind the point only."""
    whole, point, fraction = text.partition(".")
    return whole + point + fraction.ljust(6, "0") if point else text


def typed_rows(rows, types):
    """Rows of LLKV with DuckDB's types; raises ValueError where a text is no value of its type."""
    try:
        return [tuple(typed(text, name) for text, name in zip(row, types, strict=True)) for row in rows]
    except (TypeError, decimal.InvalidOperation) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from error


def like_sqlite(rows, sqlite_rows):
    """LLKV's rows as SQLite's values are: booleans are integers, and a column's values say what texts are."""
    samples = {}
    for row in sqlite_rows:
        for i, cell in enumerate(row):
            if cell is not None:
                samples[i] = float if isinstance(cell, float) else samples.get(i, type(cell))
    def convert(cell, wanted):
        if cell is None or wanted is None:
            return cell
        if isinstance(cell, bool):
            return int(cell)
        return wanted(cell) if wanted is not int else int(decimal.Decimal(cell))
    try:
        return [tuple(convert(cell, samples.get(i)) for i, cell in enumerate(row)) for row in rows]
    except (ValueError, decimal.InvalidOperation):
        return [tuple(row) for row in rows]


def same_value(a, b):
    if a is None or b is None:
        return a is b
    if isinstance(a, float) or isinstance(b, float):
        if isinstance(a, str) or isinstance(b, str):
            return False
        a, b = float(a), float(b)
        return a == b or (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=RELATIVE_TOLERANCE, abs_tol=1e-12)
    return a == b


def same_row(a, b):
    return len(a) == len(b) and all(map(same_value, a, b))


def sort_key(row):
    """Sorts numbers that differ within the tolerance alike, most of the time."""
    def key(cell):
        if cell is None:
            return (0, "")
        if isinstance(cell, float):
            return (1, f"{cell + 0.0:+.9e}" if math.isfinite(cell) else str(cell))
        if isinstance(cell, decimal.Decimal):
            return (1, str(cell.normalize() + 0))
        return (1, str(cell))
    return tuple(map(key, row))


def same_rows(a, b, ordered):
    """Whether two lists of rows are the same: as they stand, or as multisets."""
    if len(a) != len(b):
        return False
    if ordered:
        return all(map(same_row, a, b))
    if all(map(same_row, sorted(a, key=sort_key), sorted(b, key=sort_key))):
        return True
    left = list(b)
    for row in a if len(a) <= 200 else []:
        found = next((i for i, other in enumerate(left) if same_row(row, other)), None)
        if found is None:
            return False
        left.pop(found)
    return not left
