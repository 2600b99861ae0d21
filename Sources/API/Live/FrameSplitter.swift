import NIOCore

/// Cuts a stream of bytes into images, as they come.
///
/// Either `multipart/x-mixed-replace` (RFC 2046, 5.1, with or without lengths), or images that each follow their length
/// in four bytes, the highest first. Bounded: it holds one image at most, and never one beyond the limit.
package struct FrameSplitter {
    package enum Form: Equatable {
        /// Nil: the first line tells.
        case multipart(boundary: String?)
        case lengths
    }

    package enum Fault: Error, Equatable {
        case tooLarge
        case malformed(String)
    }

    private enum Place {
        /// Between two parts: a line of the boundary is next.
        case boundary
        case headers
        /// `length` is nil: it reaches to the next boundary.
        case body(length: Int?)
        case length
        case end
    }

    private let limit: Int
    private var place: Place
    private var boundary: [UInt8]?
    private var buffer = ByteBuffer()
    /// Bytes of a body without length in which no boundary begins.
    private var searched = 0
    private static let maxHeaders = 8 << 10

    /// `limit`: bytes of one image.
    package init(_ form: Form, limit: Int) {
        self.limit = limit
        switch form {
        case .multipart(let boundary):
            place = .boundary
            // Some put the dashes into the parameter as well.
            self.boundary = boundary.map { Array(($0.hasPrefix("--") ? $0 : "--" + $0).utf8) }
        case .lengths: place = .length
        }
    }

    /// The images that are whole now.
    package mutating func append(_ bytes: ByteBuffer) throws(Fault) -> [[UInt8]] {
        buffer.writeImmutableBuffer(bytes)
        var images: [[UInt8]] = []
        while let image = try next() { images.append(image) }
        buffer.discardReadBytes()
        return images
    }

    private mutating func next() throws(Fault) -> [UInt8]? {
        while true {
            switch place {
            case .end: return nil
            case .length:
                guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return nil }
                guard length <= limit else { throw .tooLarge }
                guard buffer.readableBytes >= 4 + Int(length) else { return nil }
                buffer.moveReaderIndex(forwardBy: 4)
                return buffer.readBytes(length: Int(length))
            case .boundary:
                guard let line = try readLine() else { return nil }
                guard !line.isEmpty else { continue }
                try pass(line)
            case .headers:
                guard let length = try readHeaders() else { return nil }
                place = .body(length: length.value)
                searched = 0
            case .body(let length?):
                guard length <= limit else { throw .tooLarge }
                guard buffer.readableBytes >= length else { return nil }
                place = .boundary
                return buffer.readBytes(length: length)
            case .body(nil):
                guard let end = findBoundary() else {
                    guard buffer.readableBytes <= limit + Self.maxHeaders else { throw .tooLarge }
                    return nil
                }
                guard end <= limit else { throw .tooLarge }
                place = .boundary
                return buffer.readBytes(length: end)
            }
        }
    }

    private mutating func pass(_ line: [UInt8]) throws(Fault) {
        let dashes: [UInt8] = [45, 45]
        guard line.starts(with: dashes) else { throw .malformed("A part must begin with a line of the boundary.") }
        let known = boundary ?? line
        boundary = known
        guard line.starts(with: known) else { throw .malformed("A line begins like the boundary, but is not it.") }
        let rest = line.dropFirst(known.count)
        guard rest.isEmpty || rest.elementsEqual(dashes) else {
            throw .malformed("A line begins like the boundary, but is not it.")
        }
        place = rest.isEmpty ? .headers : .end
    }

    /// Without its line break and the blanks before it; nil: it is not whole yet.
    private mutating func readLine() throws(Fault) -> [UInt8]? {
        let view = buffer.readableBytesView
        guard let end = view.firstIndex(of: 10) else {
            guard view.count <= Self.maxHeaders else { throw .malformed("A line is longer than 8 KiB.") }
            return nil
        }
        var line = Array(view[view.startIndex..<end])
        buffer.moveReaderIndex(forwardBy: line.count + 1)
        while let last = line.last, [13, 32, 9].contains(last) { line.removeLast() }
        return line
    }

    /// What a part's head says of its length; nil: the head is not whole yet.
    private mutating func readHeaders() throws(Fault) -> (value: Int?, Void)? {
        let start = buffer.readerIndex
        var length: Int?
        while let line = try readLine() {
            guard !line.isEmpty else { return (length, ()) }
            guard buffer.readerIndex - start <= Self.maxHeaders else { throw .malformed("A part's head is too long.") }
            let pair = String(decoding: line, as: UTF8.self).split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { throw .malformed("A part's head has a line without a colon.") }
            guard pair[0].lowercased() == "content-length" else { continue }
            guard let value = Int(pair[1].drop { $0 == " " }), value >= 0 else {
                throw .malformed("A part's Content-Length is no number.")
            }
            length = value
        }
        buffer.moveReaderIndex(to: start)
        return nil
    }

    /// Bytes before the line break of the next boundary.
    private mutating func findBoundary() -> Int? {
        let pattern = [13, 10] + boundary!
        let view = buffer.readableBytesView
        var at = view.startIndex + searched
        while let found = view[at...].firstIndex(of: 13) {
            guard view.endIndex - found >= pattern.count else {
                searched = found - view.startIndex
                return nil
            }
            if view[found...].starts(with: pattern) { return found - view.startIndex }
            at = found + 1
        }
        searched = view.count
        return nil
    }
}
