/// Integers in byte buffers; the caller has checked the range.
extension [UInt8] {
    func uint16(at offset: Int, littleEndian: Bool = false) -> Int {
        let (first, second) = (Int(self[offset]), Int(self[offset + 1]))
        return littleEndian ? second << 8 | first : first << 8 | second
    }

    func uint32(at offset: Int, littleEndian: Bool = false) -> Int {
        let first = uint16(at: offset, littleEndian: littleEndian)
        let second = uint16(at: offset + 2, littleEndian: littleEndian)
        return littleEndian ? second << 16 | first : first << 16 | second
    }
}
