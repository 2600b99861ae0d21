import CPNGShim

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#else
    import Glibc
#endif

/// PNG files to and from samples, through libpng.
enum PNGCodec {
    /// Decodes a file whose header has been read; three bytes a pixel for `CPNG_RGB`, else one.
    static func decode(_ bytes: [UInt8], _ header: PNGHeader, as layout: cpng_layout) throws(ImageError) -> [UInt8] {
        let size = header.width * header.height * (layout == CPNG_RGB ? 3 : 1)
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_SIZE))
        var decoded = false
        let samples = [UInt8](unsafeUninitializedCapacity: size) { out, count in
            decoded = cpng_decode(
                bytes, bytes.count, layout, UInt32(header.width), UInt32(header.height), out.baseAddress, &message)
            count = decoded ? size : 0
        }
        guard decoded else { throw ImageError(.corrupt, "The PNG is damaged: \(text(message))") }
        return samples
    }

    /// Encodes samples, `width` × `height` × (3 for `CPNG_RGB`, else 1), with 8 bits each.
    static func encode(
        _ samples: [UInt8], width: Int, height: Int, as layout: cpng_layout, level: Int32, predict: Bool,
        palette: [UInt8] = [], keyword: String? = nil, note: String? = nil
    ) throws(ImageError) -> [UInt8] {
        // libpng's own limits (PNG_USER_WIDTH_MAX); a picture of more has never come out of a camera.
        guard width <= 1_000_000, height <= 1_000_000 else {
            throw ImageError(.cannotEncode, "A PNG has at most 1000000 pixels a side")
        }
        var message = [CChar](repeating: 0, count: Int(CPNG_MESSAGE_SIZE))
        var file: UnsafeMutablePointer<UInt8>?
        var size = 0
        defer { free(file) }
        let encoded = samples.withUnsafeBufferPointer { samples in
            palette.withUnsafeBufferPointer { palette in
                withOptionalCString(keyword) { keyword in
                    withOptionalCString(note) { note in
                        var picture = cpng_picture()
                        picture.pixels = samples.baseAddress
                        picture.width = UInt32(width)
                        picture.height = UInt32(height)
                        picture.layout = layout
                        picture.level = level
                        picture.predict = predict
                        picture.palette = palette.baseAddress
                        picture.colour_count = Int32(palette.count / 3)
                        picture.keyword = keyword
                        picture.text = note
                        return cpng_encode(&picture, &file, &size, &message)
                    }
                }
            }
        }
        guard encoded, let file else { throw ImageError(.cannotEncode, "The PNG encoder failed: \(text(message))") }
        return Array(UnsafeBufferPointer(start: file, count: size))
    }

    private static func withOptionalCString<Result>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Result
    ) -> Result {
        text?.withCString(body) ?? body(nil)
    }

    private static func text(_ message: [CChar]) -> String {
        String(decoding: message.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
