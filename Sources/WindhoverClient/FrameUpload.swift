import Foundation

/// A picture to upload, with what is known about it.
public struct FrameUpload: Sendable, Equatable {
    /// JPEG or PNG.
    public var image: Data
    public var capturedAt: Date?
    public var position: Position?
    /// The camera's motion, where it is known better than from the pictures.
    ///
    /// Row-major, previous frame → this one, in pixels of the frames as uploaded, with centres on integers.
    public var homography: [Double]?

    public init(image: Data, capturedAt: Date? = nil, position: Position? = nil, homography: [Double]? = nil) {
        precondition(homography == nil || homography?.count == 9, "a homography has nine numbers")
        self.image = image
        self.capturedAt = capturedAt
        self.position = position
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
        add("lat", position?.lat.map { "\($0)" })
        add("lon", position?.lon.map { "\($0)" })
        add("alt_m", position?.altM.map { "\($0)" })
        add("heading_deg", position?.headingDeg.map { "\($0)" })
        add("homography", homography.map { $0.map { "\($0)" }.joined(separator: ",") })
        return items
    }
}

/// Where a camera was: degrees WGS 84, metres above sea level, degrees clockwise from north.
public struct Position: Codable, Sendable, Equatable {
    public var lat: Double?
    public var lon: Double?
    public var altM: Double?
    public var headingDeg: Double?

    public init(lat: Double? = nil, lon: Double? = nil, altM: Double? = nil, headingDeg: Double? = nil) {
        self.lat = lat
        self.lon = lon
        self.altM = altM
        self.headingDeg = headingDeg
    }

    enum CodingKeys: String, CodingKey {
        case lat, lon
        case altM = "alt_m"
        case headingDeg = "heading_deg"
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
