import CPNGShim

extension LabelMap {
    /// Encodes the canonical mask: an 8-bit indexed PNG whose pixel values are the class indices.
    ///
    /// The palette holds the classes' colours, followed by black up to the largest index in use (``ignore`` in label
    /// files). A text chunk `windhover:classes` holds their names as a JSON array, so that a mask explains itself.
    ///
    /// - Throws: `cannotEncode` for no classes, more than 256, or more than 1,000,000 pixels a side.
    package func pngData(classes names: [ClassInfo]) throws(ImageError) -> [UInt8] {
        guard (1...256).contains(names.count) else {
            throw ImageError(.cannotEncode, "A mask has 1 to 256 classes, not \(names.count)")
        }
        var palette = names.flatMap { [$0.color.red, $0.color.green, $0.color.blue] }
        let used = Int(classes.withUnsafeBufferPointer { $0.max()! }) + 1
        palette += [UInt8](repeating: 0, count: 3 * max(0, used - names.count))
        return try PNGCodec.encode(
            classes, width: width, height: height, as: CPNG_INDEX, level: 1, predict: false, palette: palette,
            keyword: "windhover:classes", note: Self.json(names.map(\.name)))
    }

    /// Decodes a mask: the pixel values of an indexed or grey PNG of at most 8 bits are class indices, as they stand.
    ///
    /// - Throws: `unsupportedFormat` if the PNG has no such values, `tooLarge` beyond `maxPixels`, or `corrupt`.
    package static func decodePNG(_ bytes: [UInt8], maxPixels: Int = 50_000_000) throws(ImageError) -> LabelMap {
        let header = try PNGHeader(bytes)
        guard header.color == .palette || header.color == .grey, header.depth <= 8 else {
            throw ImageError(.unsupportedFormat, "A mask must be an indexed or 8-bit grey PNG")
        }
        try ImageCodec.check(width: header.width, height: header.height, maxPixels: maxPixels)
        let classes = try PNGCodec.decode(bytes, header, as: CPNG_INDEX)
        return LabelMap(width: header.width, height: header.height, classes: classes)
    }

    /// A JSON array of strings in ASCII alone, because a PNG's tEXt chunk is Latin-1 (PNG specification, 11.3.4.3).
    private static func json(_ strings: [String]) -> String {
        let quoted = strings.map { string in
            let escaped = string.utf16.map { unit in
                switch unit {
                case 0x22, 0x5c: "\\" + String(UnicodeScalar(UInt8(unit)))
                case 0x20...0x7e: String(UnicodeScalar(UInt8(unit)))
                default: "\\u" + String(UInt32(unit) | 0x10000, radix: 16).dropFirst()
                }
            }
            return "\"" + escaped.joined() + "\""
        }
        return "[" + quoted.joined(separator: ",") + "]"
    }
}
