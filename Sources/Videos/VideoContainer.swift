/// The kinds of file that are taken, told by their first bytes.
package enum VideoContainer: String, Sendable {
    /// ISO base media file format (ISO/IEC 14496-12), and QuickTime, from which it comes.
    case mov
    /// Matroska and WebM (RFC 9559).
    case matroska

    /// Bytes that are needed to tell.
    package static let prefix = 12

    /// Nil: another kind of file.
    package init?(_ start: some Collection<UInt8>) {
        let start = Array(start.prefix(Self.prefix))
        if start.starts(with: [0x1A, 0x45, 0xDF, 0xA3]) {
            self = .matroska
            return
        }
        // A box: its size, at least that of its own head, and its type. QuickTime files need not begin with "ftyp".
        guard start.count == Self.prefix else { return nil }
        let size = start[..<4].reduce(0) { $0 << 8 | Int($1) }
        let type = String(decoding: start[4..<8], as: UTF8.self)
        guard ["ftyp", "moov", "mdat", "free", "skip", "wide", "pnot"].contains(type), size <= 1 || size >= 8 else {
            return nil
        }
        self = .mov
    }

    /// What ffmpeg calls its reader: told by us, so that no file is taken for a play-list of others.
    package var demuxer: String { rawValue }
}
