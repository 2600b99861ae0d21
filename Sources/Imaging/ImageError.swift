/// Why a picture could not be read or written.
///
/// `code` is for programs, `message` for the engineer who looks at the answer; it is one sentence without a full stop.
package struct ImageError: Error, Equatable, Sendable {
    /// The kind of an image error; kinds may be added, so a `switch` over them needs a default.
    package struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Kind: String {
            case unsupportedFormat = "unsupported-format"
            case tooLarge = "too-large"
            case corrupt = "corrupt"
            case cannotEncode = "cannot-encode"
        }

        private let kind: Kind

        /// Neither JPEG nor PNG, or a variant of them that is not read here.
        package static let unsupportedFormat = Code(kind: .unsupportedFormat)
        /// More pixels, or more work per pixel, than allowed.
        package static let tooLarge = Code(kind: .tooLarge)
        /// Damaged, cut short, or not what its header says.
        package static let corrupt = Code(kind: .corrupt)
        /// The picture cannot be represented in the format asked for.
        package static let cannotEncode = Code(kind: .cannotEncode)

        /// The code in kebab case, such as `too-large`.
        package var description: String { kind.rawValue }
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension ImageError: CustomStringConvertible {
    package var description: String { message }
}
