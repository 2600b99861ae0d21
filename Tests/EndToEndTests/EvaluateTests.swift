import Foundation
import Imaging
import Testing
import WindhoverClient

extension EndToEndTests {
    @Suite("windhover evaluate") struct EvaluateTests {
        private static let (width, height) = (64, 48)
        private static let classes = ["building", "road", "tree"].map { ClassInfo(name: $0, color: RGB(1, 2, 3)) }

        /// One class on the left, another on the right.
        private static func halves(_ left: UInt8, _ right: UInt8) -> LabelMap {
            LabelMap(
                width: width, height: height,
                classes: (0..<(width * height)).map { $0 % width < width / 2 ? left : right })
        }

        private static func write(_ map: LabelMap, _ file: URL, named classes: [ClassInfo] = classes) throws {
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(map.pngData(classes: classes)).write(to: file)
        }

        /// Three times the same picture, with masks and labels whose figures are known.
        private static func scene(_ folder: URL) throws {
            let picture = try Pictures.noise(width: width, height: height)
            for (index, right) in ([0, 1, 1] as [UInt8]).enumerated() {
                let frame = folder.appending(path: "frames/\(index + 9).png")
                try FileManager.default.createDirectory(
                    at: frame.deletingLastPathComponent(), withIntermediateDirectories: true)
                try picture.write(to: frame)
                try write(halves(0, right), folder.appending(path: "masks/\(index + 9).png"))
            }
            try write(halves(0, 1), folder.appending(path: "labels/9.png"))
            try write(halves(LabelMap.ignore, 1), folder.appending(path: "labels/11.png"))
        }

        /// What `--json` writes.
        private struct Figures: Decodable {
            let frames: Int
            let labelled: Int
            let pairs: Int
            let masks: [String: Row]
            let perFrame: [Frame]?

            enum CodingKeys: String, CodingKey {
                case frames, labelled, pairs, masks
                case perFrame = "per_frame"
            }

            struct Row: Decodable, Equatable {
                let miou: Double?
                let tc: Double?
                let accuracy: Double?
                let classes: [String: Double]?
                let modes: [String: Int]?

                enum CodingKeys: String, CodingKey {
                    case accuracy, modes
                    case miou = "mIoU"
                    case tc = "TC"
                    case classes = "IoU"
                }
            }

            struct Frame: Decodable {
                let file: String
                let masks: [String: Row]
            }
        }

        private static func evaluate(_ arguments: [String], in folder: URL) async throws -> Figures {
            let json = folder.appending(path: "figures.json")
            let outcome = try await ChildProcess.run(["evaluate"] + arguments + ["--json", json.path])
            guard outcome.status == 0 else { throw TestFailure(outcome.errors) }
            return try JSONDecoder().decode(Figures.self, from: Data(contentsOf: json))
        }

        @Test("A folder's masks have the figures that one counts by hand")
        func byHand() async throws {
            try await withFolder { folder in
                try Self.scene(folder)
                let arguments = [folder.path, "--masks", folder.appending(path: "masks").path, "--per-frame"]
                let figures = try await Self.evaluate(arguments, in: folder)
                #expect((figures.frames, figures.labelled, figures.pairs) == (3, 2, 2))
                let row = try #require(figures.masks["masks"])
                // Building: all found, and half a frame of road taken for it. Road: half of it found.
                #expect(row.classes == ["building": 50, "road": 50])
                #expect(row.miou == 50)
                #expect(try abs(#require(row.accuracy) - 200 / 3.0) < 1e-9)
                // The picture stands still. Second mask after first: one half of building, none of road. Third: as it was.
                #expect(row.tc == (25.0 + 100) / 2)
                #expect(row.modes == nil)
                let each = try #require(figures.perFrame)
                #expect(each.map(\.file) == ["9.png", "10.png", "11.png"])
                #expect(each.map { $0.masks["masks"]?.miou } == [25, nil, 100])
                #expect(each.map { $0.masks["masks"]?.tc } == [25, 100, nil])

                let table = try await ChildProcess.run(["evaluate"] + arguments)
                #expect(table.output.contains(/masks +50\.00 +62\.50 +66\.67\n/), "\(table.output)")
                #expect(table.output.contains(/road +66\.67 +50\.00\n/), "\(table.output)")
                #expect(table.output.contains(/10\.png +100\.00\n/), "\(table.output)")
            }
        }

        @Test("Masks and labels of other sizes are compared at the labels' size, and TC at the masks'")
        func sizes() async throws {
            try await withFolder { folder in
                try Self.scene(folder)
                for index in 9...11 {
                    let file = folder.appending(path: "masks/\(index).png")
                    let mask = try LabelMap(png: Data(contentsOf: file))
                    try Self.write(mask.resized(width: 32, height: 24), file)
                }
                let masks = folder.appending(path: "masks").path
                let figures = try await Self.evaluate([folder.path, "--masks", masks], in: folder)
                #expect(figures.masks["masks"]?.miou == 50)
                #expect(figures.masks["masks"]?.tc == 62.5)
            }
        }

        @Test("A model's masks are measured frame by frame beside those of a session")
        func model() async throws {
            let golden = try GoldenCase.any
            try await withFolder { folder in
                for index in 0..<(try golden.count) {
                    let frame = folder.appending(path: "frames/\(index).png")
                    try FileManager.default.createDirectory(
                        at: frame.deletingLastPathComponent(), withIntermediateDirectories: true)
                    try golden.frame(index).write(to: frame)
                    let label = folder.appending(path: "labels/\(index).png")
                    try FileManager.default.createDirectory(
                        at: label.deletingLastPathComponent(), withIntermediateDirectories: true)
                    let mask = golden.directory.appending(path: "unregistered-mask-\(index).png")
                    try FileManager.default.copyItem(at: mask, to: label)
                }
                let figures = try await Self.evaluate(
                    [
                        folder.path, "--models", GoldenCase.folder.path, "--model", try golden.model,
                        "--registration", "identity",
                    ], in: folder)
                let (image, ssp) = (try #require(figures.masks["image"]), try #require(figures.masks["ssp"]))
                // The labels are what the reference propagates without registration.
                #expect(try #require(ssp.accuracy) > 99.9)
                #expect(try #require(image.accuracy) < 99)
                #expect(image.tc != nil && ssp.tc != nil)
                #expect(image.modes == ["stateless": figures.frames])
                #expect(ssp.modes == ["cold": 1, "propagated": figures.frames - 1])
            }
        }

        @Test("A session's masks have the same figures from the server as from the folder they were saved to")
        func session() async throws {
            try await withFolder { folder in
                let (flight, masks) = (folder.appending(path: "flight"), folder.appending(path: "masks"))
                let recorded = try await ChildProcess.run([
                    "simulate", "--out", flight.path, "--frames", "4", "--width", "160", "--height", "96",
                ])
                #expect(recorded.status == 0, "\(recorded.errors)")
                try await withServer(data: folder.appending(path: "data")) { server in
                    let sent = try await ChildProcess.run([
                        "send", flight.path, "--server", server.url, "--masks", masks.path,
                    ])
                    #expect(sent.status == 0, "\(sent.errors)")
                    let session = try #require(try await server.client.sessions().first).id
                    let ofServer = [flight.path, "--session", session, "--server", server.url]
                    let figures = try await Self.evaluate(ofServer, in: folder)
                    let saved = try await Self.evaluate([flight.path, "--masks", masks.path], in: folder)
                    let (first, second) = (
                        try #require(figures.masks["session"]), try #require(saved.masks["masks"])
                    )
                    #expect(figures.labelled == 4 && figures.pairs == 3)
                    #expect(first.miou == second.miou && first.tc == second.tc && first.classes == second.classes)
                    #expect(first.tc != nil && first.miou != nil)
                    #expect(first.modes?.values.reduce(0, +) == 4)

                    try FileManager.default.removeItem(at: flight.appending(path: "frames/000003.jpg"))
                    try FileManager.default.removeItem(at: flight.appending(path: "labels/000003.png"))
                    let other = try await ChildProcess.run(["evaluate"] + ofServer)
                    #expect(other.status != 0 && other.errors.contains("has 4 frames"), "\(other.errors)")
                }
            }
        }

        @Test("What does not fit together is named")
        func faults() async throws {
            try await withFolder { folder in
                /// Evaluates a scene that something was done to.
                func errors(_ arguments: [String] = [], after change: (URL) throws -> Void) async throws -> String {
                    let scene = folder.appending(path: UUID().uuidString)
                    try Self.scene(scene)
                    try change(scene)
                    let outcome = try await ChildProcess.run(
                        ["evaluate", scene.path, "--masks", scene.appending(path: "masks").path] + arguments)
                    #expect(outcome.status != 0, "\(outcome.output)")
                    return outcome.errors
                }
                let files = FileManager.default
                let bare = try await errors { try files.removeItem(at: $0.appending(path: "masks/10.png")) }
                #expect(bare.contains("frames/10.png: has no mask"), "\(bare)")
                let stray = try await errors { scene in
                    let labels = scene.appending(path: "labels")
                    try files.moveItem(at: labels.appending(path: "9.png"), to: labels.appending(path: "9_L.png"))
                }
                #expect(stray.contains("labels/9_L.png: there is no frame of this name"), "\(stray)")
                let range = try await errors {
                    try Self.write(
                        Self.halves(0, 3), $0.appending(path: "labels/9.png"), named: Self.classes)
                }
                #expect(range.contains("labels/9.png: holds class 3, but the masks have 0 to 2"), "\(range)")
                let ignore = try await errors {
                    try Self.write(Self.halves(LabelMap.ignore, 1), $0.appending(path: "masks/11.png"))
                }
                #expect(ignore.contains("masks/11.png: holds 255"), "\(ignore)")
                let names = try await errors {
                    try Self.write(
                        Self.halves(0, 1), $0.appending(path: "labels/9.png"), named: Array(Self.classes.reversed()))
                }
                #expect(names.contains("labels/9.png: class 0 is tree, but building in the mask of 9.png"), "\(names)")
                let colours = try await errors {
                    try Pictures.noise(width: 64, height: 48).write(to: $0.appending(path: "labels/9.png"))
                }
                #expect(colours.contains("labels/9.png: A mask must be an indexed"), "\(colours)")
                let broken = try await errors {
                    try Data("no picture".utf8).write(to: $0.appending(path: "frames/10.png"))
                }
                #expect(broken.contains("frames/10.png: "), "\(broken)")
                let twice = try await errors(["--session", "x"]) { _ in }
                #expect(twice.contains("two sources"), "\(twice)")
                let idle = try await errors(["--registration", "orb"]) { _ in }
                #expect(idle.contains("--registration"), "\(idle)")
                let nowhere = try await errors(["--labels", "nowhere"]) { _ in }
                #expect(nowhere.contains("nowhere: there is no such folder"), "\(nowhere)")
                let server = try await errors(["--server", "http://127.0.0.1:9"]) { _ in }
                #expect(server.contains("are for --session"), "\(server)")
            }
        }
    }
}
