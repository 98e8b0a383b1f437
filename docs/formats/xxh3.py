"""XXH3-64 with seed 0, the checksum of file.md, for reader.py: the standard library has none.

Source: the XXH3 part of https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""
import struct

MASK = (1 << 64) - 1
PRIME32 = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
PRIME64 = (0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5)
SECRET = bytes.fromhex(
    "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671fcb79e64eccc0e578825ad07dccff7221"
    "b8084674f743248ee03590e6813a264c3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
    "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364eac5ac8334d3ebc3c581a0fffa1363eb"
    "170ddd51b7f0da49d316552629d4689e2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e")


def u64(data, at=0):
    return int.from_bytes(data[at:at + 8], "little")


def fold(a, b):
    product = a * b
    return (product & MASK) ^ (product >> 64)


def rotate(value, count):
    return (value << count | value >> (64 - count)) & MASK


def mix(data, at, secret):
    return fold(u64(data, at) ^ u64(SECRET, secret), u64(data, at + 8) ^ u64(SECRET, secret + 8))


def avalanche(value):
    value ^= value >> 37
    value = value * 0x165667919E3779F9 & MASK
    return value ^ value >> 32


def avalanche_of_xxh64(value):
    value ^= value >> 33
    value = value * PRIME64[1] & MASK
    value ^= value >> 29
    value = value * PRIME64[2] & MASK
    return value ^ value >> 32


def up_to_16(data):
    size = len(data)
    if size > 8:
        low = u64(data) ^ u64(SECRET, 24) ^ u64(SECRET, 32)
        high = u64(data, size - 8) ^ u64(SECRET, 40) ^ u64(SECRET, 48)
        swapped = int.from_bytes(low.to_bytes(8, "little"), "big")
        return avalanche((size + swapped + high + fold(low, high)) & MASK)
    if size > 3:
        first, last = struct.unpack_from("<I", data)[0], struct.unpack_from("<I", data, size - 4)[0]
        value = (last + (first << 32)) ^ u64(SECRET, 8) ^ u64(SECRET, 16)
        value ^= rotate(value, 49) ^ rotate(value, 24)
        value = value * 0x9FB21C651E98DF25 & MASK
        value ^= (value >> 35) + size
        value = value * 0x9FB21C651E98DF25 & MASK
        return value ^ value >> 28
    if size == 0:
        return avalanche_of_xxh64(u64(SECRET, 56) ^ u64(SECRET, 64))
    word = data[0] << 16 | data[size >> 1] << 24 | data[-1] | size << 8
    first, second = struct.unpack_from("<II", SECRET)
    return avalanche_of_xxh64(word ^ first ^ second)


def up_to_240(data):
    size = len(data)
    value = size * PRIME64[0] & MASK
    if size <= 128:
        for i in range((size - 1) // 32, -1, -1):
            value += mix(data, 16 * i, 32 * i) + mix(data, size - 16 * (i + 1), 32 * i + 16)
        return avalanche(value & MASK)
    for i in range(8):
        value += mix(data, 16 * i, 16 * i)
    value = avalanche(value & MASK)
    for i in range(8, size // 16):
        value += mix(data, 16 * i, 16 * (i - 8) + 3)
    return avalanche(value + mix(data, size - 16, 119) & MASK)


def accumulate(lanes, data, at, secret):
    words, keys = struct.unpack_from("<8Q", data, at), struct.unpack_from("<8Q", SECRET, secret)
    for i, (word, key) in enumerate(zip(words, keys)):
        key ^= word
        lanes[i ^ 1] = lanes[i ^ 1] + word & MASK
        lanes[i] = lanes[i] + (key & 0xFFFFFFFF) * (key >> 32) & MASK


def longer(data):
    size = len(data)
    lanes = [PRIME32[2], *PRIME64[:4], PRIME32[1], PRIME64[4], PRIME32[0]]
    # All stripes of 64 bytes but the last, sixteen of them a block.
    for stripe in range((size - 1) // 64):
        accumulate(lanes, data, 64 * stripe, 8 * (stripe % 16))
        if stripe % 16 == 15:
            for i in range(8):
                lanes[i] = (lanes[i] ^ lanes[i] >> 47 ^ u64(SECRET, 128 + 8 * i)) * PRIME32[0] & MASK
    accumulate(lanes, data, size - 64, 121)
    value = size * PRIME64[0]
    for i in range(4):
        value += fold(lanes[2 * i] ^ u64(SECRET, 11 + 16 * i), lanes[2 * i + 1] ^ u64(SECRET, 19 + 16 * i))
    return avalanche(value & MASK)


def xxh3(data):
    """XXH3-64 of bytes."""
    if len(data) <= 16:
        return up_to_16(data)
    return up_to_240(data) if len(data) <= 240 else longer(data)
