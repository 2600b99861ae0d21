import Foundation

/// What is wrong with a model bundle; the text names the bundle and the file, key or tensor at fault.
package struct BundleError: Error, Equatable, CustomStringConvertible, LocalizedError {
    /// The bundle's folder.
    package let bundle: String
    package let message: String

    package init(bundle: String, _ message: String) {
        self.bundle = bundle
        self.message = message
    }

    package var description: String { "\(bundle): \(message)" }
    package var errorDescription: String? { description }
}
