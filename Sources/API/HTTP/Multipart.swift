/// The parts of a `multipart/form-data` body (RFC 7578) that has been read whole.
struct Multipart {
    struct Part {
        let name: String
        let contentType: String?
        let content: ArraySlice<UInt8>
    }

    let parts: [Part]

    /// `contentType`: the request's, with its boundary.
    ///
    /// Nil where the body is not such a body, or is cut short.
    init?(_ body: [UInt8], contentType: String) {
        guard let boundary = Self.parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count) else {
            return nil
        }
        let delimiter = Array("--\(boundary)".utf8)
        let lineBreak: [UInt8] = [13, 10]
        guard var place = Self.find(delimiter, in: body[...]).map({ $0 + delimiter.count }) else { return nil }
        var parts: [Part] = []
        // RFC 2046, 5.1.1: the delimiter belongs with the line break before it; "--" after it ends the body.
        while true {
            let rest = body[place...]
            if rest.starts(with: [45, 45]) { break }
            guard parts.count < 16, let line = Self.find(lineBreak, in: rest),
                rest[..<line].allSatisfy({ $0 == 32 || $0 == 9 }),
                let end = Self.find(lineBreak + delimiter, in: body[line...]),
                let part = Self.part(body[(line + 2)..<max(line + 2, end)])
            else { return nil }
            parts.append(part)
            place = end + 2 + delimiter.count
        }
        self.parts = parts
    }

    private static func part(_ bytes: ArraySlice<UInt8>) -> Part? {
        let content: ArraySlice<UInt8>
        let head: ArraySlice<UInt8>
        guard let blank = find([13, 10, 13, 10], in: bytes) else { return nil }
        head = bytes[..<blank]
        content = bytes[(blank + 4)...]
        var name: String?
        var type: String?
        for line in String(decoding: head, as: UTF8.self).split(separator: "\r\n") {
            let pair = line.split(separator: ":", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            let value = pair[1].drop(while: { $0 == " " })
            switch pair[0].lowercased() {
            case "content-disposition": name = parameter("name", of: String(value))
            case "content-type": type = String(value)
            default: break
            }
        }
        return name.map { Part(name: $0, contentType: type, content: content) }
    }

    /// A parameter of a header like `form-data; name="image"`.
    static func parameter(_ name: String, of header: String) -> String? {
        for piece in header.split(separator: ";").dropFirst() {
            let pair = piece.split(separator: "=", maxSplits: 1)
            guard pair.count == 2, pair[0].drop(while: { $0 == " " }).lowercased() == name else { continue }
            let value = pair[1].drop(while: { $0 == " " })
            return value.hasPrefix("\"") ? String(value.dropFirst().prefix(while: { $0 != "\"" })) : String(value)
        }
        return nil
    }

    private static func find(_ pattern: [UInt8], in bytes: ArraySlice<UInt8>) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return bytes.withUnsafeBufferPointer { bytes -> Int? in
            pattern.withUnsafeBufferPointer { pattern -> Int? in
                var i = 0
                let last = bytes.count - pattern.count
                while i <= last {
                    if bytes[i] == pattern[0], (1..<pattern.count).allSatisfy({ bytes[i + $0] == pattern[$0] }) {
                        return i
                    }
                    i += 1
                }
                return nil
            }
        }.map { $0 + bytes.startIndex }
    }
}
