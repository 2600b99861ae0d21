import Foundation
import Imaging

/// Writes a simulated flight to a folder: `frames/`, `labels/`, `flight.jsonl`, `classes.json` and a `README.md`.
package struct FlightRecorder {
    package enum Format: String, Sendable, CaseIterable {
        case jpg, png
    }

    private let folder: URL
    private let format: Format
    private let log: FileHandle

    /// Creates the folder, with everything but the frames.
    ///
    /// An existing log is replaced.
    package init(folder: URL, format: Format = .jpg) throws {
        self.folder = folder
        self.format = format
        for name in ["frames", "labels"] {
            try FileManager.default.createDirectory(
                at: folder.appending(path: name), withIntermediateDirectories: true)
        }
        struct Class: Encodable {
            let value: Int
            let name: String
            let color: RGB
        }
        let classes = Simulation.classes.enumerated().map {
            Class(value: $0.offset, name: $0.element.name, color: $0.element.color)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(classes).write(to: folder.appending(path: "classes.json"))
        try Data(Self.readme.utf8).write(to: folder.appending(path: "README.md"))
        let path = folder.appending(path: "flight.jsonl")
        try Data().write(to: path)
        log = try FileHandle(forWritingTo: path)
    }

    /// Writes picture, labels and a line of the log.
    package func record(_ simulated: SimulatedFrame) throws {
        let digits = String(simulated.index)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let file = "frames/\(name).\(format.rawValue)"
        let picture =
            switch format {
            case .jpg: try simulated.frame.jpegData(quality: 92)
            case .png: try simulated.frame.pngData()
            }
        try Data(picture).write(to: folder.appending(path: file))
        try Data(simulated.labels.pngData(classes: Simulation.classes))
            .write(to: folder.appending(path: "labels/\(name).png"))
        try log.write(contentsOf: Data((FlightLogEntry(simulated, file: file).line() + "\n").utf8))
    }

    /// Closes the log.
    package func finish() throws {
        try log.close()
    }

    private static let readme = """
        # A simulated flight

        - `frames/`: what the camera saw.
        - `labels/`: the truth for each frame, as indexed PNG: pixel value = class, palette = its colour.
        - `classes.json`: value, name and colour of each class.
        - `flight.jsonl`: one line a frame: `index`, `file`, `captured_at`, position (`lat`, `lon`, `alt_m` and
          `agl_m` above sea and ground), attitude (`heading_deg`, `gimbal_yaw_deg`, `gimbal_pitch_deg`,
          `gimbal_roll_deg`), `fov_h_deg`, `speed_mps` and `homography`.

        `homography` is row-major and takes a pixel of the previous frame to its place in this one:
        [u, v, 1] ~ H [x, y, 1], with pixel centres on integers. The ground is flat, so it is exact for all that does
        not move. The first frame has the identity.

        `windhover send` uploads such a folder to a server.

        """
}
