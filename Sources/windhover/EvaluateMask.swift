import Foundation
import Imaging

/// A mask, or labels, with what is known of them.
struct EvaluateMask {
    let labels: LabelMap
    /// Names of the classes by index, where the file tells them.
    let classNames: [String]?
    /// How the service made it (`cold`, `propagated`, …); nil where nobody knows.
    let mode: String?

    /// Reads a predicted mask.
    ///
    /// - Throws: `Failure` with the name if it is none, or holds what is no class.
    init(prediction png: [UInt8], name: String, mode: String? = nil) throws {
        try self.init(png, name: name, mode: mode)
        let count = classNames?.count ?? Int(LabelMap.ignore)
        if let value = labels.classes.first(where: { $0 >= count }) {
            throw Failure("\(name): holds \(value), but masks have classes 0 to \(count - 1)")
        }
    }

    /// Reads labels, in which 255 is ignored.
    ///
    /// - Throws: `Failure` with the name if they are none.
    init(labels png: [UInt8], name: String) throws {
        try self.init(png, name: name, mode: nil)
    }

    private init(_ png: [UInt8], name: String, mode: String?) throws {
        do {
            labels = try LabelMap.decodePNG(png)
        } catch {
            throw Failure("\(name): \(error)")
        }
        classNames = Self.classNames(in: png)
        self.mode = mode
    }

    /// What masks written by Windhover carry in a text chunk (PNG specification, 5.3 and 11.3.4.3).
    private static func classNames(in png: [UInt8]) -> [String]? {
        let (kind, keyword) = (Array("tEXt".utf8), Array("windhover:classes\0".utf8))
        // Behind the signature, chunks of length, type, data and checksum; the decoder has seen that they are whole.
        var rest = png.dropFirst(8)
        while rest.count >= 12 {
            let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let data = rest.dropFirst(8).prefix(length)
            if rest.dropFirst(4).starts(with: kind), data.starts(with: keyword) {
                return try? JSONDecoder().decode([String].self, from: Data(data.dropFirst(keyword.count)))
            }
            rest = rest.dropFirst(12 + length)
        }
        return nil
    }
}
