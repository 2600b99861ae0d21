import Foundation

/// A picture to upload, with what is known about it.
public struct FrameUpload: Sendable, Equatable {
    /// JPEG or PNG.
    public var image: Data
    public var capturedAt: Date?
    public var telemetry: FrameTelemetry?
    /// Whether time and telemetry are from a log that was kept beside the picture, and not from who sends it.
    public var isFromSidecar: Bool
    /// Whether the camera is to be taken to look straight down where nobody knows better.
    public var assumesNadir: Bool
    /// The camera's motion, where it is known better than from the pictures.
    ///
    /// Row-major, previous frame → this one, in pixels of the frames as uploaded, with centres on integers.
    public var homography: [Double]?

    public init(
        image: Data, capturedAt: Date? = nil, telemetry: FrameTelemetry? = nil, isFromSidecar: Bool = false,
        assumesNadir: Bool = false, homography: [Double]? = nil
    ) {
        precondition(homography == nil || homography?.count == 9, "a homography has nine numbers")
        self.image = image
        self.capturedAt = capturedAt
        self.telemetry = telemetry
        self.isFromSidecar = isFromSidecar
        self.assumesNadir = assumesNadir
        self.homography = homography
    }

    /// By the picture's first bytes.
    var contentType: String {
        image.starts(with: [0x89, 0x50, 0x4E, 0x47]) ? "image/png" : "image/jpeg"
    }

    var query: [(name: String, value: String)] {
        var items: [(name: String, value: String)] = []
        func add(_ name: String, _ value: String?) {
            if let value { items.append((name, value)) }
        }
        add("captured_at", capturedAt.map(Wire.format))
        items += telemetry?.query ?? []
        add("sidecar", isFromSidecar ? "true" : nil)
        add("assume_nadir", assumesNadir ? "true" : nil)
        add("homography", homography.map { $0.map { "\($0)" }.joined(separator: ",") })
        return items
    }
}

/// What came of an upload.
public struct UploadReceipt: Sendable, Equatable {
    public var record: FrameRecord
    /// The server had run this frame before and answered from its store.
    public var isReplay: Bool
    /// How often the frame was sent.
    public var attempts: Int
}
