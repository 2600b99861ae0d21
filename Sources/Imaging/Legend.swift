/// A list of classes in a corner of a picture: colour, name, share.
struct Legend {
    struct Entry {
        let name: String
        let color: RGB
        /// 0...1.
        let share: Double
    }

    let entries: [Entry]

    /// Draws the list in the top left corner, in letters that grow with the frame; not at all where it would not fit.
    func draw(on frame: inout Frame) {
        guard !entries.isEmpty, let scale = scale(for: frame) else { return }
        let (line, margin) = (Self.lineHeight * scale, Self.margin * scale)
        let width = dots.width * scale
        frame.darken(x: margin, y: margin, width: width, height: dots.height * scale)
        for (row, entry) in entries.enumerated() {
            let left = margin + Self.padding * scale
            let top = margin + Self.padding * scale + row * line
            let side = PixelFont.height * scale
            // A rim, for the colours that would be lost on the dark ground.
            frame.fill(x: left - scale, y: top - scale, width: side + 2 * scale, height: side + 2 * scale, Self.rim)
            frame.fill(x: left, y: top, width: side, height: side, entry.color)
            frame.write(entry.name, x: left + Self.textOffset * scale, y: top, scale: scale)
            let share = Self.percentage(entry.share)
            let end = margin + width - Self.padding * scale
            frame.write(share, x: end - Self.width(of: share) * scale, y: top, scale: scale)
        }
    }

    // Lengths in dots, the unit that is scaled.
    private static let margin = 4
    private static let padding = 4
    private static let lineHeight = PixelFont.height + 3
    private static let textOffset = PixelFont.height + 4
    private static let gap = 8
    private static let rim = RGB(160, 160, 160)

    private static func width(of text: String) -> Int { max(0, text.count * (PixelFont.width + 1) - 1) }

    private var dots: (width: Int, height: Int) {
        let name = entries.map { Self.width(of: $0.name) }.max() ?? 0
        let share = Self.width(of: "100.0%")
        return (
            2 * Self.padding + Self.textOffset + name + Self.gap + share,
            2 * Self.padding + entries.count * Self.lineHeight - (Self.lineHeight - PixelFont.height)
        )
    }

    /// Two pixels a dot at 720 lines, or as many as fit; nil if not even one does.
    private func scale(for frame: Frame) -> Int? {
        let wanted = max(1, frame.height / 360)
        let room = min(
            frame.width / (dots.width + 2 * Self.margin), frame.height / (dots.height + 2 * Self.margin))
        return room > 0 ? min(wanted, room) : nil
    }

    /// One decimal, and never "0.0%" of a class that is there.
    private static func percentage(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return tenths == 0 ? "<0.1%" : "\(tenths / 10).\(tenths % 10)%"
    }
}

extension Frame {
    fileprivate mutating func darken(x left: Int, y top: Int, width boxWidth: Int, height boxHeight: Int) {
        for y in top..<top + boxHeight {
            for index in 3 * (y * width + left)..<3 * (y * width + left + boxWidth) { pixels[index] /= 4 }
        }
    }

    fileprivate mutating func fill(x left: Int, y top: Int, width boxWidth: Int, height boxHeight: Int, _ color: RGB) {
        for y in top..<top + boxHeight {
            for x in left..<left + boxWidth {
                let index = 3 * (y * width + x)
                (pixels[index], pixels[index + 1], pixels[index + 2]) = (color.red, color.green, color.blue)
            }
        }
    }

    fileprivate mutating func write(_ text: String, x: Int, y: Int, scale: Int) {
        for (position, character) in text.enumerated() {
            let left = x + position * (PixelFont.width + 1) * scale
            for (row, dots) in PixelFont.rows(of: character).enumerated() {
                for column in 0..<PixelFont.width where dots >> (PixelFont.width - 1 - column) & 1 == 1 {
                    fill(
                        x: left + column * scale, y: y + row * scale, width: scale, height: scale, RGB(255, 255, 255))
                }
            }
        }
    }
}
