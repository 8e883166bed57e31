#!/usr/bin/env python3
"""hash_tree.py FILE [SIZE]: the root of a store, from docs/file-format.md alone: "SIZE ROOT". It takes the leaf of a
removed event from the file, computes the others from the events, and says which of these the file has otherwise."""
import hashlib, sqlite3, struct, sys

def sha(data): return hashlib.sha256(data).digest()
def text(data): return struct.pack(">H", len(data)) + data

def run(data):  # varints: the first number, then differences
    numbers, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            numbers.append(number + (numbers[-1] if numbers else 0))
            number = shift = 0
    return numbers

def root(leaves):
    if len(leaves) < 2: return leaves[0] if leaves else sha(b"")
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b"\1" + root(leaves[:split]) + root(leaves[split:]))

db = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
db.text_factory = bytes
streams, types, tags = (dict(db.execute(f"SELECT id, name FROM {t}")) for t in ("streams", "types", "stele_tags"))
head = db.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0]
kept = {}
for tile, hashes in db.execute("SELECT tile, hashes FROM stele_hash_tiles WHERE level = 0"):
    kept.update((256 * tile + i + 1, hashes[32 * i:32 * i + 32]) for i in range(256))
for position, hashes in db.execute("SELECT position, hashes FROM stele_open_leaves"):
    kept.update((position + i, hashes[32 * i:32 * i + 32]) for i in range(len(hashes) // 32))
leaves, wrong = dict(kept), []
for position, stream, version, kind, key, time, flags, of, payload, metadata in db.execute(
        "SELECT position, stream, version, type, id, recorded_at, flags, tags, payload, metadata FROM events"):
    names = sorted(tags[i] for i in run(of or b""))
    leaves[position] = sha(b"\0" + bytes([flags >> 2 & 7]) + struct.pack(">QQq", position, version, time) + key
                           + text(streams[stream]) + text(types[kind]) + struct.pack(">H", len(names))
                           + b"".join(map(text, names)) + sha(metadata) + sha(payload))
    if kept.get(position, leaves[position]) != leaves[position]: wrong.append(position)
size = int(sys.argv[2]) if len(sys.argv) > 2 else head
print(size, root([leaves[i + 1] for i in range(size)]).hex())
if wrong: sys.exit(f"not the events that were appended: {wrong}")
