"""file.md for reader.py: blobs by key, the root, and the log records of the newest commit."""
import struct
import sys

from reader_values import Damaged, need
from xxh3 import xxh3

BLOB, NODE, CHECKPOINT, COMMIT, JUMP = 1, 2, 3, 4, 5
HAS_ROOT, HAS_LOG, BLOBS_SYNCED = 1, 2, 4


class Segment:
    SIZE = 48

    def __init__(self, data, at):
        self.offset, self.size, _, _, self.since, self.kind, _ = struct.unpack_from("<5Q2I", data, at)
        self.end = self.offset + self.size


class Pager:
    def __init__(self, path):
        with open(path, "rb") as file:
            self.data = file.read()
        slots = sorted(filter(None, map(self.read_slot, (0, 4096))), reverse=True)
        need(slots, "it has no intact header slot")
        for i, slot in enumerate(slots):
            try:
                return self.load(*slot)
            except Damaged as damage:
                # The checkpoint before, and the log from there on, lead to the same commit.
                if i + 1 == len(slots):
                    raise
                print(f"{path}: checkpoint {slot[0]} cannot be used: {damage}", file=sys.stderr)

    def read_slot(self, start):
        slot = self.data[start:start + 128]
        if len(slot) < 128 or slot[:16] != b"LLKV database\n\x1a\0":
            return None
        if xxh3(slot[:120]) != int.from_bytes(slot[120:], "little"):
            return None
        version, _, _, _, features = struct.unpack_from("<IIQQQ", slot, 16)
        need(version == 1 and features == 0, f"it has format version {version} with features {features}")
        return struct.unpack_from("<4Q", slot, 64)

    def header(self, start):
        """The type, key, length and checksum of an intact entry header, or None."""
        header = self.data[start:start + 64]
        if len(header) < 64 or header[:4] != b"LLKe":
            return None
        if xxh3(header[:60]) & 0xFFFFFFFF != int.from_bytes(header[60:], "little"):
            return None
        return struct.unpack_from("<HxxQQQ", header, 4)

    def entry(self, kind, key, offset, length):
        """The bytes of an entry that is found by its place, verified."""
        data = self.data[offset:offset + length]
        intact = offset >= 64 and self.header(offset - 64) == (kind, key, length, xxh3(data)) and len(data) == length
        need(intact, f"the entry of type {kind} and key {key} at byte {offset} is damaged")
        return data

    def load(self, sequence, offset, length, checksum):
        record = self.entry(CHECKPOINT, sequence, offset, length)
        need(xxh3(record) == checksum and length >= 120, "the checkpoint record is not the header slot's")
        (_, lsn, chain, _, _, _, log_offset, root, root_length, height, _, _, num_segments, has_root,
         root_blob_length) = struct.unpack_from("<15Q", record)
        root_at = 120 + Segment.SIZE * num_segments
        need(root_at + root_blob_length == length, "the checkpoint record is damaged")
        segments = [Segment(record, at) for at in range(120, root_at, Segment.SIZE)]
        self.root = record[root_at:] if has_root else None
        self.blobs, self.records, self.seen = {}, {}, set()
        if root:
            self.read_node(root, root_length, height - 1, 0)
        # The log before the checkpoint may have records that the root does not.
        logs = [segment for segment in segments if segment.kind == 2]
        for segment in sorted(logs, key=lambda log: log.since):
            if segment.since <= lsn and segment.offset not in self.seen:
                self.read_log(segment, segment.offset, segment.since, None, lsn)
        start = [segment for segment in logs if segment.offset <= log_offset < segment.end]
        need(start, "the log begins outside of all log segments")
        self.seen = set()
        self.read_log(start[0], log_offset, lsn + 1, chain, None)

    def read_node(self, offset, length, level, first):
        need(offset not in self.seen, "a directory node is there twice")
        self.seen.add(offset)
        node = self.entry(NODE, first, offset, length)
        need(length >= 24, "a directory node is too short")
        found, *words = struct.unpack_from("<3Q", node)
        bits = words[0] | words[1] << 64
        need(found == level and length == 24 + 16 * bits.bit_count(), "a directory node contradicts itself")
        at = 24
        for slot in range(128):
            if not bits >> slot & 1:
                continue
            place = struct.unpack_from("<QQ", node, at)
            at += 16
            key = first + (slot << 7 * level)
            if level == 0:
                self.blobs[key] = place
            else:
                self.read_node(*place, level - 1, key)

    def read_log(self, segment, at, number, chain, last):
        """Commits from `number` to `last`, which only give their records; or to the log's end, which are applied."""
        self.seen.add(segment.offset)
        while last is None or number <= last:
            header = self.header(at) if at + 64 <= segment.end else None
            if header is None or header[1] != number or header[0] not in (COMMIT, JUMP):
                break
            kind, _, length, checksum = header
            body = self.data[at + 64:min(at + 64 + length, segment.end)]
            if xxh3(body) != checksum or chain not in (None, int.from_bytes(body[:8], "little")):
                break
            if kind == JUMP:
                segment = Segment(body, 8)
                need(segment.kind == 2 and segment.offset not in self.seen, "the log jumps to where it has been")
                self.seen.add(segment.offset)
                at = segment.offset
            else:
                if not self.read_commit(number, body, last is None):
                    break
                number += 1
                at += 64 + (length + 63) // 64 * 64
            chain = checksum
        if last is None:
            self.check_end(segment, at, number)

    def read_commit(self, number, body, apply):
        """False where a blob never reached the file: then the commit did not happen."""
        _, _, _, _, puts, frees, segments, flags, root_length, log_length = struct.unpack_from("<4Q4I2Q", body)
        need(len(body) == 64 + 32 * puts + 8 * frees + Segment.SIZE * segments + root_length + log_length,
             f"commit {number} contradicts itself")
        at = 64 + 32 * puts
        places = [struct.unpack_from("<4Q", body, start) for start in range(64, at, 32)]
        if apply and not flags & BLOBS_SYNCED:
            for key, offset, length, checksum in places:
                try:
                    if xxh3(self.entry(BLOB, key, offset, length)) != checksum:
                        return False
                except Damaged:
                    return False
        if apply:
            self.blobs.update((key, (offset, length)) for key, offset, length, _ in places)
            for key in struct.unpack_from(f"<{frees}Q", body, at):
                need(self.blobs.pop(key, None), f"commit {number} frees key {key}, which has no blob")
        at += 8 * frees + Segment.SIZE * segments
        if apply and flags & HAS_ROOT:
            self.root = body[at:at + root_length]
        if flags & HAS_LOG:
            self.records[number] = body[at + root_length:]
        return True

    def check_end(self, segment, at, number):
        """What follows the log's end must not say that the commit that is missing was durable."""
        for start in range(at, min(segment.end, len(self.data)) - 63, 64):
            if self.data[start:start + 4] != b"LLKe":
                continue
            header = self.header(start)
            if header is None or header[0] != COMMIT or header[1] < number or header[2] < 64:
                continue
            body = self.data[start + 64:start + 64 + header[2]]
            if xxh3(body) == header[3]:
                need(int.from_bytes(body[8:16], "little") < number, f"commit {number} at byte {at} is damaged")

    def get(self, key):
        need(key in self.blobs, f"key {key} has no blob")
        return self.entry(BLOB, key, *self.blobs[key])
