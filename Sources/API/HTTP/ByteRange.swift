/// Which bytes of a file a client asks for (RFC 9110, 14.2).
enum ByteRange: Equatable {
    case whole
    case part(ClosedRange<Int>)
    /// None of them are there: 416.
    case none

    /// A header that makes no sense, or asks for several parts, is passed over, as the RFC allows.
    init(_ header: String?, size: Int) {
        guard let match = header?.wholeMatch(of: /bytes=(\d{0,18})-(\d{0,18})/) else {
            self = .whole
            return
        }
        switch (Int(match.1), Int(match.2)) {
        case (let first?, let last?) where first > last: self = .whole
        case (let first?, let last): self = first < size ? .part(first...min(last ?? .max, size - 1)) : .none
        // The last so many.
        case (nil, let count?): self = count > 0 && size > 0 ? .part(max(0, size - count)...(size - 1)) : .none
        case (nil, nil): self = .whole
        }
    }
}
