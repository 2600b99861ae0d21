/// Cuts a stream of JPEG files, one behind the other, into single files.
package struct JPEGSplitter {
    private var buffer: [UInt8] = []
    /// Up to here there is no end of the first file in `buffer`.
    private var position = 0
    private var isInScan = false

    package init() {}

    /// Whether nothing but whole files has been appended.
    package var isEmpty: Bool { buffer.isEmpty }

    /// Bytes of the file that is not whole yet, and of those behind it.
    package var count: Int { buffer.count }

    package mutating func append(_ bytes: some Sequence<UInt8>) {
        buffer.append(contentsOf: bytes)
    }

    /// The next whole file; nil when more must be read first.
    package mutating func next() -> [UInt8]? {
        while position + 3 < buffer.count || (position + 1 < buffer.count && isInScan) {
            if isInScan {
                // Entropy-coded data: a zero follows each 0xFF that is data (ITU T.81 B.1.1.5).
                guard buffer[position] == 0xFF, buffer[position + 1] == 0xD9 else {
                    position += 1
                    continue
                }
                let file = Array(buffer[..<(position + 2)])
                buffer.removeFirst(position + 2)
                position = 0
                isInScan = false
                return file
            }
            // Segments before the scan say how long they are, so that a thumbnail's end is not taken for the picture's.
            let marker = buffer[position + 1]
            if marker == 0xD8 {
                position += 2
            } else {
                position += 2 + Int(buffer[position + 2]) << 8 + Int(buffer[position + 3])
                isInScan = marker == 0xDA
            }
        }
        return nil
    }
}
