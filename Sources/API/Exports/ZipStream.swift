import CZlib
import Foundation

/// Makes a ZIP archive piece by piece, for whom it is sent to while it is made: nothing of it is kept but the list of its
/// entries.
///
/// PKWARE's APPNOTE 6.3.10 with ZIP64, so that neither the archive nor its number of entries is limited. Each method gives
/// the bytes that come next. Names are UTF-8.
package struct ZipStream {
    private struct Entry {
        var name: [UInt8]
        var flags: UInt16
        var method: UInt16
        var offset: UInt64
        var checksum: UInt = 0
        var size: UInt64 = 0
        var packedSize: UInt64 = 0
    }

    private var entries: [Entry] = []
    private var offset: UInt64 = 0
    private var deflater: Deflater?
    /// MS-DOS's, in UTC: time in the lower 16 bits, date in the upper.
    private let time: UInt32

    private enum Flag {
        /// Checksum and sizes follow the bytes.
        static let sizesFollow: UInt16 = 1 << 3
        static let utf8: UInt16 = 1 << 11
    }

    /// Of the archive and of everything in it.
    package init(at date: Date) {
        let parts = Calendar.utc.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        let day = (max(parts.year! - 1980, 0) << 9) | (parts.month! << 5) | parts.day!
        time = UInt32(day << 16 | parts.hour! << 11 | parts.minute! << 5 | parts.second! / 2)
    }

    /// A whole file, as it is: pictures are compressed already.
    package mutating func store(_ bytes: [UInt8], as name: String) -> [UInt8] {
        var entry = Entry(name: Array(name.utf8), flags: Flag.utf8, method: 0, offset: offset)
        entry.checksum = checksum(0, bytes)
        (entry.size, entry.packedSize) = (UInt64(bytes.count), UInt64(bytes.count))
        entries.append(entry)
        return passed(header(of: entry, sizes: bytes.count) + bytes)
    }

    /// Begins a file that is compressed; `write` adds to it, `end` ends it.
    package mutating func begin(_ name: String) -> [UInt8] {
        let entry = Entry(name: Array(name.utf8), flags: Flag.utf8 | Flag.sizesFollow, method: 8, offset: offset)
        entries.append(entry)
        deflater = Deflater()
        return passed(header(of: entry, sizes: nil))
    }

    package mutating func write(_ bytes: [UInt8]) -> [UInt8] {
        entries[entries.count - 1].checksum = checksum(entries[entries.count - 1].checksum, bytes)
        entries[entries.count - 1].size += UInt64(bytes.count)
        return packed(deflater!.add(bytes))
    }

    package mutating func end() -> [UInt8] {
        let rest = packed(deflater!.finish())
        deflater = nil
        let entry = entries[entries.count - 1]
        return rest
            + passed(
                little(0x0807_4B50 as UInt32) + little(UInt32(entry.checksum)) + little(entry.packedSize)
                    + little(entry.size))
    }

    /// The directory, which ends the archive.
    package mutating func finish() -> [UInt8] {
        let start = offset
        var out: [UInt8] = []
        for entry in entries {
            // Sizes and place stand in the ZIP64 field, always: readers that know of it know of all of it.
            let extra =
                little(UInt16(1)) + little(UInt16(24)) + little(entry.size) + little(entry.packedSize)
                + little(entry.offset)
            // Made under Unix, and readable: -rw-r--r--.
            out += little(0x0201_4B50 as UInt32) + little(UInt16(3 << 8 | 45)) + little(UInt16(45))
            out += little(entry.flags) + little(entry.method) + little(time) + little(UInt32(entry.checksum))
            out += little(UInt32.max) + little(UInt32.max) + little(UInt16(entry.name.count))
            out += little(UInt16(extra.count)) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16(0))
            out += little(UInt32(0o100644) << 16) + little(UInt32.max) + entry.name + extra
        }
        let size = UInt64(out.count)
        let end = start + size
        let count = UInt64(entries.count)
        out += little(0x0606_4B50 as UInt32) + little(UInt64(44)) + little(UInt16(3 << 8 | 45)) + little(UInt16(45))
        out += little(UInt32(0)) + little(UInt32(0)) + little(count) + little(count) + little(size) + little(start)
        out += little(0x0706_4B50 as UInt32) + little(UInt32(0)) + little(end) + little(UInt32(1))
        out += little(0x0605_4B50 as UInt32) + little(UInt16(0)) + little(UInt16(0)) + little(UInt16.max)
        out += little(UInt16.max) + little(UInt32.max) + little(UInt32.max) + little(UInt16(0))
        return passed(out)
    }

    // MARK: Parts

    /// `sizes`: nil where they are not known yet.
    private func header(of entry: Entry, sizes: Int?) -> [UInt8] {
        // Where sizes follow, the field says that they are 64 bits each.
        let extra = sizes == nil ? little(UInt16(1)) + little(UInt16(16)) + [UInt8](repeating: 0, count: 16) : []
        var out = little(0x0403_4B50 as UInt32) + little(UInt16(sizes == nil ? 45 : 20)) + little(entry.flags)
        out += little(entry.method) + little(time) + little(UInt32(entry.checksum))
        let size = sizes.map { UInt32($0) } ?? .max
        out += little(size) + little(size) + little(UInt16(entry.name.count)) + little(UInt16(extra.count))
        return out + entry.name + extra
    }

    private mutating func packed(_ bytes: [UInt8]) -> [UInt8] {
        entries[entries.count - 1].packedSize += UInt64(bytes.count)
        return passed(bytes)
    }

    private mutating func passed(_ bytes: [UInt8]) -> [UInt8] {
        offset += UInt64(bytes.count)
        return bytes
    }

    /// CRC-32 of what came before and of `bytes`.
    private func checksum(_ before: UInt, _ bytes: [UInt8]) -> UInt { crc32_z(before, bytes, bytes.count) }

    private func little(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}

extension Calendar {
    fileprivate static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()
}

/// zlib, without its own header and checksum: RFC 1951.
private final class Deflater {
    private var stream = z_stream()

    init() {
        let size = Int32(MemoryLayout<z_stream>.size)
        let code = deflateInit2_(&stream, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size)
        precondition(code == Z_OK, "zlib could not begin: \(code)")
    }

    deinit { deflateEnd(&stream) }

    func add(_ bytes: [UInt8]) -> [UInt8] { run(bytes, Z_NO_FLUSH) }
    func finish() -> [UInt8] { run([], Z_FINISH) }

    private func run(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var input = bytes
        var out: [UInt8] = []
        input.withUnsafeMutableBufferPointer { input in
            stream.next_in = input.baseAddress
            stream.avail_in = UInt32(input.count)
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16 << 10) { room in
                repeat {
                    stream.next_out = room.baseAddress
                    stream.avail_out = UInt32(room.count)
                    deflate(&stream, flush)
                    out += room.prefix(room.count - Int(stream.avail_out))
                } while stream.avail_out == 0
            }
        }
        return out
    }
}
