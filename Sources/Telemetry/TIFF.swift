/// A TIFF file within EXIF (TIFF 6.0, section 2), read with every place checked: it is made of bytes from outside.
struct TIFF {
    /// A field of a directory.
    struct Entry {
        fileprivate let file: TIFF
        fileprivate let type: Int
        fileprivate let count: Int
        /// Of its value.
        fileprivate let offset: Int
    }

    fileprivate enum FieldType {
        static let byte = 1
        static let ascii = 2
        static let short = 3
        static let long = 4
        static let rational = 5
        /// Bytes of one value; what is not listed is not read.
        static let sizes = [byte: 1, ascii: 1, short: 2, long: 4, rational: 8]
    }

    /// More fields than any camera writes.
    private static let maxEntries = 256
    /// Longer texts, and more numbers in a field, than any that is asked for.
    private static let maxCount = 64

    private let bytes: ArraySlice<UInt8>
    private let littleEndian: Bool
    private(set) var firstDirectory = 0

    /// Nil for what is no TIFF.
    init?(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        switch bytes.prefix(2) {
        case [0x49, 0x49]: littleEndian = true
        case [0x4d, 0x4d]: littleEndian = false
        default: return nil
        }
        guard number(at: 2, bytes: 2) == 42, let first = number(at: 4, bytes: 4) else { return nil }
        firstDirectory = first
    }

    /// The fields of a directory that can be read, by tag; of two with one tag the first.
    func directory(at offset: Int) -> [Int: Entry] {
        guard let count = number(at: offset, bytes: 2) else { return [:] }
        var entries: [Int: Entry] = [:]
        for index in 0..<min(count, Self.maxEntries) {
            let place = offset + 2 + 12 * index
            guard let tag = number(at: place, bytes: 2), let type = number(at: place + 2, bytes: 2),
                let count = number(at: place + 4, bytes: 4)
            else { break }
            guard let size = FieldType.sizes[type], (1...Self.maxCount).contains(count), entries[tag] == nil else {
                continue
            }
            // What fits into four bytes stands in the field itself.
            guard let target = size * count <= 4 ? place + 8 : number(at: place + 8, bytes: 4) else { continue }
            guard target + size * count <= bytes.count else { continue }
            entries[tag] = Entry(file: self, type: type, count: count, offset: target)
        }
        return entries
    }

    /// A whole number of up to four bytes; nil where the file ends before it does.
    fileprivate func number(at offset: Int, bytes count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let start = bytes.startIndex + offset
        let digits = bytes[start..<start + count]
        return littleEndian
            ? digits.reversed().reduce(0) { $0 << 8 | Int($1) } : digits.reduce(0) { $0 << 8 | Int($1) }
    }

    fileprivate func text(at offset: Int, count: Int) -> String? {
        let start = bytes.startIndex + offset
        let characters = bytes[start..<start + count].prefix { $0 != 0 }
        guard characters.allSatisfy({ (0x20...0x7e).contains($0) }) else { return nil }
        return String(decoding: characters, as: UTF8.self)
    }
}

extension TIFF.Entry {
    /// The first of its whole numbers.
    var unsigned: Int? {
        switch type {
        case TIFF.FieldType.byte: file.number(at: offset, bytes: 1)
        case TIFF.FieldType.short: file.number(at: offset, bytes: 2)
        case TIFF.FieldType.long: file.number(at: offset, bytes: 4)
        default: nil
        }
    }

    /// ASCII, up to its first zero.
    var text: String? { type == TIFF.FieldType.ascii ? file.text(at: offset, count: count) : nil }

    /// Unsigned fractions; nil where one has a denominator of zero, which stands for "unknown".
    var rationals: [Double]? {
        guard type == TIFF.FieldType.rational else { return nil }
        var values: [Double] = []
        for index in 0..<count {
            guard let upper = file.number(at: offset + 8 * index, bytes: 4),
                let lower = file.number(at: offset + 8 * index + 4, bytes: 4), lower != 0
            else { return nil }
            values.append(Double(upper) / Double(lower))
        }
        return values
    }
}
