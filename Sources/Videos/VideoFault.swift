/// Why something about a video file was refused.
///
/// The API turns each into a problem document.
package enum VideoFault: Error, Equatable {
    case noVideo(id: String)
    /// There is no ffmpeg.
    case noDecoder
    /// It is neither MP4, MOV nor MKV.
    case unsupported
    case empty
    case tooLarge(limit: Int)
    /// No room on the disk, or within what videos may take of it.
    case noSpace
    /// What was sent does not begin where the file ends so far.
    case offset(expected: Int)
    /// More came than the file was said to have.
    case tooLong(length: Int)
    /// Another request goes on with the upload.
    case superseded
    /// The whole file is here already.
    case complete
    case draining
    /// There is no overlay; why.
    case noOverlay(String)
}

/// A job cannot go on; what its record says of it.
package struct VideoFailure: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
