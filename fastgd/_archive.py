"""The zip archive of a file: written in one pass, and read with every size and offset in it mistrusted.

Its records are stored, not compressed, and begin at multiples of 64 bytes, so that they can be mapped.
"""

import os
import struct
import zlib

import numpy as np

from ._types import advised

DAMAGED = "The file is damaged or incomplete: save it or copy it again."


def write_archive(file, records):
    """Writes a zip archive in one pass, without seeking.

    Every entry has its sizes in zip64 fields, needed or not: one form for all sizes (APPNOTE 4.3.9.2, 4.5.3).
    """
    elsewhere = 0xFFFFFFFF
    position = 0
    directory = []

    def write(data):
        nonlocal position
        position += len(data)
        while len(data):  # an unbuffered file may take a part
            written = file.write(data)
            data = data[len(data) if written is None else written :]

    def entry(crc, name, extra):
        # version 4.5, no flags, stored, 1980-01-01
        return struct.pack("<5H3L2H", 45, 0, 0, 0, 0x21, crc, elsewhere, elsewhere, len(name), len(extra))

    for name, data in records.items():
        name = f"archive/{name}".encode()
        data = memoryview(data)
        size, crc, offset = len(data), zlib.crc32(data), position
        sizes = struct.pack("<2H2Q", 1, 16, size, size)
        padding = -(offset + 30 + len(name) + len(sizes) + 4) % 64
        extra = sizes + struct.pack("<2sH", b"FB", padding) + bytes(padding)
        write(b"PK\3\4" + entry(crc, name, extra) + name + extra)
        write(data)
        extra = struct.pack("<2H3Q", 1, 24, size, size, offset)
        directory.append(
            b"PK\1\2\x2d\0" + entry(crc, name, extra) + struct.pack("<3H2L", 0, 0, 0, 0, elsewhere) + name + extra
        )
    start, count = position, len(directory)
    write(b"".join(directory))
    end = position
    write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, end - start, start))
    write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
    write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, elsewhere, elsewhere, 0))


class Archive:
    """The records of the zip archive that begins at `start`, by their names without the first folder."""

    def __init__(self, file, name, start):
        import zipfile  # here, since it takes a tenth of numpy's time to import

        try:
            entries = zipfile.ZipFile(file).infolist()
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            text = "PytorchStreamReader failed reading zip archive: failed finding central directory"
            raise advised(RuntimeError(text), f"{name} is the file. {DAMAGED}") from error
        self.file = file
        self.name = name
        self.entries = {}
        begins = min((entry.header_offset for entry in entries), default=start)
        if begins != start:
            raise RuntimeError(
                f"{name} stands at byte {start}, but the archive at its end begins at byte {begins}: a file holds one "
                "saved object, or several as one list"
            )
        file.seek(0, os.SEEK_END)
        self.size = self.unread = file.tell()
        for entry in entries:
            record = entry.filename.partition("/")[2]
            if record in self.entries:
                raise RuntimeError(f"{name} has two records named {record!r}. {DAMAGED}")
            self.entries[record] = entry

    def read(self, record, mapped=False):
        """The bytes of a record; mapped ones are read when they are used, and writing to them stays out of the file."""
        if record not in self.entries:
            raise RuntimeError(
                f"PytorchStreamReader failed locating file {record}: file not found in {self.name}. {DAMAGED}"
            )
        entry = self.entries[record]
        size = entry.file_size
        stored = entry.compress_type == 0 and entry.compress_size == size
        if not stored or entry.flag_bits & 1:
            raise RuntimeError(
                f"{self.name}: the record {record} is compressed or encrypted, but torch.save stores records as they "
                "are: unpack the archive and zip it again without compression (zip -0 -r)"
            )
        # Records do not overlap, so this bounds what is allocated, whatever sizes are declared.
        self.unread -= size
        if self.unread < 0:
            raise RuntimeError(f"{self.name}: the records are larger than the file. {DAMAGED}")
        header = b""
        if 0 <= entry.header_offset < self.size:
            self.file.seek(entry.header_offset)
            header = self.file.read(30)
        if len(header) < 30 or header[:4] != b"PK\3\4":
            raise RuntimeError(f"{self.name}: the record {record} is not where it should be. {DAMAGED}")
        self.file.seek(sum(struct.unpack("<2H", header[26:])), os.SEEK_CUR)
        start = self.file.tell()
        if start + size > self.size:
            raise RuntimeError(f"{self.name}: the record {record} goes beyond the end of the file. {DAMAGED}")
        if mapped and start % 64 == 0:
            return np.memmap(self.file, np.uint8, "c", start, size)
        memory = np.empty(size, np.uint8)
        rest = memoryview(memory)
        while rest:
            count = self.file.readinto(rest)
            if not count:
                raise RuntimeError(f"{self.name}: the record {record} ends too early. {DAMAGED}")
            rest = rest[count:]
        if entry.CRC not in (0, zlib.crc32(memory)):  # 0: torch was told not to compute it
            raise RuntimeError(f"{self.name}: the record {record} does not fit its checksum. {DAMAGED}")
        return memory
